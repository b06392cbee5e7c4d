// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "src/kernels/layers/multiply_noise.hpp"
#include "src/layers/activation_elements.hpp"
#include "src/layers/layer.hpp"
#include "src/layers/sampling.hpp"
#include "src/torch/kernel_arguments.hpp"

namespace varphase {
namespace {

// Training epoch e and evaluation's member e of the training images are told apart: splits are 0 to
// 2.
constexpr std::uint8_t kTrainingMasks = 255;
// So are the gradients of an attack and the passes that judge it.
constexpr std::uint8_t kAttackMasks = 64, kJudgeMasks = 128;

std::uint8_t masks_of(const Forward& how) {
  if (how.training) return kTrainingMasks;
  if (how.key.stream == Stream::attack) return how.key.sub + kAttackMasks;
  if (how.key.stream == Stream::attack_judge) return how.key.sub + kJudgeMasks;
  return how.key.sub;
}

template <class T>
void multiply(const at::Tensor& from, const at::Tensor& to, bool channels_last, const Forward& how,
              const NoiseFactor& factor) {
  MultiplyNoise<T> job;
  job.x = elements_of<T>(from);
  job.y = elements_of<T>(to);
  job.rows = from.size(0);
  job.channels = from.size(1);
  job.positions = from.numel() == 0 ? 1 : from.numel() / (job.rows * job.channels);
  job.channels_last = channels_last;
  job.factor = factor;
  job.key = how.key;
  job.noise = {data_of<std::int64_t>(how.example), data_of<std::int64_t>(how.member),
               how.member.numel() == 1 ? 0 : 1};
  multiply_noise(job, where_of(from));
}

/// A noise factor of each activation, for the rows of `how`; no gradient of its own.
at::Tensor multiplied(const at::Tensor& x, const Forward& how, const NoiseFactor& factor) {
  VARPHASE_CHECK(how.example.defined() && how.example.numel() == x.size(0), ErrorKind::shape,
                 "dropout wants an example number for each of {} rows", x.size(0));
  const bool channels_last = lies_channels_last(x);
  const at::Tensor from =
      x.contiguous(channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
  at::Tensor to = at::empty_like(from);
  on_activations(
      from, [&](auto type) { multiply<decltype(type)>(from, to, channels_last, how, factor); });
  return to;
}

// Nothing is stored but the key: the backward pass draws the same factors again.
struct MultiplyFunction : torch::autograd::Function<MultiplyFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const Forward& how, const NoiseFactor& factor) {
    auto& saved = context->saved_data;
    saved["example"] = how.example;
    saved["member"] = how.member;
    saved["seed"] = static_cast<std::int64_t>(how.key.seed);
    saved["layer"] = static_cast<std::int64_t>(how.key.layer);
    saved["sub"] = static_cast<std::int64_t>(how.key.sub);
    saved["gaussian"] = factor.gaussian;
    saved["scale"] = static_cast<double>(factor.scale);
    saved["threshold"] = static_cast<std::int64_t>(factor.threshold);
    return multiplied(x, how, factor);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    auto& saved = context->saved_data;
    Forward how;
    how.example = saved["example"].toTensor();
    how.member = saved["member"].toTensor();
    how.key = {static_cast<std::uint64_t>(saved["seed"].toInt()), Stream::dropout,
               static_cast<std::uint16_t>(saved["layer"].toInt()),
               static_cast<std::uint8_t>(saved["sub"].toInt())};
    const NoiseFactor factor{saved["gaussian"].toBool(),
                             static_cast<float>(saved["scale"].toDouble()),
                             static_cast<std::uint64_t>(saved["threshold"].toInt())};
    return {multiplied(gradients[0], how, factor), at::Tensor(), at::Tensor()};
  }
};

/// Multiplies activations by noise of mean 1 in every mode but `mean`, which takes that mean: the
/// identity. Whether the network trains does not matter, so that stochastic and ensemble prediction
/// draw masks too (Gal & Ghahramani, 2016).
class Dropout final : public Layer {
 public:
  Dropout(std::string_view kind, double option, const NoiseFactor& factor, const Shape& input)
      : kind_(kind), option_(option), factor_(factor), shape_(input) {}
  std::string_view kind() const override { return kind_; }
  Json options() const override { return option_; }
  Shape output_shape() const override { return shape_; }
  LayerTraits traits() const override {
    LayerTraits traits;
    traits.by_channel = true;
    traits.noise = LayerTraits::Noise::activations;
    return traits;
  }
  at::Tensor forward(const at::Tensor& x, const Forward& how) override {
    if (how.mode == Mode::mean) return x;
    Forward own = how;
    own.key.stream = Stream::dropout;
    own.key.layer = number();
    own.key.sub = masks_of(how);
    VARPHASE_CHECK(x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16,
                   ErrorKind::unsupported, "{}: masks are drawn for float32, got {}", name(),
                   c10::toString(x.scalar_type()));
    return MultiplyFunction::apply(x.is_cuda() ? x : x.to(at::kFloat), own, factor_);
  }

 private:
  std::string_view kind_;
  double option_;
  NoiseFactor factor_;
  Shape shape_;
};

}  // namespace

std::unique_ptr<Layer> make_dropout(const Json& options, const Shape& input) {
  VARPHASE_CHECK(
      options.is_number() && options.get<double>() >= 0 && options.get<double>() < 1,
      ErrorKind::usage,
      "dropout: wants the share that is dropped, 0 <= p < 1, {{\"dropout\": 0.5}}, got {}",
      brief(options));
  const auto p = options.get<double>();
  return std::make_unique<Dropout>("dropout", p, dropout_factor(1 - p), input);
}

std::unique_ptr<Layer> make_gaussian_dropout(const Json& options, const Shape& input) {
  VARPHASE_CHECK(options.is_number() && options.get<double>() >= 0 && options.get<double>() <= 1e8,
                 ErrorKind::usage,
                 "gaussian_dropout: wants alpha, the variance of the factors, "
                 "{{\"gaussian_dropout\": 1}}, got "
                 "{}",
                 brief(options));
  const auto alpha = options.get<double>();
  return std::make_unique<Dropout>("gaussian_dropout", alpha, gaussian_dropout_factor(alpha),
                                   input);
}

}  // namespace varphase
