# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
# Every preset reads this before project(): LibTorch, nvcc and Python as tools/setup found them. Nothing here overrides a -D.
include(${CMAKE_CURRENT_LIST_DIR}/../build/setup.cmake OPTIONAL)
