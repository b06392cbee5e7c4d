// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/training_run.hpp"

#include "src/base/atomic_file.hpp"
#include "src/base/console.hpp"
#include "src/base/log.hpp"
#include "src/variance/torch_kernels.hpp"
#include "tools/class_names.hpp"
#include "tools/new_run.hpp"
#include "tools/run_folder.hpp"
#include "tools/session.hpp"
#include "tools/stop_signal.hpp"

namespace varphase {
namespace fs = std::filesystem;

Dataset checked_dataset(RunConfig& config, const Options& options,
                        const std::optional<InitialWeights>& init) {
  Dataset dataset = open_dataset(config.data, options.data);
  record_normalization(config.data, dataset);
  if (!options.resume) record_class_names(config.data, dataset, options);
  Network network(config.network);
  check_fits(network, dataset);
  if (init) take_initial_weights(network, *init);
  if (!options.resume) check_log_alpha_max(config.train, network);
  check_masks(config.train, network);
  check_training(config.train, dataset.train.count());
  return dataset;
}

void refuse_inside(const fs::path& run, const fs::path& file, const std::string& flag) {
  const fs::path inside = fs::weakly_canonical(file).lexically_relative(fs::weakly_canonical(run));
  VARPHASE_CHECK(inside.empty() || *inside.begin() == "..", ErrorKind::usage,
                 "{}: lies in the run that --overwrite would replace\n  give another --run", flag);
}

void say_resume(const fs::path& path) {
  print_err("  go on with: varphase train --resume --run {}\n", path.string());
}

int train_run(const Options& options, RunConfig config, const std::optional<InitialWeights>& init) {
  const fs::path path = options.run;
  const at::Device device = open_device(options);
  set_numerics(config.train.deterministic, config.train.precision != "float32");
  const SessionImages images(checked_dataset(config, options, init), device);
  if (!options.resume) make_run_folder(path, config, options.overwrite);
  remove_stale_temporaries(path / "checkpoints");
  open_log_file(path / "log.txt");
  take_signals();
  TrainingSession session(RunFolder(path), config, images, options, device, "", false);
  if (options.resume) session.resume();
  if (init) session.begin_with(*init);
  session.start();
  TimeEstimate estimate(work_of({&session}, 0), options.quiet, [device] { synchronize(device); });
  const int code = run_sessions({&session}, options.quiet, estimate, stop_requested());
  if (code == kInterrupted) say_resume(path);
  return code;
}

}  // namespace varphase
