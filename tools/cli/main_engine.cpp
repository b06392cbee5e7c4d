// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <optional>

#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "tools/app/device.hpp"
#include "tools/app/ranks.hpp"
#include "tools/cli/command_line.hpp"
#include "tools/cli/engine.hpp"
#include "tools/cli/guarded.hpp"
#include "tools/cli/own_rank.hpp"
#include "tools/cli/stop_signal.hpp"

namespace {

varphase::Engine engine() {
  return {.attack = varphase::attack_runs,
          .evaluate = varphase::evaluate,
          .export_network = varphase::export_network,
          .import_network = varphase::import_network,
          .kappa = varphase::make_kappa_maps,
          .predict = varphase::predict,
          .train = varphase::train,
          .finetune = varphase::finetune,
          .prune = varphase::prune_run,
          .shift = varphase::shift,
          .sweep = varphase::sweep_runs};
}

/// The verb as this rank's part of it: of a verb that ranks do not share, all of it by the first of them.
int run_as_rank(const varphase::Command& command, const varphase::World& world) {
  std::optional<varphase::Ranks> ranks;
  if (!world.first() && !command.row->shared) return varphase::kSuccess;
  const auto tell = [&](int code, const std::string& message) {
    return ranks ? ranks->failed(code, message) : varphase::print_error(code, message);
  };
  return varphase::guarded(
      [&] {
        if (!world.alone() && command.row->shared) ranks.emplace(world);
        return command.verb->run(engine());
      },
      tell);
}

}  // namespace

// `varphase-engine`: what `varphase` hands on, with LibTorch.
int main(int argc, char** argv) {
  varphase::prepare_output();
  varphase::end_on_signals();
  varphase::keep_freed_memory();
  varphase::World world;
  if (const int code = varphase::begin_as_rank(world); code != varphase::kSuccess)
    return varphase::finish_output(code);
  const varphase::Command command = varphase::parse_command_line(argc, argv);
  if (command.row == nullptr) return varphase::finish_output(command.exit_code);
  return varphase::finish_output(run_as_rank(command, world));
}
