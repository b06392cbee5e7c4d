// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/import_job.hpp"

#include <map>
#include <utility>

#include <fmt/ranges.h>

#include "analysis/exchange/state_dict.hpp"
#include "analysis/exchange/state_dict_import.hpp"
#include "checkpoints/run_layout.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/json.hpp"
#include "src/models/presets.hpp"
#include "src/train/trainer.hpp"
#include "tools/app/class_names.hpp"
#include "tools/app/config_overrides.hpp"
#include "tools/app/dataset_files.hpp"
#include "tools/app/network_spec.hpp"
#include "tools/app/new_run_folder.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/provenance.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/app/run_images.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// The configuration of what is imported: the file's own (an export of ours), a preset's, or the
/// defaults, with what the request sets over it.
RunConfig resolve_config(const ImportRequest& request, const std::string& own) {
  VARPHASE_CHECK(request.preset.empty() || request.network.empty(), ErrorKind::usage,
                 "give --preset or --network, not both");
  VARPHASE_CHECK(
      !request.preset.empty() || !request.network.empty() || !own.empty(), ErrorKind::usage,
      "{}: of which network are these weights? give --network SPEC or --preset NAME ({})",
      request.file, fmt::join(preset_names(), ", "));
  RunConfig config;
  const bool other_data = overrides(request.set, "data.data");
  if (!request.preset.empty()) {
    Json json = preset(request.preset);
    json.erase("about");
    assign_fields(config, json);
  } else if (!own.empty()) {
    assign_fields(config, parse_json(own, request.file + ": metadata varphase.config"));
  } else {
    VARPHASE_CHECK(other_data, ErrorKind::usage,
                   "--network says nothing of images: give --data too (a folder, a file or a name "
                   "as train takes it)");
  }
  if (!request.network.empty()) config.network = read_network_spec(request.network);
  apply_overrides(config, request.set);
  if (other_data && !overrides(request.set, "data.class_names"))
    config.data.class_names = Json::array();  // those of other images
  if (config.data.normalize == "standard" && config.data.pixel_mean.empty()) {
    const Dataset dataset = open_dataset(config.data, "");
    record_normalization(config.data, dataset);
    record_class_names(config.data, dataset, request.set);
  }
  class_names_of(config.data);
  return config;
}

std::map<std::string, std::string> read_map(const std::string& path) {
  std::map<std::string, std::string> names;
  if (path.empty()) return names;
  const Json json = read_json_file(path);
  VARPHASE_CHECK(json.is_object(), ErrorKind::usage,
                 "--map {}: wants an object of names, {{\"encoder.proj\": \"dense1\"}}", path);
  for (const auto& item : json.items()) {
    VARPHASE_CHECK(item.value().is_string(), ErrorKind::usage,
                   "--map {}: {}: wants a layer's name, got {}", path, item.key(),
                   brief(item.value()));
    names[item.key()] = item.value().get<std::string>();
  }
  return names;
}

/// Arrays of a pruned model get the dims and the order that the network gives its own.
void arrange(std::vector<Array>& arrays, const std::map<std::string, std::string>& dims,
             const std::vector<std::string>& order, const std::string& origin) {
  std::vector<Array> arranged;
  for (const std::string& name : order) {
    for (Array& array : arrays) {
      if (array.name != name) continue;
      array.dims = dims.at(name);
      arranged.push_back(std::exchange(array, Array{}));
    }
  }
  for (const Array& array : arrays) {
    VARPHASE_CHECK(array.name.empty(), ErrorKind::shape,
                   "{}: tensor {} has no place in the network of its config", origin, array.name);
  }
  arrays = std::move(arranged);
}

ImportResult import_pruned(const ImportRequest& request, const TensorFile& file) {
  VARPHASE_CHECK(!request.out.empty(), ErrorKind::usage,
                 "{}: is an exported pruned model: --out names the file to make of it",
                 request.file);
  VARPHASE_CHECK(request.network.empty() && request.preset.empty() && request.map.empty() &&
                     !request.log_alpha && request.set.empty(),
                 ErrorKind::usage,
                 "{}: is an exported pruned model, which brings its own network and data: leave "
                 "the other flags out",
                 request.file);
  check_output_file(request.out, request.overwrite);
  SparseModel model = sparse_model_from_state_dict(file, request.file);
  RunConfig config;
  assign_fields(config, parse_json(model.config, request.file + ": metadata varphase.config"));
  const Network network(config.network);
  std::map<std::string, std::string> dims;
  std::vector<std::string> order;
  for (const auto& [name, parameter] : network.parameters()) {
    dims[name] = parameter.dims;
    order.push_back(name);
  }
  for (const auto& [name, buffer] : network.buffers()) {
    dims[name] = buffer.dims;
    order.push_back(name);
  }
  arrange(model.parameters, dims, order, request.file);
  arrange(model.buffers, dims, order, request.file);
  model.provenance["imported"] = text_of_bytes(request.file);
  make_output_folder(request.out);
  const std::int64_t bytes = write_document(request.out, to_document(model));
  return {request.out, "pruned", bytes, {}};
}

ImportResult import_checkpoint(const ImportRequest& request, const TensorFile& file) {
  VARPHASE_CHECK(request.run.empty() != request.out.empty(), ErrorKind::usage,
                 "give --run (a folder that kappa, prune and eval take) or --out (a checkpoint)");
  Snapshot snapshot;
  if (state_dict_kind(file) == kCheckpointKind)
    snapshot = snapshot_from_metadata(file, request.file);
  RunConfig config = resolve_config(request, snapshot.config);
  if (config.data.source.empty()) record_source(config.data);
  Network network(config.network);
  network.initialize(static_cast<std::uint64_t>(config.train.seed));
  StateDictReport report =
      load_state_dict(network, file, {request.file, read_map(request.map), request.log_alpha});
  store_network(network, snapshot);
  snapshot.config = to_json(config).dump();
  for (const auto& [key, value] : provenance(at::kCPU)) snapshot.provenance[key] = value;
  snapshot.provenance["imported"] = text_of_bytes(request.file);
  const Json environment(snapshot.provenance);
  fs::path out = request.out;
  std::optional<NewRunFolder> made;
  if (request.run.empty()) {
    check_output_file(out, request.overwrite);
    make_output_folder(out);
  } else {
    made.emplace(request.run, request.overwrite ? OldRun::replace : OldRun::refuse);
    made->begin(config, RunMarker{});
    write_json_file(RunLayout{request.run}.environment(), environment);
    out = RunFolder(request.run).checkpoint(snapshot.epoch);
  }
  write_snapshot(out, std::move(snapshot));
  if (made) made->keep();
  return {made ? request.run : request.out, kCheckpointKind, 0, std::move(report)};
}

}  // namespace

ImportResult import_network(const ImportRequest& request, Job& /*job*/) {
  VARPHASE_CHECK(request.run.empty() || request.overwrite || is_vacant(request.run),
                 ErrorKind::usage, "{}: there is something already\n  --overwrite replaces a run",
                 request.run);
  DataConfig reading;
  apply_reading_overrides(reading, request.set);
  const TensorFile file = read_tensor_file(request.file, read_limits(reading));
  return state_dict_kind(file) == "pruned" ? import_pruned(request, file)
                                           : import_checkpoint(request, file);
}

}  // namespace varphase
