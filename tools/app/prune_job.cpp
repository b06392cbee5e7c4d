// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/prune_job.hpp"

#include <fmt/format.h>

#include "analysis/prune/prunable_layers.hpp"
#include "analysis/prune/prune_network.hpp"
#include "checkpoints/run_layout.hpp"
#include "src/base/byte_text.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/provenance.hpp"
#include "tools/app/pruning_scores.hpp"
#include "tools/app/pruning_source.hpp"
#include "tools/app/trained_images.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

Pruning pruning_of(const PruneRequest& request) {
  Pruning pruning;
  pruning.criterion = request.criterion;
  pruning.place = {request.threshold, request.sparsity, request.budget, request.choose};
  if (!request.replace.empty()) pruning.replace = replacement_from_name(request.replace);
  pruning.structure = structure_from_name(request.structure);
  pruning.scope = scope_from_name(request.scope);
  pruning.repair = repair_from_name(request.repair);
  pruning.members = request.samples;
  pruning.seed = static_cast<std::uint64_t>(request.seed);
  return pruning;
}

/// What can be refused before anything is opened.
void check_request(const PruneRequest& request, const Pruning& pruning) {
  check_pruning(pruning);
  VARPHASE_CHECK(request.budget.empty() || request.layer.empty(), ErrorKind::usage,
                 "--budget names the layers and each one's share itself: it takes "
                 "neither --layer nor --scope global");
  if (request.out.empty()) return;
  check_output_file(request.out, request.overwrite);
  std::error_code none;
  VARPHASE_CHECK(!fs::equivalent(request.out, request.run, none), ErrorKind::usage,
                 "{}: is what is pruned\n  give another --out", request.out);
}

std::vector<std::string> layers_of(const PruneRequest& request) {
  if (request.budget.empty()) return request.layer;
  std::vector<std::string> names;
  for (const LayerShare& entry : parse_budget(request.budget)) names.push_back(entry.layer);
  return names;
}

/// Where files of this network's cuts go, where no name is given.
fs::path folder_of_pruned(const PruningSource& source) {
  return source.before() != nullptr ? source.file.parent_path() : RunLayout{source.folder}.pruned();
}

fs::path output_path(const PruneRequest& request, const PruningSource& source,
                     const PrunedNetwork& pruned) {
  fs::path out = request.out;
  if (out.empty()) {
    out = folder_of_pruned(source) /
          fmt::format("{}{}_{}_{:.2f}.h5",
                      source.before() != nullptr ? source.file.stem().string()
                                                 : fmt::format("epoch_{:04}", source.epoch()),
                      request.criterion == "kappa" ? "" : fmt::format("_{}", request.criterion),
                      replacement_name(pruned.chosen.rule), 100 * pruned.sparsity());
  }
  check_output_file(out, request.overwrite);
  make_output_folder(out);
  return out;
}

void record_making(const PruneRequest& request, const PruningSource& source,
                   const PruningScores& scores, const ChosenCut& chosen, SparseModel& model) {
  model.epoch = source.epoch();
  if (const SparseModel* before = source.before()) {
    for (const char* key : {"checkpoint", "checkpoint_digest"}) {
      const auto found = before->provenance.find(key);
      if (found != before->provenance.end()) model.provenance[key] = found->second;
    }
    model.provenance["pruned_from"] = text_of_bytes(source.file.string());
    model.provenance["pruned_from_digest"] = source.loaded.digest;
  } else {
    model.provenance["checkpoint"] = text_of_bytes(source.file.string());
    model.provenance["checkpoint_digest"] = source.loaded.digest;
  }
  model.provenance.merge(provenance(source.device));
  if (!source.loaded.dataset_digest.empty())
    model.provenance[kDatasetDigest] = source.loaded.dataset_digest;
  model.provenance["criterion"] = request.criterion;
  model.provenance["scope"] = request.scope;
  if (!scores.smooth.empty()) model.provenance["smooth"] = scores.smooth;
  if (!scores.map.empty()) model.provenance["kappa_map"] = scores.map;
  model.provenance["cut"] = chosen.how;
  model.provenance["repair"] = request.repair;
  if (request.structure != structure_name(Structure::none))
    model.provenance["structure"] = request.structure;
}

PruneResult result_of(const PruneRequest& request, const PruningSource& source,
                      const PruningScores& scores, PrunedNetwork pruned) {
  PruneResult result;
  result.images = source.images;
  result.cost = std::move(pruned.cost);
  result.weights = pruned.weights;
  result.kept = pruned.kept;
  result.sparsity = pruned.sparsity();
  result.network_sparsity = pruned.network_sparsity;
  result.dense_bytes = pruned.dense_bytes;
  result.criterion = request.criterion;
  result.scope = request.scope;
  result.replace = replacement_name(pruned.chosen.rule);
  result.repair = request.repair;
  result.structure = request.structure;
  result.smooth = scores.smooth;
  result.kappa_map = scores.map;
  result.cut = pruned.chosen.how;
  result.units = std::move(pruned.units);
  return result;
}

}  // namespace

PruneResult prune_run(const PruneRequest& request, Job& job) {
  const Pruning pruning = pruning_of(request);
  check_request(request, pruning);
  PruningSource source =
      open_pruning_source(request.run, request.epoch, request.data, request, "prune");
  if (request.out.empty()) check_output_folder(folder_of_pruned(source));
  const DeviceImages train = to_device(source.dataset.train, Split::train, source.device);
  std::optional<DeviceImages> validation;
  if (!request.choose.empty()) {
    VARPHASE_CHECK(source.dataset.validation.count() > 0, ErrorKind::usage,
                   "--choose wants validation images, this run has none\n  train with --validation "
                   "0.1, or give --threshold or --sparsity");
    validation = to_device(source.dataset.validation, Split::validation, source.device);
  }
  std::vector<PrunableLayer> layers = prunable_layers(source.loaded.network, layers_of(request),
                                                      source.before(), source.file.string());
  PruningScores scores = prepare_scores(source, std::move(layers), {request.criterion},
                                        pruning.repair, train, request.smooth, pruning.seed, job);

  PruningInput input{.network = source.loaded.network,
                     .layers = std::move(scores.layers),
                     .scores = std::move(scores.inputs),
                     .train = train,
                     .validation = validation ? &*validation : nullptr,
                     .before = source.before(),
                     .origin = source.file.string()};
  if (validation)
    job.begin("sweep of the validation images", images_to_choose(input, pruning), "images");
  PrunedNetwork pruned = prune_network(input, pruning, source.loaded.config_text,
                                       [&](std::int64_t images) { job.advance(images); });
  if (validation) job.end();

  const fs::path out = output_path(request, source, pruned);
  record_making(request, source, scores, pruned.chosen, pruned.model);
  const std::int64_t bytes = write_document(out, to_document(pruned.model));
  PruneResult result = result_of(request, source, scores, std::move(pruned));
  result.path = out.string();
  result.bytes = bytes;
  return result;
}

}  // namespace varphase
