// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <random>
#include <unistd.h>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <CLI/CLI.hpp>

#include "analysis/curvature/head_diagonal.hpp"
#include "analysis/predict/predictor.hpp"
#include "analysis/predict/trunk.hpp"
#include "analysis/prune/sweep.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "checkpoints/snapshot_writer.hpp"
#include "src/base/console.hpp"
#include "src/base/instruction_set.hpp"
#include "src/base/registry.hpp"
#include "src/data/split.hpp"
#include "src/models/presets.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "src/torch/numerics.hpp"
#include "src/train/trainer.hpp"
#include "tools/app/dataset_files.hpp"
#include "tools/app/device.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/run_images.hpp"
#include "tools/app/spinning.hpp"
#include "tools/bench/attack_cases.hpp"
#include "tools/bench/conv_pool_case.hpp"
#include "tools/bench/curvature_cases.hpp"
#include "tools/bench/measured.hpp"
#include "tools/bench/pruned_layer_cases.hpp"
#include "tools/bench/trace.hpp"

// Our side of tools/bench/bench.py: times one case on LeNet-5 and prints one line of JSON; the
// contract stands in tools/bench/README.md.
namespace varphase {
namespace {

namespace fs = std::filesystem;

struct BenchOptions {
  std::string case_name;
  std::string device = "cpu";
  std::string data = "fashion-mnist";
  std::string activation = "softplus";
  std::string weights;
  std::string trace;
  std::int64_t repeats = 5;
  std::int64_t steps = 60;
  std::int64_t samples = 50;
  std::int64_t images = 0;
};

/// Of CIFAR's size; what they show does not change the time.
ImageSet random_images(std::int64_t count) {
  ImageSet set{3, 32, 32, {}, {}, {}};
  std::mt19937 generator(1);
  for (std::int64_t n = 0; n < count; ++n) {
    set.labels.push_back(n % 10);
    set.index.push_back(n);
  }
  set.pixels.resize(static_cast<std::size_t>(count * set.image_size()));
  for (auto& pixel : set.pixels) pixel = static_cast<std::uint8_t>(generator() % 256);
  return set;
}

/// Network, images and device that every case starts from.
class Bench {
 public:
  Bench(const BenchOptions& options, at::Device device)
      : options_(options), device_(device), dataset_(open_dataset({}, options.data)) {
    // A CPU epoch is scaled up from so many steps.
    const Json json = preset(options.activation == "relu" ? "lenet5-relu" : "lenet5");
    assign_fields(config_.train, json["train"], "train");
    network_ = std::make_unique<Network>(json["network"]);
    network_->initialize(1);
    network_->to(device_);
    if (options.weights.empty()) warm_weights();
  }

  Measured train() {
    set_numerics(true, true);
    const bool whole = device_.is_cuda();
    ImageSet images = dataset_.train;
    const std::int64_t epoch_steps = images.count() / config_.train.batch_size;
    const std::int64_t steps = whole ? epoch_steps : std::min(options_.steps, epoch_steps);
    keep_first(images, steps * config_.train.batch_size);
    const DeviceImages on_device = to_device(images, Split::train, device_);
    Trainer trainer(*network_, on_device, config_.train);
    const double scale = static_cast<double>(epoch_steps) / static_cast<double>(steps);
    Measured measured =
        timed(images.count(), [&] { trainer.run_epoch([](std::int64_t) {}, never_); });
    for (double& seconds : measured.seconds) seconds *= scale;
    measured.images = epoch_steps * config_.train.batch_size;
    measured.detail["unit"] = "seconds an epoch";
    measured.detail["steps_timed"] = steps;
    measured.detail["log_alpha"] = trainer.log_alpha().begin()->second;
    return measured;
  }

