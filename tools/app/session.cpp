// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/session.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/version.h>
#if VARPHASE_CUDA
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAFunctions.h>
#endif

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <fstream>
#include <malloc.h>

#include <fmt/chrono.h>
#include <fmt/ranges.h>

#include "analysis/kappa/compute_kappa.hpp"
#include "analysis/sparse/sparse_model.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/instruction_set.hpp"
#include "src/base/log.hpp"
#include "src/base/progress.hpp"
#include "src/base/version.hpp"
#include "src/data/normalization.hpp"
#include "src/data/readers.hpp"
#include "src/layers/conv2d.hpp"
#include "src/torch/numerics.hpp"
#include "src/train/trainer.hpp"
#include "tools/app/dataset_files.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

std::string first_line_value(const std::string& file, const std::string& key) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind(key, 0) != 0) continue;
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos && colon + 2 <= line.size()) return line.substr(colon + 2);
  }
  return "";
}

std::string command_line() {
  std::ifstream stream("/proc/self/cmdline", std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  for (char& c : text) {
    if (c == '\0') c = ' ';
  }
  if (!text.empty()) text.pop_back();
  return text;
}

std::string now() {
  return fmt::format(
      "{:%Y-%m-%dT%H:%M:%SZ}",
      fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

int cuda_devices() {
#if VARPHASE_CUDA
  return at::hasCUDA() ? static_cast<int>(c10::cuda::device_count()) : 0;
#else
  return 0;
#endif
}

std::vector<double> numbers(const char* key, const Json& list) {
  std::vector<double> values;
  for (const Json& value : list) {
    VARPHASE_CHECK(list.is_array() && value.is_number(), ErrorKind::usage,
                   "{}: wants a list of numbers, one a channel, got {}", key, brief(list));
    values.push_back(value.get<double>());
  }
  return values;
}

/// Where a config's images are: where they lay when it was made, or else what was typed, from
/// here. That they are the same ones is seen by their digest.
std::string place_of(const DataConfig& config) {
  std::error_code error;
  const std::string& source = config.source;
  if (!source.empty() && fs::exists(source, error)) return source;
  VARPHASE_CHECK(source.empty() || fs::exists(config.data, error), ErrorKind::io,
                 "{}: the images lay there, and are not there now\n  --data says where they are",
                 source);
  return config.data;
}

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

void keep_freed_memory() {
  ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
  ::mallopt(M_TRIM_THRESHOLD, 2147483647);
  ::mallopt(M_TOP_PAD, 64 << 20);
}

at::Device open_device(const Options& options) {
  if (options.threads > 0) at::set_num_threads(static_cast<int>(options.threads));
  const int gpus = cuda_devices();
  const std::string& name = options.device;
  if (name == "cpu" || (name == "auto" && gpus == 0)) return at::kCPU;
  int index = 0;
  if (name.rfind("cuda:", 0) == 0) {
    const char* last = name.data() + name.size();
    const auto [end, status] = std::from_chars(name.data() + 5, last, index);
    VARPHASE_CHECK(status == std::errc() && end == last && index >= 0, ErrorKind::usage,
                   "--device {}: wants auto, cpu, cuda or cuda:N", name);
  } else {
    VARPHASE_CHECK(name == "cuda" || name == "auto", ErrorKind::usage,
                   "--device {}: wants auto, cpu, cuda or cuda:N", name);
  }
  VARPHASE_CHECK(
      index < gpus, ErrorKind::device,
      "--device {}: {} CUDA devices are usable{}\n  --device cpu runs everything on the CPU", name,
      gpus, VARPHASE_CUDA ? "" : " (this build has no CUDA)");
#if VARPHASE_CUDA
  c10::cuda::set_device(static_cast<c10::DeviceIndex>(index));
#endif
  return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
}

std::string device_name(at::Device device) {
#if VARPHASE_CUDA
  if (device.is_cuda()) return at::cuda::getDeviceProperties(device.index())->name;
#endif
  const std::string model = first_line_value("/proc/cpuinfo", "model name");
  return fmt::format("{}, {}, {} threads", model.empty() ? device.str() : model, instruction_set(),
                     at::get_num_threads());
}

std::map<std::string, std::string> provenance(at::Device device) {
  return {{"version", version()},
          {"git_hash", git_hash()},
          {"libtorch", TORCH_VERSION},
          {"device", device_name(device)},
          {"command", text_of_bytes(command_line())},
          {"created", now()}};
}

Dataset open_dataset(const DataConfig& config, const std::string& data_override) {
  DataRequest request = data_request(config);
  request.data = data_override.empty() ? place_of(config) : data_override;
  Dataset dataset = read_dataset(request);
  for (const std::string& note : dataset.notes)
    log_warning(fmt::format("{}: {}", dataset.name, note));
  if (config.normalize == "none") {
    VARPHASE_CHECK(config.pixel_mean.empty() && config.pixel_std.empty(), ErrorKind::usage,
                   "data.pixel_mean and data.pixel_std are given, and data.normalize is none\n  "
                   "--normalize standard uses them");
    return dataset;
  }
  const bool recorded = !config.pixel_mean.empty() || !config.pixel_std.empty();
  normalize(dataset, recorded ? Normalization{numbers("data.pixel_mean", config.pixel_mean),
                                              numbers("data.pixel_std", config.pixel_std)}
                              : channel_statistics(dataset.train));
  return dataset;
}

void record_normalization(DataConfig& config, const Dataset& dataset) {
  config.pixel_mean = dataset.train.normalization.mean;
  config.pixel_std = dataset.train.normalization.deviation;
}

void record_source(DataConfig& config) {
  const std::vector<std::string> names = dataset_names();
  const bool named = std::find(names.begin(), names.end(), config.data) != names.end();
  const fs::path absolute = named ? fs::path() : fs::absolute(config.data);
  // Behind a link, ".." is another folder than the text says.
  std::error_code error;
  const fs::path normal = absolute.lexically_normal();
  config.source = (fs::equivalent(absolute, normal, error) ? normal : absolute).string();
}

Normalization recorded_normalization(const DataConfig& config, std::int64_t channels) {
  if (config.normalize == "none") return {};
  Normalization recorded{numbers("data.pixel_mean", config.pixel_mean),
                         numbers("data.pixel_std", config.pixel_std)};
  const auto wanted = static_cast<std::size_t>(channels);
  VARPHASE_CHECK(recorded.mean.size() == wanted && recorded.deviation.size() == wanted,
                 ErrorKind::usage,
                 "data.normalize is {}, and data.pixel_mean and data.pixel_std have {} and {} "
                 "numbers for {} channels\n  a run's config.json records them",
                 config.normalize, recorded.mean.size(), recorded.deviation.size(), channels);
  for (const double deviation : recorded.deviation)
    VARPHASE_CHECK(deviation > 0, ErrorKind::usage, "data.pixel_std: {}, wants numbers over 0",
                   deviation);
  return recorded;
}

void check_fits(const Network& network, const Dataset& dataset, bool training) {
  const Shape images{dataset.train.channels, dataset.train.height, dataset.train.width};
  VARPHASE_CHECK(images == network.input(), ErrorKind::shape,
                 "{}: images are {}, the network wants {}{}", dataset.name, shape_text(images),
                 shape_text(network.input()),
                 training ? form_hint({images[1], images[2], images[0]},
                                      {network.input()[1], network.input()[2], network.input()[0]})
                          : "\n  images of the form that the run was trained on are wanted");
  VARPHASE_CHECK(dataset.classes <= network.classes(), ErrorKind::shape,
                 "{}: {} classes, the network has {}", dataset.name, dataset.classes,
                 network.classes());
}

OneEpoch open_one_epoch(const Options& options, const std::string& verb) {
  const Target target = resolve_target(options.run, options.epoch.empty() ? "last" : options.epoch);
  VARPHASE_CHECK(target.epochs.size() == 1, ErrorKind::usage, "{} takes one epoch, got {}", verb,
                 target.epochs.size());
  const std::int64_t epoch = target.epochs.front();
  const RunConfig config = target.run.config();
  OneEpoch opened{target.run,
                  epoch,
                  config,
                  open_dataset(config.data, options.data),
                  open_device(options),
                  target.run.checkpoint(epoch)};
  set_numerics(config.train.deterministic, false);
  return opened;
}

LoadedNetwork network_of_snapshot(const Snapshot& snapshot, at::Device device,
                                  const std::string& origin) {
  check_is_of_its_run(origin, snapshot.config);
  RunConfig config;
  try {
    assign_fields(config, parse_json(snapshot.config, origin));
    Network network(config.network);
    load_network(network, snapshot);
    network.to(device);
    return {config,         std::move(network),
            snapshot.epoch, value_of(snapshot.provenance, kDatasetDigest),
            std::nullopt,   {}};
  } catch (const Error& error) {
    throw Error(error.kind(),
                fmt::format("{}: {}\n  the file was changed after it was written, or its config "
                            "was: varphase check tells which files are whole",
                            origin, error.what()));
  }
}

LoadedNetwork load_network_file(const fs::path& path, at::Device device, const std::string& form) {
  const std::optional<ExecutionForm> given = execution_form_from_name(form);
  Document document = read_document(path, "");
  if (document.kind != "pruned")
    return network_of_snapshot(snapshot_from_document(std::move(document), path.string()), device,
                               path.string());
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
  loaded.pruned = std::move(model);
  set_pruned_weights(loaded, device, given);
  return loaded;
}

namespace {

/// Of the same weights: variances as a file has them, from whatever device.
bool same_variances(const std::vector<float>& a, const std::vector<float>& b) {
  constexpr float kRounding = 1e-4F;
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float one, float other) {
    return std::abs(one - other) <= kRounding * std::max(one, other);
  });
}

}  // namespace

TakenMap kappa_of(Network& network, const std::optional<MapFiles>& files, std::int64_t epoch,
                  const DeviceImages& train, const std::string& digest, const Options& options) {
  KappaRequest request;
  request.smooth = options.smooth;
  const KappaPlan plan(network, request);
  std::vector<std::optional<LayerKappa>> found(plan.parts().size());
  std::vector<std::string> from;
  const std::vector<MapFiles::File> candidates =
      files ? files->of_epoch(epoch) : std::vector<MapFiles::File>{};
  const auto complete = [&] {
    return std::all_of(found.begin(), found.end(),
                       [](const auto& layer) { return layer.has_value(); });
  };
  for (const MapFiles::File& file : candidates) {
    if (complete()) break;
    KappaMap map;
    try {
      map = kappa_from_document(read_document(file.path, "kappa"), file.path.string());
    } catch (const Error& error) {
      log_warning(fmt::format("{}\n  left aside", error.what()));
      continue;
    }
    if (map.method != "exact" || map.split != split_name(train.split) || map.label ||
        map.epoch != epoch || map.images != train.count() ||
        map.provenance[kDatasetDigest] != digest)
      continue;
    bool took = false;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const KappaPlan::Part& part = plan.parts()[i];
      const VarianceLayer& layer = *network.layers()[part.position]->as_variance();
      for (LayerKappa& candidate : map.layers) {
        if (found[i] || candidate.layer != layer.name() || candidate.smooth != part.smooth ||
            candidate.shape != layer.mean().sizes().vec() ||
            !same_variances(candidate.variance, host_floats(layer.effective_variance())))
          continue;
        found[i] = std::move(candidate);
        took = true;
      }
    }
    if (took) from.push_back(file.path.lexically_relative(files->root().parent_path()).string());
  }
  if (complete()) {
    KappaMap map;
    map.epoch = epoch;
    map.images = train.count();
    map.split = split_name(train.split);
    map.smooth = plan.smooth_text(network);
    for (std::optional<LayerKappa>& layer : found) map.layers.push_back(std::move(*layer));
    return {std::move(map), fmt::format("{}", fmt::join(from, ", "))};
  }
  Progress progress(fmt::format("kappa of epoch {}", epoch), plan.passes() * train.count(),
                    " images", options.quiet);
  KappaMap map =
      compute_kappa(network, train, request, [&](std::int64_t n) { progress.advance(n); });
  map.epoch = epoch;
  return {std::move(map), kComputedMap};
}

}  // namespace varphase
