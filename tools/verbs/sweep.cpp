// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/sweep.hpp"

#include <cmath>

#include "analysis/kappa/compute_kappa.hpp"
#include "analysis/sparse/sparse_model.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/progress.hpp"
#include "src/base/text_table.hpp"
#include "src/train/trainer.hpp"
#include "tools/run_folder.hpp"
#include "tools/session.hpp"
#include "tools/verbs/sweep_json.hpp"
#include "tools/verbs/verbs.hpp"

namespace varphase {

int run_sweep(const Options& options) {
  const OneEpoch opened = open_one_epoch(options, "sweep");
  const Dataset& dataset = opened.dataset;
  const bool validated = dataset.validation.count() > 0;
  const Split split = options.split.empty() ? (validated ? Split::validation : Split::test)
                                            : split_from_name(options.split);

  SweepRequest request;
  for (const double log10_threshold : options.thresholds)
    request.points.push_back({false, log10_threshold});
  if (options.thresholds.empty()) request.points = default_sweep_points();
  for (const double sparsity : options.sparsities) request.points.push_back({true, sparsity});
  if (!options.replace.empty()) request.rules = {replacement_from_name(options.replace)};
  request.repair = repair_from_name(options.repair);
  request.members = options.samples;
  request.seed = static_cast<std::uint64_t>(options.seed);

  LoadedNetwork loaded = network_of_snapshot(read_snapshot(opened.checkpoint), opened.device,
                                             opened.checkpoint.string());
  check_fits(loaded.network, dataset);
  const DeviceImages train = to_device(dataset.train, Split::train, opened.device);
  const DeviceImages images = to_device(dataset.part(split), split, opened.device);
  const KappaMap map = kappa_of(loaded.network, opened.run.kappa(opened.epoch), opened.epoch, train,
                                opened.dataset.digest, options);
  const LayerKappa& layer = map.layer(options.layer);
  const HeadParts head = require_head(loaded.network, loaded.network.position(layer.layer));
  Progress progress("sweep", images.count(), " images", options.quiet);
  const SweepResult result =
      sweep(loaded.network, head, kappa_tensor(layer).to(opened.device), images, &train, request,
            [&](std::int64_t n) { progress.advance(n); });
  progress.clear();
  const std::int64_t chosen = options.choose.empty() ? -1 : choose_row(result, options.choose);

  const SweepJson output =
      sweep_json(result, request, layer, map.smooth, opened.epoch,
                 opened.checkpoint.filename().string(), split, options.choose, chosen);
  const std::string stem = fmt::format("epoch_{:04}_{}{}", opened.epoch, split_name(split),
                                       request.repair == Repair::none ? "" : "_batch-norm");
  std::filesystem::create_directories(opened.run.path() / "sweeps");
  write_json_file(opened.run.path() / "sweeps" / (stem + ".json"), output.json);
  write_text_atomically(opened.run.path() / "sweeps" / (stem + ".csv"), output.csv);
  if (options.json) {
    fmt::print("{}\n", output.json.dump(2));
    return kSuccess;
  }
  fmt::print(
      "{} of {}, {} {} images, K = {}, kappa {}: full ensemble {:.2f} % (s.e. {:.2f}), NLL "
      "{:.4f}\n\n",
      layer.layer, opened.checkpoint.filename().string(), count_text(images.count()),
      split_name(split), request.members,
      map.smooth == "none" ? "of the network as it is" : "smoothed by " + map.smooth,
      100 * result.full.accuracy, 100 * result.full.accuracy_se, result.full.nll);
  fmt::print("{}", output.table);
  if (!options.choose.empty()) {
    if (chosen < 0) {
      fmt::print("\nno row has {}\n", options.choose);
    } else {
      const SweepRow& row = result.rows[static_cast<std::size_t>(chosen)];
      fmt::print("\nchosen by {} on {} images: kappa_0 = {:.4g}, replace {}, sparsity {:.2f} %\n",
                 options.choose, split_name(split), row.threshold, replacement_name(row.replace),
                 100 * row.sparsity);
    }
  }
  return kSuccess;
}

}  // namespace varphase