  Measured train_vgg() {
    VARPHASE_CHECK(device_.is_cuda(), ErrorKind::usage, "train-vgg is a GPU's case: --device cuda");
    set_numerics(true, true);
    Json json = preset("vgg");
    Json& layers = json["network"]["layers"];  // without dropout, as the peer
    layers.erase(std::remove_if(layers.begin(), layers.end(),
                                [](const Json& layer) { return layer.contains("dropout"); }),
                 layers.end());
    TrainConfig config;
    assign_fields(config, json["train"], "train");
    config.precision = "bf16";
    Network network(json["network"]);
    network.initialize(1);
    network.to(device_);
    const DeviceImages images = to_device(random_images(50000), Split::train, device_);
    Trainer trainer(network, images, config);
    Measured measured =
        timed(images.count(), [&] { trainer.run_epoch([](std::int64_t) {}, never_); });
    measured.epochs_equivalent = static_cast<double>(images.count()) / 60000.0;
    measured.detail["unit"] = "seconds an epoch";
    measured.detail["precision"] = config.precision;
    measured.detail["weights"] = network.weight_count();
    return measured;
  }

  Measured kappa() {
    load_weights();
    const DeviceImages images = to_device(dataset_.train, Split::train, device_);
    const HeadParts head = own_head();
    return timed(images.count(), [&] {
      last_ = stream_hessian_diagonal(*network_, head, images, [](std::int64_t) {});
    });
  }

  Measured kappa_head() {
    load_weights();
    const DeviceImages images = to_device(dataset_.train, Split::train, device_);
    const HeadParts head = own_head();
    const at::Tensor a = all_trunk_features(*network_, images, head.position);
    const IeeeFloat32 ieee;
    const std::int64_t chunk = chunk_images(*network_, device_);
    return timed(images.count(), [&] {
      last_ = at::zeros(head.layer->mean().sizes(), a.options());
      for (std::int64_t first = 0; first < images.count(); first += chunk) {
        const std::int64_t count = std::min(chunk, images.count() - first);
        add_head_hessian_diagonal(head, a.narrow(0, first, count),
                                  images.labels.narrow(0, first, count), last_);
      }
    });
  }

  Measured ensemble() { return ensemble_from(false); }

  /// The same from bytes: the layers before the noise and the moments are computed each time.
  Measured ensemble_images() { return ensemble_from(true); }

  Measured ensemble_from(bool images_each_time) {
    load_weights();
    const DeviceImages images = to_device(dataset_.test, Split::test, device_);
    std::optional<Predictor> predictor;
    Metrics found;
    Measured measured = timed(images.count(), [&] {
      if (images_each_time || !predictor) predictor.emplace(*network_, images, 1);
      const at::Tensor log_p = predictor->log_probabilities(Estimator::ensemble, options_.samples);
      found = metrics(log_p, images.labels);
    });
    measured.epochs_equivalent = static_cast<double>(images.count() * options_.samples) / 60000.0;
    measured.detail["samples"] = options_.samples;
    measured.detail["accuracy"] = found.accuracy;
    measured.detail["nll"] = found.nll;
    return measured;
  }

  /// Ten members of the VGG-like network, from bytes: 10,000 images on a GPU, 500 on a CPU.
  Measured ensemble_vgg() {
    set_numerics(true, false);
    constexpr std::int64_t kMembers = 10;
    Network network(preset("vgg")["network"]);
    network.initialize(1);
    network.to(device_);
    const DeviceImages images =
        to_device(random_images(device_.is_cuda() ? 10000 : 500), Split::test, device_);
    Measured measured = timed(images.count(), [&] {
      last_ = Predictor(network, images, 1).log_probabilities(Estimator::ensemble, kMembers);
    });
    measured.epochs_equivalent = static_cast<double>(images.count() * kMembers) / 60000.0;
    measured.detail["samples"] = kMembers;
    return measured;
  }

  Measured attack_lenet() { return attack_lenet_by(GradientPrecision::float32); }
  Measured attack_lenet_tf32() { return attack_lenet_by(GradientPrecision::tf32); }
  Measured attack_vgg() { return attack_vgg_by(GradientPrecision::float32); }
  Measured attack_vgg_tf32() { return attack_vgg_by(GradientPrecision::tf32); }
  Measured attack_vgg_bf16() { return attack_vgg_by(GradientPrecision::bf16); }

