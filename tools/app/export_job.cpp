// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/export_job.hpp"

#include "analysis/exchange/onnx_graph.hpp"
#include "analysis/exchange/pytorch_source.hpp"
#include "analysis/exchange/state_dict.hpp"
#include "checkpoints/file_kind.hpp"
#include "checkpoints/safetensors.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/json.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_folder.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// The file that is exported, and where its export goes unless the request says so.
struct Source {
  fs::path file;
  fs::path folder;
  bool pruned = false;
};

Source find_source(const ExportRequest& request) {
  if (fs::is_regular_file(request.source)) {
    const std::string kind = read_document_header(request.source).kind;
    require_kind(request.source, kind, {kCheckpointKind, "pruned"});
    return {request.source, fs::path(request.source).parent_path(), kind == "pruned"};
  }
  const Target target = resolve_target(request.source, request.epoch);
  VARPHASE_CHECK(target.epochs.size() == 1, ErrorKind::usage, "export takes one epoch, got {}",
                 target.epochs.size());
  return {target.run.checkpoint(target.epochs.front()), target.run.layout().exports(), false};
}

/// That form and mode are words of the format: each belongs to one of them.
void check_words(const ExportRequest& request) {
  const std::vector<std::string> modes = onnx_mode_names();
  const bool is_mode = std::find(modes.begin(), modes.end(), request.form) != modes.end();
  VARPHASE_CHECK(!is_mode, ErrorKind::usage,
                 "--form {}: the form is how safetensors hold pruned layers, dense or csr\n  what "
                 "an ONNX graph computes is its mode: --mode {}",
                 request.form, request.form);
  const SparseForm form = sparse_form_from_name(request.form);
  if (request.mode != "auto") onnx_mode_from_name(request.mode);
  if (request.to == "onnx") {
    VARPHASE_CHECK(form == SparseForm::dense, ErrorKind::usage,
                   "--form csr is for safetensors; ONNX graphs hold pruned layers dense\n  what an "
                   "ONNX graph computes is --mode");
  } else {
    VARPHASE_CHECK(
        request.to != "pytorch" || form == SparseForm::dense, ErrorKind::usage,
        "--form csr is for safetensors: a PyTorch file holds the kept weights alone, and "
        "makes dense layers of them");
    VARPHASE_CHECK(request.mode == "auto", ErrorKind::usage,
                   "--mode {} is for --to onnx: {} the weights, whatever is computed with them",
                   request.mode,
                   request.to == "pytorch" ? "a PyTorch file holds" : "safetensors hold");
  }
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

OnnxModel make_onnx(const fs::path& file, const std::string& wanted) {
  LoadedNetwork loaded = load_network_file(file, at::kCPU);
  const bool noise = loaded.network.first_noise() < loaded.network.layers().size();
  const OnnxMode mode = wanted != "auto" ? onnx_mode_from_name(wanted)
                        : noise          ? OnnxMode::ensemble
                                         : OnnxMode::deterministic;
  OnnxModel model = onnx_graph(loaded.network, mode, normalization_of(loaded.config.data));
  // The first key is older than the word "mode".
  model.metadata = {{"varphase.form", onnx_mode_name(mode)},
                    {"varphase.config", to_json(loaded.config).dump()},
                    {"varphase.epoch", std::to_string(loaded.epoch)}};
  if (!loaded.config.data.class_names.empty())
    model.metadata.emplace_back("varphase.class_names", loaded.config.data.class_names.dump());
  return model;
}

TensorFile make_state_dict(const Source& source, SparseForm form) {
  if (source.pruned)
    return state_dict(
        sparse_model_from_document(read_document(source.file, "pruned"), source.file.string()),
        form);
  VARPHASE_CHECK(form == SparseForm::dense, ErrorKind::usage,
                 "--form csr is for pruned files, {} is a checkpoint", source.file.string());
  const Snapshot snapshot = read_snapshot(source.file);
  check_is_of_its_run(source.file, snapshot.config);
  return state_dict(snapshot);
}

/// RUN/exports/epoch_0022.onnx; with _csr or _moments behind the name where it was asked for.
fs::path default_path(const Source& source, const ExportRequest& request) {
  const bool onnx = request.to == "onnx";
  const char* const ending = onnx ? ".onnx" : request.to == "pytorch" ? ".py" : ".safetensors";
  const std::string usual = onnx ? "auto" : "dense", wanted = onnx ? request.mode : request.form;
  const std::string name = source.file.stem().string() + (wanted == usual ? "" : "_" + wanted);
  return source.folder / (name + ending);
}

}  // namespace

ExportResult export_network(const ExportRequest& request, Job& /*job*/) {
  check_words(request);
  const Source source = find_source(request);
  const fs::path out = request.out.empty() ? default_path(source, request) : fs::path(request.out);
  check_output_file(out, request.overwrite);
  const RunLock lock = begin_analysis(source.folder.parent_path());
  ExportResult result;
  result.path = out.string();
  result.source = source.file.string();
  result.to = request.to;
  if (request.to == "onnx") {
    OnnxModel model = make_onnx(source.file, request.mode);
    make_output_folder(out);
    result.bytes = write_onnx(out, model);
    result.mode = model.metadata.front().second;
    result.inputs = std::move(model.inputs);
    result.outputs = std::move(model.outputs);
  } else {
    const bool pytorch = request.to == "pytorch";
    const SparseForm form =
        pytorch && source.pruned ? SparseForm::csr : sparse_form_from_name(request.form);
    const TensorFile file = make_state_dict(source, form);
    const std::string text =
        pytorch ? pytorch_source(file, text_of_bytes(source.file.string())) : "";
    make_output_folder(out);
    if (pytorch) {
      write_text_atomically(out, text);
      result.bytes = static_cast<std::int64_t>(text.size());
    } else {
      result.bytes = write_safetensors(out, file.arrays, file.metadata);
    }
    for (const Array& array : file.arrays) result.tensors.push_back({array.name, array.shape});
  }
  return result;
}

}  // namespace varphase
