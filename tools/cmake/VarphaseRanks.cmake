# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
# Headers by which LibTorch's process groups are used: Gloo between CPUs (Debian: libgloo-dev), NCCL between GPUs (beside torch, from PyPI's
# nvidia-nccl-cu13, or in the toolkit). Both libraries are inside LibTorch. Without its headers a kind of group is left out, and the program
# says so where it is wanted.
find_path(VARPHASE_GLOO_INCLUDE gloo/context.h DOC "Folder that holds gloo's headers")
if(NOT VARPHASE_GLOO_INCLUDE)
  message(STATUS "No headers of gloo (Debian: libgloo-dev): several processes on CPUs are not built")
  set(VARPHASE_GLOO_INCLUDE "" CACHE PATH "" FORCE)
endif()
if(VARPHASE_ENABLE_CUDA)
  find_path(VARPHASE_NCCL_INCLUDE nccl.h HINTS ${TORCH_INSTALL_PREFIX}/../nvidia/nccl/include ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES}
            ${CUDAToolkit_INCLUDE_DIRS} DOC "Folder that holds nccl.h")
endif()
if(NOT VARPHASE_NCCL_INCLUDE)
  message(STATUS "No nccl.h (PyPI: nvidia-nccl-cu13): several processes on GPUs are not built")
  set(VARPHASE_NCCL_INCLUDE "" CACHE PATH "" FORCE)
endif()