  Measured attack_lenet_by(GradientPrecision precision) {
    set_numerics(true, false);
    load_weights();
    ImageSet images = dataset_.test;
    if (!device_.is_cuda()) limit_images(images, 1000);
    return attack_case(*network_, images, device_, options_.repeats, precision);
  }

  Measured attack_vgg_by(GradientPrecision precision) {
    set_numerics(true, false);
    Network network(preset("vgg")["network"]);
    network.initialize(1);
    network.to(device_);
    return attack_case(network, random_images(device_.is_cuda() ? 10000 : 20), device_,
                       options_.repeats, precision);
  }

  Measured sweep_case() {
    load_weights();
    const DeviceImages images = to_device(dataset_.test, Split::test, device_);
    const DeviceImages train = to_device(dataset_.train, Split::train, device_);
    const HeadParts head = own_head();
    const at::Tensor kappa = stream_hessian_diagonal(*network_, head, train, [](std::int64_t) {}) *
                             head.layer->effective_variance().detach();
    SweepRequest request;
    request.members = options_.samples;
    // As the peer has it: spread evenly over the ranks of |kappa|.
    const at::Tensor ordered = std::get<0>(kappa.abs().flatten().to(at::kCPU).sort());
    constexpr int kThresholds = 41;
    for (int i = 0; i < kThresholds; ++i) {
      const double at_rank = ordered[i * (ordered.numel() - 1) / (kThresholds - 1)].item<double>();
      request.points.push_back({false, std::log10(std::max(at_rank, 1e-30))});
    }
    SweepResult result;
    Measured measured = timed(images.count(), [&] {
      result = sweep(*network_, head, kappa, images, nullptr, request, [](std::int64_t) {});
    });
    measured.epochs_equivalent =
        static_cast<double>(images.count() * options_.samples * 2 * kThresholds) / 60000.0;
    measured.detail["samples"] = options_.samples;
    measured.detail["thresholds"] = kThresholds;
    measured.detail["accuracy_full"] = result.full.accuracy;
    return measured;
  }

  /// What saving adds to an epoch: epochs with and without a checkpoint, in turn.
  Measured checkpoint() {
    set_numerics(true, true);
    const DeviceImages images = to_device(dataset_.train, Split::train, device_);
    Trainer trainer(*network_, images, config_.train);
    const fs::path folder = fs::path(fs::temp_directory_path()) / "varphase-bench-checkpoints";
    fs::remove_all(folder);
    fs::create_directories(folder);
    SnapshotWriter writer{SnapshotWriterOptions{1, 2, nullptr}};
    std::int64_t number = 0;
    const auto epoch = [&](bool save) {
      return seconds_of(device_, [&] {
        trainer.run_epoch([](std::int64_t) {}, never_);
        if (!save) return;
        Snapshot snapshot = trainer.snapshot();
        snapshot.config = "{}";
        writer.submit(folder / fmt::format("epoch_{:04}.h5", ++number), std::move(snapshot));
      });
    };
    epoch(true);
    std::vector<double> with, without;
    for (std::int64_t r = 0; r < options_.repeats; ++r) {
      without.push_back(epoch(false));
      with.push_back(epoch(true));
    }
    writer.flush();
    fs::remove_all(folder);
    Measured measured;
    measured.images = images.count();
    for (std::size_t r = 0; r < with.size(); ++r) measured.seconds.push_back(with[r] - without[r]);
    measured.detail["epoch_seconds"] = median(without);
    measured.detail["share_of_epoch"] = (median(with) - median(without)) / median(without);
    return measured;
  }

 private:
  static void keep_first(ImageSet& images, std::int64_t count) {
    const auto n = static_cast<std::size_t>(count);
    images.pixels.resize(n * static_cast<std::size_t>(images.image_size()));
    images.labels.resize(n);
    images.index.resize(n);
  }

