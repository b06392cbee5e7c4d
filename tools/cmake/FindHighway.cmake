# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
# Google Highway, which the CPU kernels are written with, as the target Highway::hwy: Debian's libhwy-dev, or a folder that holds include/hwy
# and the library in lib.
set(VARPHASE_HIGHWAY "" CACHE PATH "Google Highway's prefix, where no package of the system has it")
find_path(HIGHWAY_INCLUDE hwy/foreach_target.h HINTS "${VARPHASE_HIGHWAY}/include")
find_library(HIGHWAY_LIBRARY hwy HINTS "${VARPHASE_HIGHWAY}/lib")
set(Highway_VERSION 0)
foreach(header base.h highway.h)  # older releases have it in the second
  if(HIGHWAY_INCLUDE AND EXISTS "${HIGHWAY_INCLUDE}/hwy/${header}")
    file(STRINGS "${HIGHWAY_INCLUDE}/hwy/${header}" numbers REGEX "^#define HWY_(MAJOR|MINOR|PATCH) [0-9]+")
    string(REGEX REPLACE "[^;0-9]" "" numbers "${numbers}")
    if(numbers)
      string(REPLACE ";" "." Highway_VERSION "${numbers}")
    endif()
  endif()
endforeach()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Highway REQUIRED_VARS HIGHWAY_LIBRARY HIGHWAY_INCLUDE VERSION_VAR Highway_VERSION
  REASON_FAILURE_MESSAGE "install libhwy-dev (tools/setup does), or pass -DVARPHASE_HIGHWAY=<prefix>")
if(Highway_FOUND AND NOT TARGET Highway::hwy)
  add_library(Highway::hwy UNKNOWN IMPORTED)
  set_target_properties(Highway::hwy PROPERTIES
    IMPORTED_LOCATION "${HIGHWAY_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${HIGHWAY_INCLUDE}")
endif()
