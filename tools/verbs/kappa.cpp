// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/compute_kappa.hpp"
#include "analysis/kappa/kappa_csv.hpp"
#include "analysis/kappa/transition.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/progress.hpp"
#include "src/base/text_table.hpp"
#include "src/train/trainer.hpp"
#include "tools/run_folder.hpp"
#include "tools/session.hpp"
#include "tools/verbs/verbs.hpp"

namespace varphase {

int run_kappa(const Options& options) {
  const Target target = resolve_target(options.run, options.epoch.empty() ? "all" : options.epoch);
  const double kappa0 = parse_threshold(options.kappa0);
  const RunConfig config = target.run.config();
  const Dataset dataset = open_dataset(config.data, options.data);
  const at::Device device = open_device(options);
  set_numerics(config.train.deterministic, false);
  const Split split = options.split.empty() ? Split::train : split_from_name(options.split);
  const DeviceImages images = to_device(dataset.part(split), split, device);

  const TextTable table({{"epoch", 5},
                         {"layer", 8},
                         {"over kappa_0", 12},
                         {"of", 10},
                         {"negative", 10},
                         {"zero", 9},
                         {"smooth", 10}});
  if (!options.json) fmt::print("{}\n", table.header());
  Json rows = Json::array();
  std::string histograms;
  Progress progress("kappa", static_cast<std::int64_t>(target.epochs.size()) * images.count(),
                    " images", options.quiet);
  for (const std::int64_t epoch : target.epochs) {
    const std::filesystem::path checkpoint = target.run.checkpoint(epoch);
    LoadedNetwork loaded =
        network_of_snapshot(read_snapshot(checkpoint), device, checkpoint.string());
    check_fits(loaded.network, dataset);
    progress.describe(fmt::format("kappa of epoch {}", epoch));
    KappaMap map = compute_kappa(loaded.network, images, {options.smooth, options.verify, 1},
                                 [&](std::int64_t n) { progress.advance(n); });
    map.epoch = epoch;
    map.provenance = provenance(device);
    map.provenance[kDatasetDigest] = dataset.digest;
    map.provenance["checkpoint"] = checkpoint.filename().string();
    std::filesystem::create_directories(target.run.path() / "kappa");
    write_document(target.run.kappa(epoch), to_document(map));
    progress.clear();
    for (std::size_t i = 0; i < map.layers.size(); ++i) {
      const LayerKappa& layer = map.layers[i];
      const LogHistogram histogram = layer.histogram();
      Json row{{"epoch", epoch},
               {"layer", layer.layer},
               {"over", layer.over(kappa0)},
               {"weights", layer.count()},
               {"negative", histogram.negative},
               {"zeros", histogram.zeros},
               {"smooth", map.smooth}};
      if (i < map.proofs.size()) row["worst_relative_error"] = map.proofs[i].worst_relative_error;
      rows.push_back(row);
      if (options.json) continue;
      fmt::print("{}",
                 table.row({std::to_string(epoch), layer.layer, count_text(layer.over(kappa0)),
                            count_text(layer.count()), count_text(histogram.negative),
                            count_text(histogram.zeros), map.smooth}));
      if (i < map.proofs.size()) {
        fmt::print("  verified {} entries: worst relative error {:.1e}", map.proofs[i].entries,
                   map.proofs[i].worst_relative_error);
      }
      fmt::print("\n");
    }
    const std::string csv = histogram_csv({&map, 1});
    histograms += histograms.empty() ? csv : csv.substr(csv.find('\n') + 1);
  }
  write_text_atomically(target.run.path() / "kappa" / "histogram.csv", histograms);
  if (options.json) {
    fmt::print("{}\n", Json{{"kappa0", kappa0},
                            {"images", images.count()},
                            {"split", split_name(split)},
                            {"rows", rows}}
                           .dump(2));
  } else {
    fmt::print("\nkappa_0 = {}; sums over {} {} images; maps in {}\n", options.kappa0,
               count_text(images.count()), split_name(split),
               (target.run.path() / "kappa").string());
  }
  return kSuccess;
}

}  // namespace varphase
