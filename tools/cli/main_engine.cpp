// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/console.hpp"
#include "tools/app/device.hpp"
#include "tools/cli/command_line.hpp"
#include "tools/cli/engine.hpp"
#include "tools/cli/guarded.hpp"
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

}  // namespace

// `varphase-engine`: what `varphase` hands on, with LibTorch.
int main(int argc, char** argv) {
  varphase::prepare_output();
  varphase::end_on_signals();
  varphase::keep_freed_memory();
  const varphase::Command command = varphase::parse_command_line(argc, argv);
  if (command.row == nullptr) return varphase::finish_output(command.exit_code);
  return varphase::finish_output(varphase::guarded([&] { return command.verb->run(engine()); }));
}
