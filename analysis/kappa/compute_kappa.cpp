// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/compute_kappa.hpp"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

#include "analysis/kappa/shared_sums.hpp"
#include "src/base/enum_names.hpp"
#include "src/models/patterns.hpp"

namespace varphase {
namespace {

std::vector<std::size_t> positions_of(const Network& network,
                                      const std::vector<std::string>& names) {
  std::vector<std::size_t> positions;
  const bool all = std::find(names.begin(), names.end(), "all") != names.end();
  for (Layer* layer : network.modules()) {
    const bool wanted =
        names.empty() ? layer->as_variance() != nullptr : all && layer->traits().weighted();
    if (wanted) positions.push_back(network.position(layer->name()));
  }
  VARPHASE_CHECK(!names.empty() || !positions.empty(), ErrorKind::unsupported,
                 "this network has no variance layer: it has no kappa\n  --layer all gives the "
                 "curvature of every layer");
  if (!all) {
    for (const std::string& name : names) positions.push_back(network.position(name));
  }
  std::sort(positions.begin(), positions.end());
  positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
  return positions;
}

void refuse_kink(const Network& network, std::size_t position) {
  const VarianceLayer* layer = network.layers()[position]->as_variance();
  if (layer == nullptr || layer->parameterization().has_mean()) return;
  const auto phi = activation_behind(network.layers(), position);
  VARPHASE_CHECK(
      !phi || phi->activation != Activation::abs, ErrorKind::unsupported,
      "{}: a zero-centred layer's outputs are at their mean on the kink of the |x| behind it, "
      "where there is no curvature\n  take another activation for kappa",
      layer->name());
}

std::string method_text(const KappaRequest& request, bool bends) {
  switch (request.method) {
    case CurvatureMethod::gauss_newton:
      return "Gauss-Newton";
    case CurvatureMethod::sampled_residual:
      return bends ? fmt::format("estimate, {} samples", request.samples)
                   : "exact, piecewise linear";
    case CurvatureMethod::exact:
      return bends ? "exact" : "exact, piecewise linear";
  }
  return "";
}

std::vector<float> floats_of(const at::Tensor& sum) {
  return sum.defined() ? host_floats(sum.to(at::kFloat)) : std::vector<float>{};
}

LayerKappa layer_of(const Network& network, const KappaPlan::Part& part) {
  Layer& layer = *network.layers()[part.position];
  LayerKappa kappa;
  kappa.layer = layer.name();
  kappa.smooth = part.smooth;
  kappa.shape = weight_and_bias(layer).weight.sizes().vec();
  if (const VarianceLayer* variance = layer.as_variance())
    kappa.variance = host_floats(variance->effective_variance());
  return kappa;
}

/// The arrays of a pass, one after the other.
std::vector<at::Tensor*> arrays_of(std::vector<LayerDiagonal>& diagonals) {
  std::vector<at::Tensor*> list;
  for (LayerDiagonal& one : diagonals) {
    for (at::Tensor* tensor :
         {&one.hessian, &one.gauss_newton, &one.gradient, &one.fisher, &one.error_variance}) {
      if (tensor->defined()) list.push_back(tensor);
    }
  }
  return list;
}

std::vector<LayerDiagonal> shared_diagonal(Communicator& ranks, Network& network,
                                           const DeviceImages& images,
                                           const NetworkDiagonalRequest& general,
                                           const std::function<void(std::int64_t)>& advanced,
                                           std::vector<std::int64_t>* factors) {
  std::vector<LayerDiagonal> last;
  const std::vector<at::Tensor> sums = shared_sums(ranks, images, [&](const DeviceImages& part) {
    last = stream_network_diagonal(
        network, part, general, [&](std::int64_t n) { advanced(n * ranks.size()); }, factors);
    std::vector<at::Tensor> own;
    for (const at::Tensor* array : arrays_of(last)) own.push_back(*array);
    return own;
  });
  const std::vector<at::Tensor*> arrays = arrays_of(last);
  for (std::size_t i = 0; i < arrays.size(); ++i) *arrays[i] = sums[i];
  return last;
}

at::Tensor head_diagonal(Communicator* ranks, Network& network, const HeadParts& head,
                         const DeviceImages& images,
                         const std::function<void(std::int64_t)>& advanced) {
  if (ranks == nullptr) return stream_hessian_diagonal(network, head, images, advanced);
  return shared_sums(*ranks, images,
                     [&](const DeviceImages& part) -> std::vector<at::Tensor> {
                       return {stream_hessian_diagonal(network, head, part, [&](std::int64_t n) {
                         advanced(n * ranks->size());
                       })};
                     })
      .front();
}

}  // namespace

CurvatureMethod curvature_method_from_name(const std::string& name) {
  static const EnumNames<CurvatureMethod> methods{
      "curvature method",
      {{CurvatureMethod::exact, "exact"},
       {CurvatureMethod::gauss_newton, "ggn"},
       {CurvatureMethod::sampled_residual, "estimate"}}};
  return methods.value(name);
}

std::size_t KappaPlan::add_general(const KappaRequest& request, const Smoothing& smoothing,
                                   bool shared) {
  for (std::size_t i = 0; shared && i < general_.size(); ++i) {
    if (smoothing_text(general_[i].smoothing) == smoothing_text(smoothing)) return i;
  }
  NetworkDiagonalRequest general;
  general.method = request.method;
  general.samples = request.samples;
  general.seed = request.seed;
  general.others = request.others;
  general.smoothing = smoothing;
  general_.push_back(general);
  return general_.size() - 1;
}

KappaPlan::KappaPlan(const Network& network, const KappaRequest& request) {
  for (const std::size_t position : positions_of(network, request.layers)) {
    refuse_kink(network, position);
    const std::optional<HeadParts> head = find_head(network, position);
    const Smoothing smoothing =
        head ? parse_smoothing(request.smooth, *head) : parse_smoothing(request.smooth, false);
    Part part{position, smoothing_text(smoothing), std::nullopt, 0, 0};
    if (head && request.method == CurvatureMethod::exact && !request.others) {
      part.head = smoothed(*head, smoothing);
    } else {
      for (std::size_t i = position; i < network.layers().size(); ++i)
        require_rule(*network.layers()[i]);
      const bool alone = request.smooth == "auto" && smoothing.softplus;
      part.general = add_general(request, smoothing, !alone);
      part.slot = general_[part.general].layers.size();
      general_[part.general].layers.push_back(position);
    }
    parts_.push_back(std::move(part));
  }
}

std::int64_t KappaPlan::passes() const {
  auto count = static_cast<std::int64_t>(general_.size());
  for (const Part& part : parts_) count += part.head ? 1 : 0;
  return count;
}

std::string KappaPlan::smooth_text(const Network& network) const {
  bool same = true;
  std::string all;
  for (const Part& part : parts_) {
    same = same && part.smooth == parts_.front().smooth;
    all += fmt::format("{}{} {}", all.empty() ? "" : ", ", network.layers()[part.position]->name(),
                       part.smooth);
  }
  return same ? parts_.front().smooth : all;
}

KappaMap compute_kappa(Network& network, const DeviceImages& images, const KappaRequest& request,
                       const std::function<void(std::int64_t)>& advanced, PartialFiles* partial,
                       Communicator* ranks) {
  const KappaPlan plan(network, request);
  KappaMap map;
  map.images = images.count();
  map.split = split_name(images.split);
  map.smooth = plan.smooth_text(network);
  std::vector<std::vector<LayerDiagonal>> diagonals;
  std::vector<std::vector<std::int64_t>> factors(plan.general().size());
  for (const NetworkDiagonalRequest& general : plan.general()) {
    std::vector<std::int64_t>* of = &factors[diagonals.size()];
    diagonals.push_back(
        ranks == nullptr ? stream_network_diagonal(network, images, general, advanced, of, partial)
                         : shared_diagonal(*ranks, network, images, general, advanced, of));
  }
  for (const KappaPlan::Part& part : plan.parts()) {
    if (partial != nullptr && partial->stop_asked()) throw Interrupted{};
    LayerKappa kappa = layer_of(network, part);
    DiagonalProof proved;
    if (part.head) {
      kappa.hessian_diagonal =
          host_floats(head_diagonal(ranks, network, *part.head, images, advanced));
      if (request.verify > 0)
        proved = verify_hessian_diagonal(network, *part.head, images, request.verify, request.seed);
    } else {
      const NetworkDiagonalRequest& general = plan.general()[part.general];
      const LayerDiagonal& found = diagonals[part.general][part.slot];
      const bool bends = bends_behind(network, part.position, general.smoothing);
      kappa.method = method_text(request, bends);
      kappa.factors = factors[part.general][part.slot];
      kappa.hessian_diagonal = floats_of(found.hessian);
      kappa.gauss_newton = floats_of(found.gauss_newton);
      kappa.gradient = floats_of(found.gradient);
      kappa.fisher = floats_of(found.fisher);
      if (found.error_variance.defined())
        kappa.standard_error = floats_of(found.error_variance.sqrt());
      if (request.verify > 0)
        proved = verify_network_diagonal(network, images, general, part.position, request.verify);
    }
    const bool plain = !kappa.has_variance();
    (plain ? map.plain_layers : map.layers).push_back(std::move(kappa));
    if (request.verify > 0)
      (plain ? map.plain_proofs : map.proofs)
          .push_back({request.verify, proved.worst_relative_error, proved.rows});
  }
  map.method = request.method == CurvatureMethod::exact          ? "exact"
               : request.method == CurvatureMethod::gauss_newton ? "Gauss-Newton"
                                                                 : "estimate";
  return map;
}

}  // namespace varphase
