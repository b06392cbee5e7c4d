// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <optional>
#include <utility>

#include <ATen/core/Tensor.h>
#include <fmt/ranges.h>

#include "analysis/exchange/state_dict.hpp"
#include "analysis/exchange/state_dict_import.hpp"
#include "checkpoints/run_layout.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/console.hpp"
#include "src/base/json.hpp"
#include "src/base/text_table.hpp"
#include "src/models/presets.hpp"
#include "tools/app/class_names.hpp"
#include "tools/app/config_overrides.hpp"
#include "tools/app/dataset_files.hpp"
#include "tools/app/new_run.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/provenance.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/app/run_images.hpp"
#include "tools/cli/old_verbs.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// The configuration of what is imported: the file's own (an export of ours), a preset's, or the
/// defaults, with the flags over it.
RunConfig resolve_config(const Options& options, const std::string& own) {
  VARPHASE_CHECK(options.preset.empty() || options.network.empty(), ErrorKind::usage,
                 "give --preset or --network, not both");
  VARPHASE_CHECK(
      !options.preset.empty() || !options.network.empty() || !own.empty(), ErrorKind::usage,
      "{}: of which network are these weights? give --network SPEC or --preset NAME ({})",
      options.file, fmt::join(preset_names(), ", "));
  RunConfig config;
  if (!options.preset.empty()) {
    Json json = preset(options.preset);
    json.erase("about");
    assign_fields(config, json);
  } else if (!own.empty()) {
    assign_fields(config, parse_json(own, options.file + ": metadata varphase.config"));
  } else {
    VARPHASE_CHECK(options.fields.count("data.data") == 1, ErrorKind::usage,
                   "--network says nothing of images: give --data too (a folder, a file or a name "
                   "as train takes it)");
  }
  if (!options.network.empty()) config.network = read_json_file(options.network);
  for (const auto& [key, value] : options.fields) set_field(config, key + "=" + value);
  if (options.fields.contains("data.data") && !options.fields.contains("data.class_names"))
    config.data.class_names = Json::array();  // those of other images
  if (options.fields.contains("data.data")) config.data.source.clear();
  if (config.data.normalize == "standard" && config.data.pixel_mean.empty()) {
    const Dataset dataset = open_dataset(config.data, "");
    record_normalization(config.data, dataset);
    record_class_names(config.data, dataset, options.overrides());
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

int import_pruned(const Options& options, const TensorFile& file) {
  VARPHASE_CHECK(!options.out.empty(), ErrorKind::usage,
                 "{}: is an exported pruned model: --out names the file to make of it",
                 options.file);
  VARPHASE_CHECK(options.network.empty() && options.preset.empty() && options.map.empty() &&
                     !options.log_alpha && options.fields.empty(),
                 ErrorKind::usage,
                 "{}: is an exported pruned model, which brings its own network and data: leave "
                 "the other flags out",
                 options.file);
  check_output_file(options.out, options.overwrite);
  SparseModel model = sparse_model_from_state_dict(file, options.file);
  RunConfig config;
  assign_fields(config, parse_json(model.config, options.file + ": metadata varphase.config"));
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
  arrange(model.parameters, dims, order, options.file);
  arrange(model.buffers, dims, order, options.file);
  model.provenance["imported"] = text_of_bytes(options.file);
  make_output_folder(options.out);
  const std::int64_t bytes = write_document(options.out, to_document(model));
  if (options.json) {
    print_json(Json{{"path", text_of_bytes(options.out)}, {"kind", "pruned"}, {"bytes", bytes}});
  } else {
    print_out("{}, {}\n", options.out, bytes_text(static_cast<double>(bytes)));
  }
  return kSuccess;
}

void print_report(const StateDictReport& report, const fs::path& out, const Options& options) {
  if (options.json) {
    Json modules = Json::array();
    for (const auto& [theirs, ours] : report.modules)
      modules.push_back({{"module", theirs}, {"layer", ours}});
    Json masks = Json::array();
    for (const auto& [layer, kept, weights] : report.masks)
      masks.push_back({{"layer", layer}, {"kept", kept}, {"weights", weights}});
    const Json result{{"path", text_of_bytes(out.string())},
                      {"kind", kCheckpointKind},
                      {"modules", modules},
                      {"variances", report.variances},
                      {"masks", masks},
                      {"zeros", report.zeros},
                      {"unused", report.unused}};
    print_json(result);
    return;
  }
  std::size_t by_name = 0;
  for (const auto& [theirs, ours] : report.modules) {
    by_name += theirs == ours ? 1 : 0;
    if (theirs != ours) print_out("{} is {}\n", theirs, ours);
  }
  if (by_name > 0) print_out("{} modules go by their names\n", by_name);
  if (!report.variances.empty()) {
    print_out("by {}: {}\n",
              options.log_alpha ? fmt::format("--log-alpha {}", *options.log_alpha)
                                : "the network's spec",
              fmt::join(report.variances, ", "));
  }
  for (const auto& [layer, kept, weights] : report.masks)
    print_out("{}: {} of {} weights are kept, the dropped stay dropped\n", layer, count_text(kept),
              count_text(weights));
  if (!report.zeros.empty())
    print_out(
        "pruned in the file, and zeros that training may change (only variance layers keep "
        "masks): {}\n",
        fmt::join(report.zeros, ", "));
  print_out("{}\n", out.string());
}

int import_checkpoint(const Options& options, const TensorFile& file) {
  VARPHASE_CHECK(options.run.empty() != options.out.empty(), ErrorKind::usage,
                 "give --run (a folder that kappa, prune and eval take) or --out (a checkpoint)");
  Snapshot snapshot;
  if (state_dict_kind(file) == kCheckpointKind)
    snapshot = snapshot_from_metadata(file, options.file);
  RunConfig config = resolve_config(options, snapshot.config);
  if (config.data.source.empty()) record_source(config.data);
  Network network(config.network);
  network.initialize(static_cast<std::uint64_t>(config.train.seed));
  const StateDictReport report =
      load_state_dict(network, file, {options.file, read_map(options.map), options.log_alpha});
  store_network(network, snapshot);
  snapshot.config = to_json(config).dump();
  for (const auto& [key, value] : provenance(at::kCPU)) snapshot.provenance[key] = value;
  snapshot.provenance["imported"] = text_of_bytes(options.file);
  const Json environment(snapshot.provenance);
  fs::path out = options.out;
  std::optional<NewRun> made;
  if (options.run.empty()) {
    check_output_file(out, options.overwrite);
    make_output_folder(out);
  } else {
    made.emplace(options.run, options.overwrite ? OldRun::replace : OldRun::refuse);
    made->begin(config, RunMarker{});
    write_json_file(RunLayout{options.run}.environment(), environment);
    out = RunFolder(options.run).checkpoint(snapshot.epoch);
  }
  write_snapshot(out, std::move(snapshot));
  if (made) made->keep();
  print_report(report, options.run.empty() ? out : fs::path(options.run), options);
  return kSuccess;
}

}  // namespace

int run_import(const Options& options) {
  VARPHASE_CHECK(options.run.empty() || options.overwrite || is_vacant(options.run),
                 ErrorKind::usage, "{}: there is something already\n  --overwrite replaces a run",
                 options.run);
  DataConfig reading;
  apply_reading_overrides(reading, options.overrides());
  const TensorFile file = read_tensor_file(options.file, read_limits(reading));
  return state_dict_kind(file) == "pruned" ? import_pruned(options, file)
                                           : import_checkpoint(options, file);
}

}  // namespace varphase
