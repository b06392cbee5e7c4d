// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/robustness/input_gradient.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <torch/csrc/autograd/autograd.h>

#include "analysis/predict/fused_head.hpp"
#include "src/base/error.hpp"
#include "src/layers/sampling.hpp"
#include "src/torch/numerics.hpp"
#include "src/train/bfloat16_products.hpp"

namespace varphase {
namespace {

// Of what a backward pass keeps at a time.
constexpr std::int64_t kBytesOfCpu = 256LL << 20, kBytesOfCuda = 8LL << 30;

using Tensors = std::vector<at::Tensor>;

/// Some members' part: log sum_k p_k[target], and the gradients of minus that by the shared values.
struct Part {
  at::Tensor log_sum;
  Tensors gradients;
};

at::Tensor by_image(const at::Tensor& weight, const at::Tensor& like) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(like.dim()), 1);
  shape[0] = -1;
  return weight.view(shape);
}

/// The gradients of -log of the sum of all parts' sums: each weighted with its share of the sum.
Part sum_of(const std::vector<Part>& parts) {
  if (parts.size() == 1) return parts.front();
  Tensors sums;
  for (const Part& part : parts) sums.push_back(part.log_sum);
  const at::Tensor all = at::stack(sums);  // [parts, N]
  const at::Tensor share = at::softmax(all, 0);
  Part total{at::logsumexp(all, {0}), {}};
  for (std::size_t i = 0; i < parts.front().gradients.size(); ++i) {
    at::Tensor sum;
    for (std::size_t p = 0; p < parts.size(); ++p) {
      const at::Tensor& own = parts[p].gradients[i];
      const at::Tensor weighted = own * by_image(share[static_cast<std::int64_t>(p)], own);
      sum = sum.defined() ? sum + weighted : weighted;
    }
    total.gradients.push_back(sum);
  }
  return total;
}

std::int64_t elements(const Network& network, std::size_t first, std::size_t last) {
  std::int64_t count = 0;
  for (std::size_t i = first; i < last; ++i)
    count += element_count(network.layers()[i]->output_shape());
  return count;
}

/// One batch of images, whose backward passes fit the memory.
class Batch {
 public:
  Batch(Network& network, const DeviceImages& images, at::Tensor target, const MemberDraws& draws,
        std::int64_t members_at_once, bool bf16)
      : network_(network),
        images_(images),
        target_(std::move(target)),
        draws_(draws),
        members_at_once_(members_at_once),
        first_noise_(network.first_noise()),
        bf16_(bf16) {}

  InputGradient run() {
    const at::AutoGradMode gradients(true);
    const at::Tensor pixels = images_.pixels.detach().set_requires_grad(true);
    const at::Tensor input = network_input(images_, pixels);
    if (draws_.members == 0) {
      const at::Tensor log_p =
          at::log_softmax(through(input, Forward{}, 0, network_.layers().size()), 1);
      const at::Tensor loss = -log_p.gather(1, target_.unsqueeze(1)).squeeze(1);
      return {loss.detach(), torch::autograd::grad({loss.sum()}, {pixels})[0]};
    }
    const Tensors shared = shared_values(input);
    std::vector<Part> parts;
    for (std::int64_t done = 0; done < draws_.members; done += members_at_once_)
      parts.push_back(members(shared, draws_.first_member + done,
                              std::min(members_at_once_, draws_.members - done)));
    const Part total = sum_of(parts);
    return {std::log(static_cast<double>(draws_.members)) - total.log_sum,
            torch::autograd::grad(shared, {pixels}, total.gradients)[0]};
  }

 private:
  /// The layers from `first` to before `last`; float32 in, float32 out of the last.
  at::Tensor through(const at::Tensor& x, const Forward& how, std::size_t first,
                     std::size_t last) const {
    const Bfloat16Products products(bf16_, x.device().type());
    const at::Tensor y = network_.forward_range(x, how, first, last);
    return last == network_.layers().size() ? y.to(at::kFloat) : y;
  }

  VarianceLayer* drawn_layer() const { return network_.layers()[first_noise_]->as_variance(); }

  /// What all members share: mean (where there is one) and standard deviation of the first noisy
  /// layer's output where it is a variance layer, else its input.
  Tensors shared_values(const at::Tensor& input) const {
    const at::Tensor features = through(input, Forward{}, 0, first_noise_);
    const VarianceLayer* layer = drawn_layer();
    if (layer == nullptr) return {features};
    const Bfloat16Products products(bf16_, input.device().type());
    const VarianceLayer::Moments moments = layer->sampled_moments(features, Mode::sampled);
    const at::Tensor sd = output_sd(moments.variance.to(at::kFloat));
    return moments.mean.defined() && moments.mean.requires_grad()
               ? Tensors{sd, moments.mean.to(at::kFloat)}
               : Tensors{sd};
  }

