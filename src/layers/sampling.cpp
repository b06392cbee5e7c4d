// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/sampling.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "src/base/error.hpp"
#include "src/kernels/layers/sample_output.hpp"
#include "src/torch/kernel_arguments.hpp"

namespace varphase {
namespace {

struct SampleFunction : torch::autograd::Function<SampleFunction> {
  // An undefined tensor is no input to a Function, an empty optional is.
  static at::Tensor forward(torch::autograd::AutogradContext* context,
                            const std::optional<at::Tensor>& m, const at::Tensor& v,
                            const Forward& how, const NoiseKey& key) {
    const bool channels_last = lies_channels_last(v);
    const at::MemoryFormat format =
        channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
    const at::Tensor mean = m ? m->contiguous(format) : at::Tensor();
    const at::Tensor variance = v.contiguous(format);
    const bool needs_gradient = v.requires_grad();
    at::Tensor b = at::empty_like(variance);
    at::Tensor ratio = needs_gradient ? at::empty_like(variance) : at::Tensor();
    const std::int64_t rows = v.size(0);
    const std::int64_t channels = v.size(1);
    const std::int64_t positions = rows * channels == 0 ? 1 : v.numel() / (rows * channels);
    VARPHASE_CHECK(how.example.defined() && how.example.numel() == rows, ErrorKind::shape,
                   "sampling wants an example number for each of {} rows", rows);
    const NoiseRows noise{data_of<std::int64_t>(how.example), data_of<std::int64_t>(how.member),
                          how.member.numel() == 1 ? 0 : 1};
    const auto data = [](const at::Tensor& tensor) {
      return tensor.defined() ? tensor.data_ptr<float>() : nullptr;
    };
    varphase::sample_output(data(mean), data(variance), rows, channels, positions, key, noise,
                            data(b), data(ratio), where_of(variance), channels_last);
    if (needs_gradient) context->save_for_backward({ratio});
    context->saved_data["has_mean"] = m.has_value();
    return b;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const at::Tensor ratio = context->get_saved_variables()[0];
    const bool has_mean = context->saved_data["has_mean"].toBool();
    return {has_mean ? gradients[0] : at::Tensor(), gradients[0] * ratio, at::Tensor(),
            at::Tensor()};
  }
};

}  // namespace

bool lies_channels_last(const at::Tensor& x) {
  return x.dim() == 4 && !x.is_contiguous() && x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor sample_output(const at::Tensor& m, const at::Tensor& v, const Forward& how,
                         std::uint16_t number) {
  NoiseKey key = how.key;
  key.layer = number;
  // Sampling is float32 also where products are bfloat16; both are left as they are otherwise.
  return SampleFunction::apply(
      m.defined() ? std::optional<at::Tensor>(m.to(at::kFloat)) : std::nullopt, v.to(at::kFloat),
      how, key);
}

}  // namespace varphase