  /// A few steps, so that batch norm has statistics and the weights are no longer those of the
  /// draw.
  void warm_weights() {
    set_numerics(true, true);
    ImageSet images = dataset_.train;
    keep_first(images, 60 * config_.train.batch_size);
    const DeviceImages on_device = to_device(images, Split::train, device_);
    Network trained(network_->spec());
    trained.initialize(1);
    trained.to(device_);
    Trainer trainer(trained, on_device, config_.train);
    trainer.run_epoch([](std::int64_t) {}, never_);
    weights_ = trainer.snapshot();
  }

  void load_weights() {
    set_numerics(true, false);
    load_network(*network_, options_.weights.empty() ? weights_ : read_snapshot(options_.weights));
    network_->to(device_);
  }

  HeadParts own_head() const { return require_head(*network_, network_->position("")); }

  Measured timed(std::int64_t images, const std::function<void()>& work) const {
    Measured measured;
    measured.images = images;
    work();
    work();
    if (!options_.trace.empty()) traced(device_, options_.trace, work);
    for (std::int64_t r = 0; r < options_.repeats; ++r)
      measured.seconds.push_back(seconds_of(device_, work));
    return measured;
  }

  BenchOptions options_;
  at::Device device_;
  Dataset dataset_;
  RunConfig config_;
  std::unique_ptr<Network> network_;
  Snapshot weights_;
  at::Tensor last_;
  const std::atomic<bool> never_{false};
};

using BenchCase = Measured (Bench::*)();
const Registry<BenchCase>& cases() {
  static const Registry<BenchCase> table{"case",
                                         {{"train", &Bench::train},
                                          {"train-vgg", &Bench::train_vgg},
                                          {"kappa", &Bench::kappa},
                                          {"kappa-head", &Bench::kappa_head},
                                          {"ensemble", &Bench::ensemble},
                                          {"ensemble-images", &Bench::ensemble_images},
                                          {"ensemble-vgg", &Bench::ensemble_vgg},
                                          {"attack-lenet", &Bench::attack_lenet},
                                          {"attack-lenet-tf32", &Bench::attack_lenet_tf32},
                                          {"attack-vgg", &Bench::attack_vgg},
                                          {"attack-vgg-tf32", &Bench::attack_vgg_tf32},
                                          {"attack-vgg-bf16", &Bench::attack_vgg_bf16},
                                          {"sweep", &Bench::sweep_case},
                                          {"checkpoint", &Bench::checkpoint}}};
  return table;
}

/// Reading train/CLASS/FILE of --data: decoded, or out of the cache that a first reading filled.
Measured read_images(const BenchOptions& options, bool from_cache) {
  const fs::path only_train = fs::temp_directory_path() / "varphase-bench-images";
  fs::remove_all(only_train);
  fs::create_directories(only_train);
  // The peer reads the training images alone; val is a class folder each of one image.
  fs::create_directory_symlink(fs::absolute(fs::path(options.data) / "train"),
                               only_train / "train");
  for (const auto& folder : fs::directory_iterator(only_train / "train")) {
    const fs::path val = only_train / "val" / folder.path().filename();
    fs::create_directories(val);
    const fs::path image = fs::directory_iterator(folder)->path();
    fs::create_symlink(image, val / image.filename());
  }
  ::setenv("VARPHASE_CACHE", (only_train / "cache").c_str(), 1);
  DataRequest request;
  request.data = only_train.string();
  request.files = from_cache ? &array_dataset_files() : nullptr;
  Measured measured;
  Dataset dataset = read_dataset(request);
  for (std::int64_t r = 0; r < options.repeats; ++r)
    measured.seconds.push_back(seconds_of(at::kCPU, [&] { dataset = read_dataset(request); }));
  fs::remove_all(only_train);
  measured.images = dataset.train.count();
  measured.epochs_equivalent = static_cast<double>(measured.images) / 60000.0;
  std::int64_t sum = 0;
  for (const std::uint8_t pixel : dataset.train.pixels) sum += pixel;
  measured.detail["pixel_sum"] = sum;
  return measured;
}

/// The line that bench.py reads.
void print_result(const BenchOptions& options, const std::string& device,
                  const Measured& measured) {
  print_out("{}\n", Json{{"case", options.case_name},
                         {"side", "ours"},
                         {"device", device},
                         {"seconds", measured.seconds},
                         {"median", median(measured.seconds)},
                         {"images", measured.images},
                         {"epochs_equivalent", measured.epochs_equivalent},
                         {"detail", measured.detail}}
                        .dump());
}

int run_images(const BenchOptions& options) {
  print_result(options, "cpu", read_images(options, options.case_name == "image-cache"));
  return kSuccess;
}

std::vector<std::string> case_names() {
  std::vector<std::string> names = cases().names();
  names.insert(names.end(), {"image-folder", "image-cache", "conv-pool"});
  for (const auto& more : {curvature_cases(), pruned_layer_cases()})
    names.insert(names.end(), more.begin(), more.end());
  return names;
}

bool is_image_case(const std::string& name) { return name.rfind("image-", 0) == 0; }

/// Cases that need no data set.
Measured run_alone(const BenchOptions& options, at::Device device) {
  set_numerics(true, false);
  if (options.case_name == "conv-pool") return conv_pool_case(options.repeats);
  return options.case_name.rfind("curvature-", 0) == 0
             ? curvature_case(options.case_name, device, options.repeats, options.images,
                              options.trace)
             : pruned_layer_case(options.case_name, device, options.repeats);
}

int run(const BenchOptions& options) {
  if (is_image_case(options.case_name)) return run_images(options);
  const at::Device device = open_device({.device = options.device});
  Measured measured;
  const auto known = cases().names();
  if (std::find(known.begin(), known.end(), options.case_name) == known.end()) {
    measured = run_alone(options, device);
  } else {
    const BenchCase work = cases().at(options.case_name);
    Bench bench(options, device);
    measured = (bench.*work)();
    measured.detail["activation"] = options.activation;
  }
  measured.detail["device_name"] = device_name(device);
  measured.detail["threads"] = at::get_num_threads();
  print_result(options, options.device, measured);
  return kSuccess;
}

}  // namespace
}  // namespace varphase

