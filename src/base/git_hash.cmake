# Run at every build: writes OUTPUT only where the hash changed, so that nothing is rebuilt for nothing.
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND git describe --always --dirty --abbrev=12 --match=none
                WORKING_DIRECTORY ${SOURCE} OUTPUT_VARIABLE hash
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT hash)
  set(hash unknown)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define VARPHASE_GIT_HASH \"@hash@\"\n" @ONLY)
