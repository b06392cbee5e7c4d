# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
# LibTorch as the target varphase_torch, after find_package(Torch): for the build, and for whoever uses what was installed.
# Its headers as system headers, its libraries kept though nothing of the CUDA one is named directly.
add_library(varphase_torch INTERFACE IMPORTED GLOBAL)
target_include_directories(varphase_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
# The standard library comes first: PyPI's libtorch.so exports a std::filesystem of its own, whose remove_all crashes.
target_link_libraries(varphase_torch INTERFACE stdc++ ${TORCH_LIBRARIES})
target_link_options(varphase_torch INTERFACE -Wl,--no-as-needed)
separate_arguments(torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(varphase_torch INTERFACE $<$<COMPILE_LANGUAGE:CXX>:${torch_flags}>)
# LibTorch's headers bring a newer fmt along, of which no library is at hand; all else links the system's.
target_compile_definitions(varphase_torch INTERFACE FMT_HEADER_ONLY=1)
target_compile_definitions(varphase_torch INTERFACE VARPHASE_CUDA=$<BOOL:${VARPHASE_ENABLE_CUDA}>)
