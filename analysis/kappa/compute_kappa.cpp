// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/compute_kappa.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>

namespace varphase {
namespace {

at::Tensor as_tensor(const std::vector<float>& values, const Shape& shape) {
  return at::from_blob(const_cast<float*>(values.data()), shape, at::kFloat).to(at::kDouble);
}

}  // namespace

KappaMap compute_kappa(Network& network, const DeviceImages& images, const KappaRequest& request,
                       const std::function<void(std::int64_t)>& advanced) {
  KappaMap map;
  map.images = images.count();
  map.split = split_name(images.split);
  for (VarianceLayer* layer : network.variance_layers()) {
    const HeadParts plain = require_head(network, network.position(layer->name()));
    VARPHASE_CHECK(
        layer->parameterization().has_mean() || plain.activation != Activation::abs,
        ErrorKind::unsupported,
        "{}: a zero-centred layer's outputs are at their mean on the kink of the |x| behind it, "
        "where there is no curvature\n  take another activation for kappa",
        layer->name());
    const Smoothing smoothing = parse_smoothing(request.smooth, plain);
    const HeadParts head = smoothed(plain, smoothing);
    map.smooth = smoothing_text(smoothing);
    LayerKappa kappa;
    kappa.layer = layer->name();
    kappa.shape = layer->mean().sizes().vec();
    kappa.hessian_diagonal = host_floats(stream_hessian_diagonal(network, head, images, advanced));
    kappa.variance = host_floats(layer->effective_variance());
    map.layers.push_back(std::move(kappa));
    if (request.verify > 0) {
      map.proofs.push_back({request.verify, verify_hessian_diagonal(network, head, images,
                                                                    request.verify, request.seed)});
    }
  }
  VARPHASE_CHECK(!map.layers.empty(), ErrorKind::unsupported,
                 "this network has no variance layer: it has no kappa");
  return map;
}

at::Tensor kappa_tensor(const LayerKappa& layer) {
  return (as_tensor(layer.hessian_diagonal, layer.shape) * as_tensor(layer.variance, layer.shape))
      .to(at::kFloat);
}

}  // namespace varphase
