# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
# libspng as the target Spng::spng: Debian's package has a .pc file alone.
find_path(Spng_INCLUDE spng.h)
find_library(Spng_LIBRARY spng)
mark_as_advanced(Spng_INCLUDE Spng_LIBRARY)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Spng REQUIRED_VARS Spng_LIBRARY Spng_INCLUDE
  REASON_FAILURE_MESSAGE "install libspng-dev (tools/setup does), or name its prefix in CMAKE_PREFIX_PATH")
if(Spng_FOUND AND NOT TARGET Spng::spng)
  add_library(Spng::spng UNKNOWN IMPORTED)
  set_target_properties(Spng::spng PROPERTIES
    IMPORTED_LOCATION "${Spng_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${Spng_INCLUDE}")
endif()
