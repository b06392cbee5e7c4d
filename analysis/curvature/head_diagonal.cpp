// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/head_diagonal.hpp"

#include <algorithm>
#include <charconv>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>

#include "analysis/predict/trunk.hpp"
#include "src/kernels/curvature/output_curvature.hpp"
#include "src/kernels/products/float32_product.hpp"
#include "src/layers/activation_layer.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "src/torch/numerics.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kFloatSums = 100000;  // images whose chunks may be added in float32

template <class T>
at::Tensor output_curvature_of(const HeadParts& head, const at::Tensor& b,
                               const at::Tensor& labels) {
  Head<T> view;
  view.scale = data_of<T>(head.scale);
  view.shift = data_of<T>(head.shift);
  view.weight = data_of<T>(head.weight);
  view.bias = data_of<T>(head.bias);
  view.units = b.size(1);
  view.classes = head.weight.size(0);
  view.activation = head.activation;
  view.beta = static_cast<T>(head.beta);
  at::Tensor out = at::empty_like(b);
  output_curvature<T>(view, data_of<T>(b), data_of<std::int64_t>(labels), b.size(0),
                      data_of<T>(out), nullptr, where_of(b));
  return out;
}

}  // namespace

Smoothing parse_smoothing(const std::string& text, const HeadParts& head) {
  const bool kinks = piecewise_linear(head.activation);
  const Smoothing smoothing = parse_smoothing(text, kinks && head.activation != Activation::abs);
  // tanh and the like are smooth: softplus in their place would be another network.
  return kinks ? smoothing : Smoothing{};
}

Smoothing parse_smoothing(const std::string& text, bool smooth_by_default) {
  if (text == "none") return {};
  if (text == "auto") return {smooth_by_default, 1};
  if (text == "softplus") return {true, 1};
  constexpr std::string_view kPrefix = "softplus:";
  if (text.rfind(kPrefix, 0) == 0) {
    double beta = 0;
    const char* last = text.data() + text.size();
    const auto [end, status] = std::from_chars(text.data() + kPrefix.size(), last, beta);
    if (status == std::errc() && end == last && beta > 0 && beta < 1e6) return {true, beta};
  }
  fail(ErrorKind::usage, "--smooth {}: wants auto, none, softplus or softplus:BETA with BETA > 0",
       text);
}

std::string smoothing_text(const Smoothing& smoothing) {
  return smoothing.softplus ? fmt::format("softplus:{:g}", smoothing.beta) : "none";
}

HeadParts smoothed(HeadParts head, const Smoothing& smoothing) {
  if (!smoothing.softplus) return head;
  VARPHASE_CHECK(head.activation != Activation::abs, ErrorKind::unsupported,
                 "{}: softplus does not approximate |x|\n  use --smooth none", head.layer->name());
  head.activation = Activation::softplus;
  head.beta = smoothing.beta;
  return head;
}

void add_head_hessian_diagonal(const HeadParts& head, const at::Tensor& a, const at::Tensor& labels,
                               at::Tensor& sum) {
  const at::NoGradGuard no_gradients;
  const at::Tensor mean = head.layer->effective_mean().to(a.scalar_type());
  if (a.scalar_type() == at::kDouble) {
    const at::Tensor b = head.layer->output_mean(a, mean).contiguous();
    sum += output_curvature_of<double>(head, b, labels).t().mm(a.square());
    return;
  }
  const std::int64_t rows = a.size(0), inputs = a.size(1), units = mean.size(0);
  const bool split = a.is_cuda() && sum.scalar_type() == at::kFloat &&
                     !head.layer->bias().defined() && float32_product_fits(rows, inputs, units);
  if (!split) {
    const at::Tensor b = head.layer->output_mean(a, mean).contiguous();
    sum += output_curvature_of<float>(head, b, labels).t().mm(a.square());
    return;
  }
  const at::Tensor x = a.contiguous(), weight = mean.contiguous();
  const at::Tensor b = at::empty({rows, units}, x.options());
  {
    const at::Tensor workspace =
        at::empty({product_of_rows_bytes(rows, units, inputs)}, x.options().dtype(at::kByte));
    product_of_rows(data_of<float>(x), data_of<float>(weight), rows, units, inputs,
                    data_of<float>(b), data_of<std::uint8_t>(workspace), where_of(x));
  }
  const at::Tensor r = output_curvature_of<float>(head, b, labels);
  const at::Tensor parts =
      at::empty({product_parts(units, inputs, rows), units, inputs}, x.options());
  add_product_with_squares(data_of<float>(r), data_of<float>(x), units, inputs, rows,
                           data_of<float>(sum), data_of<float>(parts), where_of(x));
}

at::Tensor head_hessian_diagonal(const HeadParts& head, const at::Tensor& a,
                                 const at::Tensor& labels) {
  at::Tensor sum = at::zeros(head.layer->mean().sizes(), a.options());
  add_head_hessian_diagonal(head, a, labels, sum);
  return sum;
}

at::Tensor head_hessian_entries(const HeadParts& head, const at::Tensor& a,
                                const at::Tensor& labels, const at::Tensor& entries) {
  const at::NoGradGuard no_gradients;
  const at::Tensor mean = head.layer->effective_mean().to(a.scalar_type());
  const at::Tensor b = head.layer->output_mean(a, mean).contiguous();
  const at::Tensor r = a.scalar_type() == at::kDouble ? output_curvature_of<double>(head, b, labels)
                                                      : output_curvature_of<float>(head, b, labels);
  const at::Tensor unit = entries.div(mean.size(1), "floor"), input = entries % mean.size(1);
  return r.index_select(1, unit) * a.index_select(1, input).square();
}

at::Tensor stream_hessian_diagonal(Network& network, const HeadParts& head,
                                   const DeviceImages& images,
                                   const std::function<void(std::int64_t)>& advanced) {
  const at::NoGradGuard no_gradients;
  const IeeeFloat32 ieee;
  const std::int64_t n = images.count();
  const at::ScalarType sum_type = n > kFloatSums ? at::kDouble : at::kFloat;
  at::Tensor total = at::zeros(head.layer->mean().sizes(),
                               head.layer->mean().options().requires_grad(false).dtype(sum_type));
  const std::int64_t chunk = chunk_images(network, images.pixels.device());
  for (std::int64_t first = 0; first < n; first += chunk) {
    const std::int64_t count = std::min(chunk, n - first);
    const at::Tensor a = trunk_features(network, images, head.position, first, count);
    add_head_hessian_diagonal(head, a, images.labels.narrow(0, first, count), total);
    advanced(count);
  }
  return total.to(at::kFloat);
}

DiagonalProof verify_hessian_diagonal(Network& network, const HeadParts& head,
                                      const DeviceImages& images, std::int64_t entries,
                                      std::uint64_t seed, std::int64_t image_count) {
  const std::int64_t n = std::min(image_count, images.count());
  const IeeeFloat32 ieee;
  const at::Tensor a = trunk_features(network, images, head.position, 0, n);
  const at::Tensor labels = images.labels.narrow(0, 0, n);
  const at::Tensor closed = head_hessian_diagonal(head, a, labels).to(at::kDouble);

  const HeadParts wide = head.to(at::kDouble);
  const at::Tensor x = a.to(at::kDouble);
  const auto nll = [&](const at::Tensor& weight) {
    return at::cross_entropy_loss(wide.logits(head.layer->output_mean(x, weight)), labels, {},
                                  at::Reduction::Sum);
  };
  return prove_by_double_backward(nll, head.layer->effective_mean().to(at::kDouble), closed,
                                  entries, {seed, Stream::probe, head.layer->number(), 0});
}

}  // namespace varphase
