// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <unistd.h>

#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "tools/cli/spinning.hpp"
#include "tools/cli/verbs.hpp"

// `varphase`: parses, answers what needs no network, and hands the rest to varphase-engine beside
// it, which links LibTorch (0.7 s to load).
int main(int argc, char** argv) {
  varphase::prepare_output();
  varphase::Options options;
  int code = 0;
  const std::string verb = varphase::parse_command_line(argc, argv, options, code);
  if (verb.empty()) return varphase::finish_output(code);
  for (const varphase::VerbRow& row : varphase::light_verbs()) {
    if (row.name == verb) return varphase::finish_output(varphase::guarded(row.run, options));
  }
  std::error_code error;
  const std::filesystem::path engine =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "varphase-engine";
  varphase::limit_spinning();
  ::execv(engine.c_str(), argv);
  varphase::print_err(
      "varphase: {}: cannot be started: {}\n  build it: cmake --build build --target "
      "varphase-engine\n",
      engine.string(), std::strerror(errno));
  return varphase::kFailure;
}