  /// Row n * K + k is image n seen by member first + k.
  Part members(const Tensors& shared, std::int64_t first, std::int64_t count) const {
    Tensors leaves;
    for (const at::Tensor& value : shared) leaves.push_back(value.detach().set_requires_grad(true));
    const Forward how{
        Mode::sampled, false, draws_.key, images_.example.repeat_interleave(count).contiguous(),
        at::arange(first, first + count, target_.options()).repeat({target_.size(0)})};
    const VarianceLayer* layer = drawn_layer();
    const at::Tensor x = layer != nullptr ? drawn(*layer, leaves, how, count)
                                          : leaves[0].repeat_interleave(count, 0);
    const at::Tensor logits =
        through(x, how, first_noise_ + (layer != nullptr ? 1 : 0), network_.layers().size());
    const at::Tensor log_p = at::log_softmax(logits, 1).view({-1, count, logits.size(1)});
    const at::Tensor of_target =
        log_p.gather(2, target_.view({-1, 1, 1}).expand({-1, count, 1})).squeeze(2);
    const at::Tensor log_sum = at::logsumexp(of_target, {1});
    return {log_sum.detach(), torch::autograd::grad({-log_sum.sum()}, leaves)};
  }

  at::Tensor drawn(const VarianceLayer& layer, const Tensors& leaves, const Forward& how,
                   std::int64_t count) const {
    const at::Tensor& sd = leaves[0];
    std::vector<std::int64_t> shape = sd.sizes().vec();
    shape[0] *= count;
    // An output of no mean and unit variance is the noise itself.
    const at::Tensor unit = at::empty(shape, sd.options().requires_grad(false),
                                      lies_channels_last(sd) ? at::MemoryFormat::ChannelsLast
                                                             : at::MemoryFormat::Contiguous)
                                .fill_(1);
    const at::Tensor noise = sample_output({}, unit, how, layer.number());
    at::Tensor b = noise.unflatten(0, {-1, count}) * sd.unsqueeze(1);
    if (leaves.size() > 1) {
      b = b + leaves[1].unsqueeze(1);
    } else if (layer.bias().defined()) {
      std::vector<std::int64_t> by_channel(static_cast<std::size_t>(b.dim()), 1);
      by_channel[2] = -1;
      b = b + layer.bias().detach().view(by_channel);
    }
    return b.flatten(0, 1);
  }

  Network& network_;
  const DeviceImages& images_;
  at::Tensor target_;
  MemberDraws draws_;
  std::int64_t members_at_once_;
  std::size_t first_noise_;
  bool bf16_;
};

}  // namespace

InputGradient input_gradient(Network& network, const DeviceImages& images, const at::Tensor& target,
                             const MemberDraws& asked, GradientPrecision precision) {
  VARPHASE_CHECK(images.pixels.scalar_type() == at::kFloat, ErrorKind::shape,
                 "the gradient by an image wants its pixels in float32");
  VARPHASE_CHECK(target.dim() == 1 && target.size(0) == images.count(), ErrorKind::shape,
                 "{} targets for {} images", target.numel(), images.count());
  const Tf32Products products(precision != GradientPrecision::float32);
  MemberDraws draws = asked;
  const std::size_t last = network.layers().size(), noise = network.first_noise();
  if (noise == last) draws.members = 0;
  // Outputs of layers and what their backward passes add to them.
  const std::int64_t budget = (images.pixels.is_cuda() ? kBytesOfCuda : kBytesOfCpu) /
                              (2 * static_cast<std::int64_t>(sizeof(float)));
  const std::int64_t once = images.pixels.size(1) + elements(network, 0, noise);
  const std::int64_t each = std::max<std::int64_t>(1, elements(network, noise, last));
  const std::int64_t members = std::max<std::int64_t>(draws.members, 1);
  const std::int64_t chunk = std::max<std::int64_t>(budget / (once + members * each), 1);
  const std::int64_t members_at_once =
      chunk > 1 ? members : std::clamp<std::int64_t>((budget - once) / each, 1, members);
  Tensors losses, gradients;
  for (std::int64_t first = 0; first < images.count(); first += chunk) {
    const std::int64_t count = std::min(chunk, images.count() - first);
    const DeviceImages some = slice_images(images, first, count);
    InputGradient own = Batch(network, some, target.narrow(0, first, count), draws, members_at_once,
                              precision == GradientPrecision::bf16)
                            .run();
    losses.push_back(std::move(own.loss));
    gradients.push_back(std::move(own.gradient));
  }
  return {at::cat(losses), at::cat(gradients)};
}

InputGradient mean_over_networks(const std::vector<InputGradient>& networks) {
  VARPHASE_CHECK(!networks.empty(), ErrorKind::usage, "an ensemble wants a network");
  std::vector<Part> parts;
  for (const InputGradient& own : networks) parts.push_back({-own.loss, {own.gradient}});
  const Part total = sum_of(parts);
  return {std::log(static_cast<double>(networks.size())) - total.log_sum, total.gradients[0]};
}

}  // namespace varphase
