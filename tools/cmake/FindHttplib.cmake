# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
# cpp-httplib as the target Httplib::httplib, as Debian has it: compiled, with a .pc file alone, whose definitions change its classes.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_Httplib QUIET IMPORTED_TARGET cpp-httplib)
endif()
find_path(Httplib_INCLUDE httplib.h HINTS ${PC_Httplib_INCLUDE_DIRS})
find_library(Httplib_LIBRARY cpp-httplib HINTS ${PC_Httplib_LIBRARY_DIRS})
mark_as_advanced(Httplib_INCLUDE Httplib_LIBRARY)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Httplib REQUIRED_VARS Httplib_LIBRARY Httplib_INCLUDE PC_Httplib_FOUND
  REASON_FAILURE_MESSAGE "install libcpp-httplib-dev and pkg-config (tools/setup does), or name its prefix in CMAKE_PREFIX_PATH")
if(Httplib_FOUND AND NOT TARGET Httplib::httplib)
  add_library(Httplib::httplib ALIAS PkgConfig::PC_Httplib)
endif()
