// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/exchange/onnx_graph.hpp"
#include "analysis/exchange/state_dict.hpp"
#include "checkpoints/safetensors.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/console.hpp"
#include "src/base/json.hpp"
#include "src/base/text_table.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/provenance.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/cli/old_verbs.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// The file that is exported, and where its export goes unless --out says so.
struct Source {
  fs::path file;
  fs::path folder;
  bool pruned = false;
};

Source find_source(const Options& options) {
  if (fs::is_regular_file(options.run)) {
    const std::string kind = read_document_header(options.run).kind;
    VARPHASE_CHECK(kind == "pruned" || kind == kCheckpointKind, ErrorKind::usage,
                   "{}: a {} file; checkpoints and pruned files can be exported", options.run,
                   kind);
    return {options.run, fs::path(options.run).parent_path(), kind == "pruned"};
  }
  const Target target = resolve_target(options.run, options.epoch.empty() ? "last" : options.epoch);
  VARPHASE_CHECK(target.epochs.size() == 1, ErrorKind::usage, "export takes one epoch, got {}",
                 target.epochs.size());
  return {target.run.checkpoint(target.epochs.front()), target.run.layout().exports(), false};
}

std::vector<double> recorded(const Json& list, const char* key) {
  std::vector<double> values;
  for (const Json& value : list) {
    VARPHASE_CHECK(value.is_number(), ErrorKind::format, "{}: wants numbers, got {}", key,
                   brief(list));
    values.push_back(value.get<double>());
  }
  VARPHASE_CHECK(!values.empty(), ErrorKind::usage,
                 "the run normalizes its images, and its config has no {}", key);
  return values;
}

InputNormalization normalization_of(const DataConfig& config) {
  if (config.normalize == "none") return {};
  return {recorded(config.pixel_mean, "data.pixel_mean"),
          recorded(config.pixel_std, "data.pixel_std")};
}

Json value_json(const OnnxValue& value) {
  Json shape = value.shape;
  shape.insert(shape.begin(), "images");
  return {{"name", value.name}, {"shape", shape}, {"about", value.about}};
}

std::string value_text(const char* what, const OnnxValue& value) {
  std::string shape = "images";
  for (const std::int64_t extent : value.shape) shape += fmt::format(", {}", extent);
  return fmt::format("{:7}{} [{}]: {}\n", what, value.name, shape, value.about);
}

OnnxModel make_onnx(const fs::path& file, const std::string& form_name) {
  LoadedNetwork loaded = load_network_file(file, at::kCPU);
  const bool noise = loaded.network.first_noise() < loaded.network.layers().size();
  const OnnxForm form = !form_name.empty() ? onnx_form_from_name(form_name)
                        : noise            ? OnnxForm::ensemble
                                           : OnnxForm::deterministic;
  OnnxModel model = onnx_graph(loaded.network, form, normalization_of(loaded.config.data));
  model.metadata = {{"varphase.form", onnx_form_name(form)},
                    {"varphase.config", to_json(loaded.config).dump()},
                    {"varphase.epoch", std::to_string(loaded.epoch)}};
  if (!loaded.config.data.class_names.empty())
    model.metadata.emplace_back("varphase.class_names", loaded.config.data.class_names.dump());
  return model;
}

TensorFile make_state_dict(const Source& source, const std::string& form) {
  if (source.pruned) {
    const SparseForm sparse = sparse_form_from_name(form.empty() ? "dense" : form);
    return state_dict(
        sparse_model_from_document(read_document(source.file, "pruned"), source.file.string()),
        sparse);
  }
  VARPHASE_CHECK(form.empty() || sparse_form_from_name(form) == SparseForm::dense, ErrorKind::usage,
                 "--form csr is for pruned files, {} is a checkpoint", source.file.string());
  const Snapshot snapshot = read_snapshot(source.file);
  check_is_of_its_run(source.file, snapshot.config);
  return state_dict(snapshot);
}

fs::path default_path(const Source& source, const Options& options) {
  std::string name = source.file.stem().string();
  if (!options.export_form.empty()) name += "_" + options.export_form;
  return source.folder / (name + (options.to == "onnx" ? ".onnx" : ".safetensors"));
}

}  // namespace

int run_export(const Options& options) {
  const Source source = find_source(options);
  const fs::path out = options.out.empty() ? default_path(source, options) : fs::path(options.out);
  check_output_file(out, options.overwrite);
  const RunLock lock = begin_analysis(source.folder.parent_path());
  Json result{{"path", text_of_bytes(out.string())},
              {"source", text_of_bytes(source.file.string())},
              {"to", options.to}};
  std::string text;
  std::int64_t bytes = 0;
  if (options.to == "onnx") {
    const OnnxModel model = make_onnx(source.file, options.export_form);
    make_output_folder(out);
    bytes = write_onnx(out, model);
    result["form"] = model.metadata.front().second;
    for (const OnnxValue& value : model.inputs) {
      result["inputs"].push_back(value_json(value));
      text += value_text("input", value);
    }
    for (const OnnxValue& value : model.outputs) {
      result["outputs"].push_back(value_json(value));
      text += value_text("output", value);
    }
  } else {
    const TensorFile file = make_state_dict(source, options.export_form);
    make_output_folder(out);
    bytes = write_safetensors(out, file.arrays, file.metadata);
    for (const Array& array : file.arrays) {
      result["tensors"].push_back({{"name", array.name}, {"shape", array.shape}});
      text += fmt::format("{} {}\n", array.name, shape_text(array.shape));
    }
  }
  result["bytes"] = bytes;
  if (options.json) {
    print_json(result);
  } else {
    print_out("{}{}, {}\n", text, out.string(), bytes_text(static_cast<double>(bytes)));
  }
  return kSuccess;
}

}  // namespace varphase
