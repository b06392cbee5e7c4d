// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <csignal>
#include <malloc.h>

#include "src/layers/torch_kernels.hpp"
#include "tools/verbs/verbs.hpp"

int main(int argc, char** argv) {
  // Batches are allocated and freed at every step: kept by the allocator, they need no new pages
  // from the kernel.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
  ::mallopt(M_TRIM_THRESHOLD, 2147483647);
  ::mallopt(M_TOP_PAD, 64 << 20);
  // A file size limit is a full disk, not the end of the program.
  std::signal(SIGXFSZ, SIG_IGN);
  varphase::Options options;
  int code = 0;
  const std::string verb = varphase::parse_command_line(argc, argv, options, code);
  if (verb.empty()) return code;
  varphase::use_torch_threads();
  for (const varphase::VerbRow& row : varphase::engine_verbs()) {
    if (row.name == verb) return varphase::guarded(row.run, options);
  }
  return 2;
}
