// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/console.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "tools/app/session.hpp"
#include "tools/cli/verbs.hpp"

int main(int argc, char** argv) {
  varphase::prepare_output();
  varphase::keep_freed_memory();
  varphase::Options options;
  int code = 0;
  const std::string verb = varphase::parse_command_line(argc, argv, options, code);
  if (verb.empty()) return varphase::finish_output(code);
  varphase::use_torch_threads();
  for (const varphase::VerbRow& row : varphase::engine_verbs()) {
    if (row.name == verb) return varphase::finish_output(varphase::guarded(row.run, options));
  }
  return 2;
}
