// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cmath>

#include "analysis/kappa/compute_kappa.hpp"
#include "analysis/kappa/transition.hpp"
#include "analysis/predict/trunk.hpp"
#include "analysis/prune/sweep.hpp"
#include "analysis/sparse/sparse_model.hpp"
#include "checkpoints/inspect.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/progress.hpp"
#include "src/base/text_table.hpp"
#include "src/layers/batch_norm.hpp"
#include "src/train/trainer.hpp"
#include "tools/run_folder.hpp"
#include "tools/session.hpp"
#include "tools/verbs/verbs.hpp"

namespace varphase {
namespace {

struct Cut {
  at::Tensor mask;
  Replacement rule = Replacement::zero;
  double threshold = std::nan("");  // NaN: cut by sparsity
  std::string how;
};

Cut choose_cut(const Options& options, Network& network, const HeadParts& head,
               const at::Tensor& kappa, const Dataset& dataset, const DeviceImages& train) {
  Cut cut;
  if (!options.replace.empty()) cut.rule = replacement_from_name(options.replace);
  if (!options.threshold.empty()) {
    cut.threshold = parse_threshold(options.threshold);
    cut.mask = mask_over(kappa, cut.threshold);
    cut.how = "threshold " + options.threshold;
  } else if (options.sparsity >= 0) {
    cut.mask = mask_of_sparsity(kappa, options.sparsity);
    cut.how = fmt::format("sparsity {}", options.sparsity);
  } else {
    VARPHASE_CHECK(dataset.validation.count() > 0, ErrorKind::usage,
                   "--choose wants validation images, this run has none\n  train with --validation "
                   "0.1, or give --threshold or --sparsity");
    const DeviceImages validation =
        to_device(dataset.validation, Split::validation, kappa.device());
    SweepRequest request;
    request.points = default_sweep_points();
    if (!options.replace.empty()) request.rules = {cut.rule};
    request.repair = repair_from_name(options.repair);
    request.members = options.samples;
    request.seed = static_cast<std::uint64_t>(options.seed);
    Progress progress("sweep of the validation images", validation.count(), " images",
                      options.quiet);
    const SweepResult result = sweep(network, head, kappa, validation, &train, request,
                                     [&](std::int64_t n) { progress.advance(n); });
    progress.clear();
    const std::int64_t chosen = choose_row(result, options.choose);
    VARPHASE_CHECK(chosen >= 0, ErrorKind::usage, "no cut has {} on the {} validation images",
                   options.choose, validation.count());
    const SweepRow& row = result.rows[static_cast<std::size_t>(chosen)];
    cut.rule = row.replace;
    cut.threshold = row.threshold;
    cut.mask = mask_over(kappa, row.threshold);
    cut.how = options.choose + " on validation";
  }
  return cut;
}

}  // namespace

int run_prune(const Options& options) {
  const OneEpoch opened = open_one_epoch(options, "prune");
  const Dataset& dataset = opened.dataset;
  const Repair repair = repair_from_name(options.repair);

  const Snapshot snapshot = read_snapshot(opened.checkpoint);
  LoadedNetwork loaded = network_of_snapshot(snapshot, opened.device, opened.checkpoint.string());
  Network& network = loaded.network;
  check_fits(network, dataset);
  const DeviceImages train = to_device(dataset.train, Split::train, opened.device);
  const KappaMap map = kappa_of(network, opened.run.kappa(opened.epoch), opened.epoch, train,
                                opened.dataset.digest, options);
  const LayerKappa& layer_kappa = map.layer(options.layer);
  const std::size_t position = network.position(layer_kappa.layer);
  const HeadParts head = require_head(network, position);
  require_quiet_trunk(network, head);
  const Cut cut = choose_cut(options, network, head, kappa_tensor(layer_kappa).to(opened.device),
                             dataset, train);

  const MaskedWeights masked = masked_weights(
      head.layer->mean().detach(), head.layer->weight_variance().detach(), cut.mask, cut.rule);
  if (repair == Repair::batch_norm) {
    BatchNorm& norm = batch_norm_behind(network, position);
    const IeeeFloat32 ieee;
    const VarianceLayer::Moments moments = head.layer->moments(
        all_trunk_features(network, train, position), masked.mean, masked.variance);
    const OutputStatistics statistics = output_statistics(moments.mean, moments.variance);
    norm.set_statistics(statistics.mean, statistics.var);
  }

  SparseModel model;
  model.config = snapshot.config;
  model.epoch = opened.epoch;
  model.threshold = cut.threshold;
  std::vector<std::uint8_t> keep;
  for (const float value : host_floats(cut.mask)) keep.push_back(value > 0 ? 1 : 0);
  model.layers.push_back(make_pruned_layer(
      layer_kappa.layer, layer_kappa.shape, replacement_name(cut.rule),
      std::string(head.layer->parameterization().name()), host_floats(head.layer->mean()),
      host_floats(head.layer->weight_variance()), keep));
  for (const auto& [name, parameter] : network.parameters()) {
    const bool own = name == layer_kappa.layer + "/mean" || parameter.role == Role::variance;
    if (!own || name.rfind(layer_kappa.layer + "/", 0) != 0)
      model.parameters.push_back(array_from_tensor(name, *parameter.tensor, parameter.dims));
  }
  for (const auto& [name, buffer] : network.buffers())
    model.buffers.push_back(array_from_tensor(name, *buffer.tensor, buffer.dims));
  model.provenance = provenance(opened.device);
  model.provenance["checkpoint"] = opened.checkpoint.string();
  model.provenance["checkpoint_digest"] = describe_file(opened.checkpoint, false).digest;
  model.provenance["criterion"] = "kappa";
  model.provenance["smooth"] = map.smooth;
  model.provenance["cut"] = cut.how;
  model.provenance["repair"] = repair_name(repair);

  const double sparsity = model.layers.front().sparsity();
  const std::filesystem::path out =
      options.out.empty() ? opened.run.path() / "pruned" /
                                fmt::format("epoch_{:04}_{}_{:.2f}.h5", opened.epoch,
                                            replacement_name(cut.rule), 100 * sparsity)
                          : std::filesystem::path(options.out);
  VARPHASE_CHECK(options.overwrite || !std::filesystem::exists(out), ErrorKind::usage,
                 "{}: is there already\n  --overwrite replaces it", out.string());
  if (out.has_parent_path()) std::filesystem::create_directories(out.parent_path());
  const std::int64_t bytes = write_document(out, to_document(model));
  const Json result{{"path", out.string()},
                    {"layer", layer_kappa.layer},
                    {"weights", layer_kappa.count()},
                    {"kept", model.layers.front().kept()},
                    {"sparsity", sparsity},
                    {"network_sparsity", model.sparsity()},
                    {"compression", compression(sparsity)},
                    {"bytes", bytes},
                    {"dense_bytes", dense_bytes(model)},
                    {"replace", replacement_name(cut.rule)},
                    {"repair", repair_name(repair)},
                    {"smooth", map.smooth},
                    {"cut", cut.how}};
  if (options.json) {
    fmt::print("{}\n", result.dump(2));
    return kSuccess;
  }
  fmt::print(
      "{}\n{}: {} of {} weights kept, sparsity {:.2f} % of the layer, {:.2f} % of the network, "
      "compression {:.1f}x\n"
      "cut by {} of kappa ({}), dropped weights replaced by {}, repair {}\n{} (dense: {})\n",
      out.string(), layer_kappa.layer, count_text(model.layers.front().kept()),
      count_text(layer_kappa.count()), 100 * sparsity, 100 * model.sparsity(),
      compression(sparsity), cut.how,
      map.smooth == "none" ? "as it is" : "smoothed by " + map.smooth, replacement_name(cut.rule),
      repair_name(repair), bytes_text(static_cast<double>(bytes)),
      bytes_text(static_cast<double>(dense_bytes(model))));
  return kSuccess;
}

}  // namespace varphase
