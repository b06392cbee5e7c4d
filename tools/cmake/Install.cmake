# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
# cmake --install: the programs, and the package `varphase` for find_package. A library joins by its name in this list.
set(libraries options highway base instruction_set noise kernels data presets world core checkpoints results analysis runs app)

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/varphase)
foreach(library IN LISTS libraries)
  set_target_properties(varphase_${library} PROPERTIES EXPORT_NAME ${library})
  target_include_directories(varphase_${library} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/varphase>)
  target_compile_features(varphase_${library} INTERFACE cxx_std_20)
  install(TARGETS varphase_${library} EXPORT varphase ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endforeach()
install(EXPORT varphase NAMESPACE varphase:: FILE varphaseTargets.cmake DESTINATION ${package_folder})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/varphaseConfig.cmake.in ${PROJECT_BINARY_DIR}/varphaseConfig.cmake
  INSTALL_DESTINATION ${package_folder} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/varphaseConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/varphaseConfig.cmake ${PROJECT_BINARY_DIR}/varphaseConfigVersion.cmake
  ${CMAKE_CURRENT_LIST_DIR}/FindHighway.cmake ${CMAKE_CURRENT_LIST_DIR}/FindLibzip.cmake ${CMAKE_CURRENT_LIST_DIR}/FindSpng.cmake
  ${CMAKE_CURRENT_LIST_DIR}/VarphaseTorch.cmake
  DESTINATION ${package_folder})
# Headers name each other from the repository's root.
foreach(room src analysis checkpoints tools/app)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${room}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/varphase/${room} FILES_MATCHING PATTERN "*.hpp")
endforeach()

# The front starts the engine that lies beside it; both look for LibTorch where this build found it.
if(SKBUILD)  # a wheel, which tools/python installs
  return()
endif()
set_target_properties(varphase varphase-engine PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
# By itself CMake leaves folders within the source tree out, such as .venv.
set_target_properties(varphase-engine PROPERTIES INSTALL_RPATH "${TORCH_INSTALL_PREFIX}/lib")
install(TARGETS varphase varphase-engine RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_BINARY_DIR}/share/ DESTINATION ${CMAKE_INSTALL_DATADIR})
