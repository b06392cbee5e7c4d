// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/pruning_source.hpp"

#include <algorithm>
#include <set>

#include "analysis/predict/sampled_inputs.hpp"
#include "checkpoints/document.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/suggest.hpp"
#include "src/torch/numerics.hpp"
#include "src/train/trainer.hpp"
#include "tools/app/device.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/app/run_images.hpp"
#include "tools/app/taken_map.hpp"
#include "tools/app/trained_images.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

bool is_pruned_file(const fs::path& path) {
  return fs::is_regular_file(path) && read_document_header(path).kind == "pruned";
}

at::Tensor mask_tensor(const PrunedLayer& layer, at::Device device) {
  const std::vector<std::uint8_t> keep = unpack_mask(layer.mask, layer.count());
  const std::vector<float> values(keep.begin(), keep.end());
  return tensor_from_array(make_array<float>("", layer.shape, values)).to(device);
}

}  // namespace

PruningSource open_pruning_source(const Options& options, const std::string& path,
                                  const std::string& verb) {
  if (is_pruned_file(path)) {
    const fs::path parent = fs::absolute(path).parent_path();
    const fs::path folder = parent.filename() == "pruned" ? parent.parent_path() : parent;
    RunLock lock = begin_analysis(folder);
    const at::Device device = open_device({options.device, options.threads});
    LoadedNetwork loaded = load_network_file(path, device);
    set_numerics(loaded.config.train.deterministic, false);
    Dataset dataset = open_dataset(loaded.config.data, options.data);
    PruningSource source{path,
                         folder,
                         "",
                         std::move(dataset),
                         device,
                         std::move(loaded),
                         sparse_model_from_document(read_document(path, "pruned"), path),
                         std::nullopt,
                         {},
                         std::move(lock)};
    source.images = trained_images(source.dataset, source.loaded.dataset_digest, path);
    source.config = source.pruned->config;
    check_fits(source.loaded.network, source.dataset, false);
    return source;
  }
  const Target target = resolve_target(path, options.epoch.empty() ? "last" : options.epoch);
  VARPHASE_CHECK(target.epochs.size() == 1, ErrorKind::usage, "{} takes one epoch, got {}", verb,
                 target.epochs.size());
  const std::int64_t epoch = target.epochs.front();
  const RunFolder& run = target.run;
  // Before anything is read of it.
  RunLock lock = begin_analysis(run.path());
  const RunConfig config = run.config();
  Dataset dataset = open_dataset(config.data, options.data);
  const at::Device device = open_device({options.device, options.threads});
  set_numerics(config.train.deterministic, false);
  const fs::path checkpoint = run.checkpoint(epoch);
  const Snapshot snapshot = read_snapshot(checkpoint);
  const std::string file = checkpoint.string();
  PruningSource source{checkpoint,
                       run.path(),
                       snapshot.config,
                       std::move(dataset),
                       device,
                       network_of_snapshot(snapshot, device, file),
                       std::nullopt,
                       MapFiles(run.path()),
                       {},
                       std::move(lock)};
  source.images = trained_images(source.dataset, source.loaded.dataset_digest, file);
  source.loaded.epoch = epoch;
  check_fits(source.loaded.network, source.dataset, false);
  return source;
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> list;
  for (std::size_t start = 0; !text.empty() && start <= text.size();) {
    const std::size_t comma = std::min(text.find(',', start), text.size());
    list.push_back(text.substr(start, comma - start));
    start = comma + 1;
  }
  return list;
}

std::vector<PrunableLayer> prunable_layers(const PruningSource& source,
                                           const std::vector<std::string>& names) {
  const Network& network = source.loaded.network;
  std::vector<std::string> known;
  for (const VarianceLayer* layer : network.variance_layers()) known.push_back(layer->name());
  VARPHASE_CHECK(!known.empty(), ErrorKind::unsupported,
                 "{}: this network has no variance layer, there is nothing to prune",
                 source.file.string());
  std::set<std::string> wanted;
  for (const std::string& name : names) {
    VARPHASE_CHECK(std::find(known.begin(), known.end(), name) != known.end(), ErrorKind::usage,
                   "no variance layer '{}'{}", name, suggestion(name, known));
    VARPHASE_CHECK(wanted.insert(name).second, ErrorKind::usage, "layer {} is named twice", name);
  }
  std::vector<PrunableLayer> layers;
  for (VarianceLayer* layer : network.variance_layers()) {
    if (!wanted.empty() && wanted.count(layer->name()) == 0) continue;
    PrunableLayer entry{network.position(layer->name()), layer, {}, {}};
    if (layer->mask().defined()) entry.kept = layer->mask().to(at::kFloat);  // of a finetuned run
    if (source.pruned) {
      for (const PrunedLayer& before : source.pruned->layers) {
        if (before.layer == layer->name()) entry.kept = mask_tensor(before, source.device);
      }
    }
    layers.push_back(std::move(entry));
  }
  return layers;
}

Scoring prepare_scores(PruningSource& source, std::vector<PrunableLayer> layers,
                       const std::vector<std::string>& names, Repair repair,
                       const DeviceImages& train, const Options& options, Job& job) {
  Scoring scoring;
  const auto any = [&](const auto& takes) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return takes(criteria().at(name)); });
  };
  Network& network = source.loaded.network;
  const auto seed = static_cast<std::uint64_t>(options.seed);
  if (mends_variance(repair) || any([](const Criterion& row) { return row.inputs; })) {
    // Of one layer nothing is asked twice.
    SampledInputs passes(network, train, seed, layers.size() > 1 ? first_position(layers) : 0);
    for (PrunableLayer& layer : layers) layer.input_square = passes.mean_square(layer.position);
  }
  std::optional<KappaMap> map;
  std::string no_curvature;
  if (any([](const Criterion& row) { return row.curvature; })) {
    try {
      TakenMap taken = kappa_of(network, source.maps, source.epoch(), train, source.dataset.digest,
                                options.smooth, job);
      map = std::move(taken.map);
      scoring.smooth = map->smooth;
      scoring.map = std::move(taken.from);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unsupported) throw;
      no_curvature = error.what();
    }
  }
  scoring.inputs =
      score_inputs(network, layers, names, map ? &*map : nullptr, no_curvature, train, seed);
  scoring.layers = std::move(layers);
  return scoring;
}

}  // namespace varphase