int main(int argc, char** argv) {
  // As the program's front does before it starts the engine.
  if (varphase::limit_spinning()) ::execv("/proc/self/exe", argv);
  varphase::keep_freed_memory();
  varphase::use_torch_threads();
  CLI::App app("Times one case of Varphase; tools/bench/bench.py runs it beside its peer");
  varphase::BenchOptions options;
  app.add_option("case", options.case_name, "what to time")
      ->required()
      ->check(CLI::IsMember(varphase::case_names()));
  app.add_option("--device", options.device, "cpu or cuda")->capture_default_str();
  app.add_option("--data", options.data, "folder of IDX files")->capture_default_str();
  app.add_option("--repeats", options.repeats, "timed repeats after warm-up")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--activation", options.activation, "after the variance layer")
      ->check(CLI::IsMember({"softplus", "relu"}))
      ->capture_default_str();
  app.add_option("--weights", options.weights, "a checkpoint [a few steps of training]");
  app.add_option("--steps", options.steps, "steps that a CPU epoch is scaled from")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--samples", options.samples, "members of the ensemble")->capture_default_str();
  app.add_option("--images", options.images, "images of a curvature case [all]");
  app.add_option("--trace", options.trace, "write a Chrome trace of one repeat to this file");
  CLI11_PARSE(app, argc, argv);
  try {
    varphase::choose_instruction_set_by_environment();
    return varphase::run(options);
  } catch (const std::exception& error) {
    varphase::print_out(
        "{}\n",
        varphase::Json{{"case", options.case_name}, {"side", "ours"}, {"error", error.what()}}
            .dump());
    return varphase::kFailure;
  }
}
