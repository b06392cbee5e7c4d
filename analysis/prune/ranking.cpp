// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/ranking.hpp"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>

#include "analysis/predict/trunk.hpp"
#include "analysis/prune/restore.hpp"
#include "src/torch/numerics.hpp"

namespace varphase {
namespace {

std::vector<double> host_doubles(const at::Tensor& tensor) {
  const at::Tensor host = tensor.detach().to(at::kCPU, at::kDouble).contiguous();
  return {host.data_ptr<double>(), host.data_ptr<double>() + host.numel()};
}

const LayerKappa* find_layer(const KappaMap* map, const std::string& name) {
  if (map == nullptr) return nullptr;
  for (const LayerKappa& layer : map->layers) {
    if (layer.layer == name) return &layer;
  }
  return nullptr;
}

}  // namespace

std::vector<at::Tensor> weight_gradients(Network& network, const std::vector<PrunableLayer>& layers,
                                         const DeviceImages& images) {
  const IeeeFloat32 ieee;
  const at::AutoGradMode gradients(true);
  Restore restore(network);
  std::vector<at::Tensor> weights, sums;
  for (const PrunableLayer& entry : layers) {
    VarianceLayer& layer = *entry.layer;
    const at::Tensor mean = layer.effective_mean(), variance = layer.effective_variance();
    weights.push_back(mean.detach().clone().set_requires_grad(true));
    sums.push_back(at::zeros_like(mean, mean.options().requires_grad(false).dtype(at::kDouble)));
    layer.override_weights(weights.back(), variance.detach());
  }
  const std::int64_t chunk = chunk_images(network, images.pixels.device());
  for (std::int64_t start = 0; start < images.count(); start += chunk) {
    const ImageBatch batch = slice_batch(images, start, std::min(chunk, images.count() - start));
    const at::Tensor logits = network.forward(batch.images, Forward{});
    const at::Tensor nll = at::cross_entropy_loss(logits, batch.labels, {}, at::Reduction::Sum);
    const auto parts = torch::autograd::grad({nll}, weights);
    for (std::size_t l = 0; l < parts.size(); ++l) sums[l] += parts[l];
  }
  return sums;
}

std::vector<ScoreInputs> score_inputs(Network& network, const std::vector<PrunableLayer>& layers,
                                      const std::vector<std::string>& names, const KappaMap* map,
                                      const std::string& no_curvature, const DeviceImages& train,
                                      std::uint64_t seed) {
  std::vector<at::Tensor> gradients;
  const bool wanted = std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return criteria().at(name).gradient;
  });
  if (wanted && map != nullptr) gradients = weight_gradients(network, layers, train);
  std::vector<ScoreInputs> list;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const VarianceLayer& layer = *layers[l].layer;
    ScoreInputs inputs;
    inputs.layer = layer.name();
    inputs.parameterization = std::string(layer.parameterization().name());
    inputs.shape = layer.mean().sizes().vec();
    inputs.mean = host_doubles(layer.effective_mean());
    inputs.variance = host_doubles(layer.effective_variance());
    if (const LayerKappa* kappa = find_layer(map, layer.name())) {
      VARPHASE_CHECK(kappa->shape == inputs.shape, ErrorKind::shape,
                     "kappa of {} has shape {}, the layer's weight {}", layer.name(),
                     shape_text(kappa->shape), shape_text(inputs.shape));
      inputs.hessian_diagonal.assign(kappa->hessian_diagonal.begin(),
                                     kappa->hessian_diagonal.end());
    }
    inputs.no_curvature = no_curvature;
    if (l < gradients.size()) inputs.gradient = host_doubles(gradients[l]);
    if (layers[l].input_square.defined())
      inputs.input_square = host_doubles(layers[l].input_square);
    inputs.noise = {seed, Stream::random_score, layer.number(), 0};
    list.push_back(std::move(inputs));
  }
  return list;
}

Ranking rank(const std::string& criterion, const std::vector<ScoreInputs>& inputs,
             at::Device device) {
  Ranking ranking{criterion, {}};
  for (const ScoreInputs& layer : inputs) {
    std::vector<double> scores = score_weights(criterion, layer);
    ranking.scores.push_back(at::from_blob(scores.data(), layer.shape, at::kDouble)
                                 .to(device, at::kDouble,
                                     /*non_blocking=*/false,
                                     /*copy=*/true));
  }
  return ranking;
}

Rankings rank_by_all(const std::vector<ScoreInputs>& inputs, at::Device device) {
  Rankings rankings;
  for (const std::string& name : criteria().names()) {
    std::string why;
    for (const ScoreInputs& layer : inputs) {
      if (why.empty()) why = refusal(name, layer);
    }
    if (why.empty()) {
      rankings.list.push_back(rank(name, inputs, device));
    } else {
      rankings.left_out.emplace_back(name, why);
    }
  }
  return rankings;
}

}  // namespace varphase
