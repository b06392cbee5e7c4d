// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <unistd.h>

#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "tools/app/spinning.hpp"
#include "tools/cli/command_line.hpp"
#include "tools/cli/engine.hpp"
#include "tools/cli/guarded.hpp"
#include "tools/cli/own_rank.hpp"
#include "tools/cli/stop_signal.hpp"

// `varphase`: parses, answers what needs no network, and hands the rest to varphase-engine beside
// it, which links LibTorch (0.7 s to load).
int main(int argc, char** argv) {
  varphase::prepare_output();
  varphase::end_on_signals();
  varphase::World world;
  if (const int code = varphase::begin_as_rank(world); code != varphase::kSuccess)
    return varphase::finish_output(code);
  const varphase::Command command = varphase::parse_command_line(argc, argv);
  if (command.row == nullptr) return varphase::finish_output(command.exit_code);
  if (command.row->program == varphase::Program::front) {
    // What needs no network the first of several processes does alone.
    if (!world.first()) return varphase::finish_output(varphase::kSuccess);
    return varphase::finish_output(
        varphase::guarded([&] { return command.verb->run(varphase::Engine{}); }));
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
