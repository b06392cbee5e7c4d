// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/bench/curvature_cases.hpp"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros_like.h>
#if VARPHASE_CUDA
#include <c10/cuda/CUDACachingAllocator.h>
#endif

#include "analysis/curvature/network_diagonal.hpp"
#include "src/models/presets.hpp"
#include "tools/bench/trace.hpp"

namespace varphase {
namespace {

/// Numbers in [-1/2, 1/2) of a multiplicative hash: the peers write the same in NumPy.
at::Tensor hashed(std::int64_t count, std::int64_t salt) {
  const at::Tensor n = at::arange(count, at::kLong) * 2654435761LL + salt * 40503LL;
  return (n.bitwise_and(0xFFFFFFFFLL).to(at::kDouble) / 4294967296.0 - 0.5);
}

Json lenet() {
  Json network = preset("lenet5")["network"];
  for (Json& layer : network["layers"]) {
    if (layer == "relu") layer = "softplus";
  }
  return network;
}

Json vgg() {
  Json network = preset("vgg")["network"];
  Json layers = Json::array();
  for (const Json& layer : network["layers"]) {
    if (!layer.contains("dropout")) layers.push_back(layer);
  }
  network["layers"] = layers;
  return network;
}

/// DeepOBS' 3C3D with windows of 2 in its pools, which leaves all sizes as they are, and a sigmoid
/// as its last activation.
Json three_conv_three_dense() {
  return Json::parse(R"({"input": [3, 32, 32], "classes": 10, "layers": [
    {"conv2d": {"out": 64, "kernel": 5}}, "relu", {"max_pool": 2},
    {"conv2d": {"out": 96, "kernel": 3}}, "relu", {"max_pool": 2},
    {"conv2d": {"out": 128, "kernel": 3, "padding": 1}}, "relu", {"max_pool": 2},
    {"dense": {"out": 512}}, "relu", {"dense": {"out": 256}}, "sigmoid", {"dense": {"out": 10}}]})");
}

DeviceImages hashed_images(const Shape& input, std::int64_t count, at::Device device) {
  const std::int64_t size = element_count(input);
  DeviceImages images;
  images.pixels =
      ((hashed(count * size, 1) + 0.5) * 256).to(at::kByte).view({count, size}).to(device);
  images.labels = at::arange(count, at::kLong).remainder(10).to(device);
  images.example = at::arange(count, at::kLong).to(device);
  images.channels = input[0];
  images.height = input[1];
  images.width = input[2];
  return images;
}

void hash_weights(Network& network) {
  std::int64_t salt = 2;
  for (auto& entry : network.parameters()) {
    at::Tensor& tensor = *entry.parameter.tensor;
    ++salt;
    if (entry.parameter.role != Role::weight) continue;
    if (tensor.dim() < 2) {
      if (entry.name.find("bias") != std::string::npos) tensor = at::zeros_like(tensor);
      continue;
    }
    const double width = 4 / std::sqrt(static_cast<double>(tensor[0].numel()));
    tensor = (hashed(tensor.numel(), salt) * width).to(at::kFloat).view(tensor.sizes());
  }
}

std::int64_t peak_bytes(at::Device device) {
#if VARPHASE_CUDA
  if (device.is_cuda())
    return c10::cuda::CUDACachingAllocator::getDeviceStats(device.index()).reserved_bytes[0].peak;
#endif
  return device.is_cuda() ? 0 : -1;
}

}  // namespace

std::vector<std::string> curvature_cases() {
  return {"curvature-lenet", "curvature-vgg", "curvature-3c3d", "curvature-3c3d-ggn"};
}

Measured curvature_case(const std::string& name, at::Device device, std::int64_t repeats,
                        std::int64_t images_wanted, const std::string& trace) {
  const bool is_lenet = name == "curvature-lenet", is_vgg = name == "curvature-vgg";
  Network network(is_lenet ? lenet() : is_vgg ? vgg() : three_conv_three_dense());
  network.initialize(1);
  hash_weights(network);
  network.to(device);
  const std::int64_t whole = is_lenet ? 60000 : 50000;
  const DeviceImages images = hashed_images(
      network.input(), images_wanted > 0 ? std::min(images_wanted, whole) : whole, device);
  NetworkDiagonalRequest request;
  if (name == "curvature-3c3d-ggn") request.method = CurvatureMethod::gauss_newton;
  for (std::size_t i = 0; i < network.layers().size(); ++i) {
    if (network.layers()[i]->traits().weighted()) request.layers.push_back(i);
  }
  const DiagonalPlan plan = plan_network_diagonal(network, images, request);
  Measured measured;
  measured.images = images.count();
  measured.epochs_equivalent = static_cast<double>(images.count()) / 60000.0;
  std::vector<LayerDiagonal> sums;
  const auto work = [&] {
    sums = stream_network_diagonal(network, images, request, [](std::int64_t) {});
  };
  if (!trace.empty()) traced(device, trace, work);
  for (std::int64_t r = 0; r < repeats; ++r) measured.seconds.push_back(seconds_of(device, work));
  measured.detail["planned_seconds"] = plan.seconds;
  measured.detail["planned_bytes"] = plan.bytes + plan.map_bytes;
  measured.detail["peak_bytes"] = peak_bytes(device);
  measured.detail["repeatable"] = plan.repeatable;
  for (std::size_t i = 0; i < request.layers.size(); ++i) {
    const std::string layer = network.layers()[request.layers[i]]->name();
    measured.detail["factors"][layer] = plan.factors[i];
    measured.detail["sum"][layer] = sums[i].hessian.sum().item<double>();
    measured.detail["largest"][layer] = sums[i].hessian.abs().max().item<double>();
  }
  return measured;
}

}  // namespace varphase
