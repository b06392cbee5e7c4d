// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/loaded_network.hpp"

#include "analysis/sparse/sparse_model.hpp"
#include "checkpoints/file_kind.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/torch/numerics.hpp"
#include "src/train/trainer.hpp"
#include "tools/app/device.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/app/run_images.hpp"
#include "tools/app/trained_images.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

std::string value_of(const std::map<std::string, std::string>& provenance, const char* key) {
  const auto found = provenance.find(key);
  return found == provenance.end() ? "" : found->second;
}

void set_pruned_weights(LoadedNetwork& loaded, at::Device device,
                        std::optional<ExecutionForm> form) {
  Network& network = loaded.network;
  for (const PrunedLayer& pruned : loaded.pruned->layers) {
    VarianceLayer* layer = network.layer(pruned.layer).as_variance();
    VARPHASE_CHECK(
        layer != nullptr && layer->mean().sizes().vec() == pruned.shape, ErrorKind::shape,
        "pruned layer {} has shape {}, the network of its config has no such variance layer",
        pruned.layer, shape_text(pruned.shape));
    const EffectiveWeights weights = effective_weights(pruned);
    const auto tensor = [&](const std::vector<float>& values) {
      // In the layer's own order of memory: convolutions lie channels-last.
      return tensor_from_array(make_array<float>("", pruned.shape, values))
          .to(device)
          .contiguous(layer->mean().suggest_memory_format());
    };
    const at::Tensor mean = tensor(weights.mean), variance = tensor(weights.variance);
    layer->override_weights(mean, variance);
    loaded.executed.push_back(
        std::make_shared<ExecutedLayer>(pruned, mean, variance, layer->traits().geometry, form));
    layer->execute_by(loaded.executed.back());
  }
}

}  // namespace

LoadedNetwork network_of_snapshot(const Snapshot& snapshot, at::Device device,
                                  const std::string& origin) {
  check_is_of_its_run(origin, snapshot.config);
  RunConfig config;
  try {
    assign_fields(config, parse_json(snapshot.config, origin));
    Network network(config.network);
    load_network(network, snapshot);
    network.to(device);
    return {.config = config,
            .config_text = snapshot.config,
            .network = std::move(network),
            .epoch = snapshot.epoch,
            .dataset_digest = value_of(snapshot.provenance, kDatasetDigest),
            .digest = "",
            .pruned = std::nullopt,
            .executed = {}};
  } catch (const Error& error) {
    throw Error(error.kind(),
                fmt::format("{}: {}\n  the file was changed after it was written, or its config "
                            "was: varphase check tells which files are whole",
                            origin, error.what()));
  }
}

void check_network_file(const fs::path& path) {
  require_kind(path, read_document_header(path).kind, {kCheckpointKind, "pruned"});
}

LoadedNetwork load_network_file(const fs::path& path, at::Device device, const std::string& form) {
  const std::optional<ExecutionForm> given = execution_form_from_name(form);
  Document document = read_document(path, "");
  require_kind(path, document.kind, {kCheckpointKind, "pruned"});
  const std::string digest = document.digest;
  if (document.kind != "pruned") {
    LoadedNetwork loaded = network_of_snapshot(
        snapshot_from_document(std::move(document), path.string()), device, path.string());
    loaded.digest = digest;
    return loaded;
  }
  SparseModel model = sparse_model_from_document(document, path.string());
  document = {};
  // The pruned layers' own arrays are filled with what the spec draws; the masked weights then take
  // their place.
  Snapshot snapshot;
  snapshot.epoch = model.epoch;
  snapshot.config = model.config;
  snapshot.parameters = model.parameters;
  snapshot.buffers = model.buffers;
  snapshot.provenance = model.provenance;
  RunConfig config;
  assign_fields(config, parse_json(model.config, path.string()));
  const Network fresh(config.network);
  for (const auto& entry : fresh.parameters()) {
    bool stored = false;
    for (const Array& array : model.parameters) stored = stored || array.name == entry.name;
    bool pruned = false;
    for (const PrunedLayer& layer : model.layers)
      pruned = pruned || entry.name.rfind(layer.layer + "/", 0) == 0;
    if (!stored && pruned)
      snapshot.parameters.push_back(array_from_tensor(entry.name, *entry.parameter.tensor));
  }
  LoadedNetwork loaded = network_of_snapshot(snapshot, device, path.string());
  loaded.digest = digest;
  loaded.pruned = std::move(model);
  set_pruned_weights(loaded, device, given);
  return loaded;
}

}  // namespace varphase
