// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/console.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "tools/app/device.hpp"
#include "tools/cli/command_line.hpp"
#include "tools/cli/engine.hpp"
#include "tools/cli/guarded.hpp"

namespace {

varphase::Engine engine() {
  return {.evaluate = varphase::evaluate,
          .export_network = varphase::export_network,
          .import_network = varphase::import_network,
          .kappa = varphase::make_kappa_maps,
          .predict = varphase::predict,
          .train = varphase::train,
          .finetune = varphase::finetune,
          .old = {{"sweep", varphase::run_sweep}, {"prune", varphase::run_prune}}};
}

}  // namespace

// `varphase-engine`: what `varphase` hands on, with LibTorch.
int main(int argc, char** argv) {
  varphase::prepare_output();
  varphase::keep_freed_memory();
  const varphase::Command command = varphase::parse_command_line(argc, argv);
  if (command.row == nullptr) return varphase::finish_output(command.exit_code);
  varphase::use_torch_threads();
  return varphase::finish_output(varphase::guarded([&] { return command.verb->run(engine()); }));
}
