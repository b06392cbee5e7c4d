// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cstring>

#include <ATen/TensorOperators.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/softplus.h>
#include <torch/csrc/autograd/autograd.h>

#include "src/kernels/layers/norm_pool.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kSide = 6, kPool = 2, kOut = kSide / kPool;

/// What a rank has of the batch, and what its kernels write. Images and gradients lie channels-last.
struct Part {
  at::Tensor x, dy, y, dx, winner, workspace;
  at::Tensor mean, inverse_sd, running_mean, running_var, dweight, dbias;
  NormPool<float> job;
  NormPoolGradient<float> gradient;

  Part(const at::Tensor& images, const at::Tensor& upstream, const at::Tensor& weight,
       const at::Tensor& bias)
      : x(images.contiguous()), dy(upstream.contiguous()) {
    const std::int64_t channels = x.size(3);
    y = at::empty_like(dy);
    dx = at::empty_like(x);
    winner = at::empty(dy.sizes(), dy.options().dtype(at::kByte));
    workspace = at::empty({norm_pool_workspace(channels)}, x.options());
    for (at::Tensor* one : {&mean, &inverse_sd, &running_mean, &running_var, &dweight, &dbias})
      *one = at::zeros({channels}, x.options());
    job.x = data_of<float>(x), job.y = data_of<float>(y);
    job.weight = data_of<float>(weight), job.bias = data_of<float>(bias);
    job.rows = x.size(0), job.height = kSide, job.width = kSide, job.channels = channels;
    job.pool = kPool, job.activation = Activation::softplus, job.training = true, job.eps = 1e-5F;
    job.mean = data_of<float>(mean), job.inverse_sd = data_of<float>(inverse_sd);
    job.running_mean = data_of<float>(running_mean), job.momentum = 1;
    job.running_var = data_of<float>(running_var);
    job.winner = winner.data_ptr<std::uint8_t>(), job.workspace = data_of<float>(workspace);
    gradient = {data_of<float>(dy), data_of<float>(dx), data_of<float>(dweight),
                data_of<float>(dbias)};
  }
};

/// A batch in two unequal parts, and all of it by autograd in float64.
struct Batch {
  at::Tensor weight, bias;
  std::vector<Part> parts;
  at::Tensor y, dx, dweight, dbias, mean, var;

  explicit Batch(std::int64_t channels) {
    const at::TensorOptions options = at::TensorOptions().device(test_device());
    const at::Tensor x = at::randn({9, kSide, kSide, channels}, options) * 3 + 2;
    const at::Tensor upstream = at::randn({9, kOut, kOut, channels}, options);
    weight = at::rand({channels}, options) + 0.5;
    bias = at::randn({channels}, options);
    for (const auto& [first, count] : {std::pair{0, 4}, std::pair{4, 5}})
      parts.emplace_back(x.narrow(0, first, count), upstream.narrow(0, first, count), weight, bias);

    const auto leaf = [](const at::Tensor& t) { return t.to(at::kDouble).requires_grad_(true); };
    const at::Tensor wide = leaf(x), w = leaf(weight), b = leaf(bias);
    const at::Tensor first = wide.permute({0, 3, 1, 2});
    mean = first.detach().mean({0, 2, 3});
    var = first.detach().var({0, 2, 3}, true);
    const at::Tensor h = at::batch_norm(first, w, b, {}, {}, true, 0, 1e-5, false);
    y = at::max_pool2d(at::softplus(h), {kPool, kPool}).permute({0, 2, 3, 1});
    const auto gradients =
        torch::autograd::grad({(y * upstream.to(at::kDouble)).sum()}, {wide, w, b});
    dx = gradients[0], dweight = gradients[1], dbias = gradients[2];
  }

  void expect_whole(const std::string& what) const {
    const Part &a = parts[0], &b = parts[1];
    EXPECT_TRUE(at::equal(a.mean, b.mean) && at::equal(a.inverse_sd, b.inverse_sd) &&
                at::equal(a.running_var, b.running_var))
        << what << ": the ranks differ";
    EXPECT_TRUE(close(a.running_mean, mean, tolerance::kFloatSteps)) << what;
    EXPECT_TRUE(close(a.running_var, var, tolerance::kFloatSteps)) << what;
    EXPECT_TRUE(close(at::cat({a.y, b.y}), y, tolerance::kFloatLayer)) << what;
    EXPECT_TRUE(close(at::cat({a.dx, b.dx}), dx, tolerance::kFloatLongSum)) << what;
    EXPECT_TRUE(close(a.dweight + b.dweight, dweight, tolerance::kFloatLongSum)) << what;
    EXPECT_TRUE(close(a.dbias + b.dbias, dbias, tolerance::kFloatLongSum)) << what;
  }
};

at::Tensor own_sums(const Part& part) {
  const at::Tensor sums =
      at::empty({2 * part.job.channels + 1}, part.x.options().dtype(at::kDouble));
  norm_pool_sums(part.job, data_of<double>(sums), where_of(part.x));
  return sums;
}

at::Tensor own_gradient_sums(const Part& part) {
  const at::Tensor sums = at::empty({2 * part.job.channels}, part.x.options().dtype(at::kDouble));
  norm_pool_gradient_sums(part.job, part.gradient, data_of<double>(sums), where_of(part.x));
  return sums;
}

TEST(NormPoolRanks, SumsThatAreAddedUpNormalizeAllPartsAsOne) {
  at::manual_seed(5);
  for (const std::int64_t channels : {3, 20, 300}) {
    Batch batch(channels);
    const at::Tensor sums = own_sums(batch.parts[0]) + own_sums(batch.parts[1]);
    for (Part& part : batch.parts) {
      part.job.sums = data_of<double>(sums);
      norm_pool(part.job, where_of(part.x));
    }
    const at::Tensor gradients =
        own_gradient_sums(batch.parts[0]) + own_gradient_sums(batch.parts[1]);
    for (Part& part : batch.parts) {
      part.gradient.sums = data_of<double>(gradients);
      norm_pool_backward(part.job, part.gradient, where_of(part.x));
    }
    batch.expect_whole(fmt::format("{} channels", channels));
  }
}

/// Memory of two ranks, both on this GPU. Their kernels run one after the other: what the first one waits for, the test
/// writes before, as the second one will.
struct TwoRanks {
  static constexpr std::int64_t kPlaces = 512;
  at::Tensor inboxes[2], calls[2];
  RankLines lines[2];

  TwoRanks() {
    const at::TensorOptions options = at::TensorOptions().device(test_device()).dtype(at::kInt);
    for (int r : {0, 1}) {
      inboxes[r] = at::zeros({RankLines::inbox_bytes(2, kPlaces) / 4}, options);
      calls[r] = at::zeros({kPlaces}, options);
    }
    for (int r : {0, 1}) {
      lines[r].rank = r, lines[r].size = 2, lines[r].places = kPlaces;
      lines[r].calls = reinterpret_cast<std::uint32_t*>(calls[r].data_ptr<int>());
      for (int s : {0, 1}) lines[r].inbox[s] = inboxes[s].data_ptr<int>();
    }
  }

  /// int [places, values, 4] of a slot in `owner`'s memory, from `writer`.
  at::Tensor slot(int owner, int writer, std::int64_t call) const {
    return inboxes[owner].view({2, 2, kPlaces, RankLines::kValues, 4})[call % 2][writer];
  }

  /// @param values  float64 [places, values]
  static at::Tensor as_lines(const at::Tensor& values, std::int64_t call) {
    const at::Tensor host = values.cpu().contiguous();
    at::Tensor lines = at::empty({host.size(0), host.size(1), 4}, at::kInt);
    for (std::int64_t i = 0; i < host.numel(); ++i) {
      std::int32_t halves[2];
      std::memcpy(halves, host.data_ptr<double>() + i, sizeof(halves));
      const std::int32_t line[] = {halves[0], static_cast<std::int32_t>(call), halves[1],
                                   static_cast<std::int32_t>(call)};
      std::memcpy(lines.data_ptr<int>() + 4 * i, line, sizeof(line));
    }
    return lines.to(values.device());
  }
};

TEST(NormPoolRanks, RunningKernelsThatExchangeTheirSumsNormalizeAllPartsAsOne) {
  if (!test_device().is_cuda()) return;  // a way of GPUs alone
  at::manual_seed(6);
  TwoRanks ranks;
  std::int64_t call = 0;
  // One rank after the other, twice: each slot is used again.
  for (const std::int64_t channels : {3, 20, 300}) {
    Batch batch(channels);
    const auto exchange = [&](const at::Tensor& second_sums, auto&& run) {
      ++call;
      const at::Tensor count = at::full({channels}, 5.0 * kSide * kSide, second_sums.options());
      const at::Tensor wanted =
          TwoRanks::as_lines(at::stack({second_sums.narrow(0, 0, channels),
                                        second_sums.narrow(0, channels, channels), count},
                                       1),
                             call);
      ranks.slot(0, 1, call).narrow(0, 0, channels).copy_(wanted);
      for (int r : {0, 1}) run(batch.parts[static_cast<std::size_t>(r)]);
      EXPECT_TRUE(at::equal(ranks.slot(0, 1, call).narrow(0, 0, channels), wanted))
          << channels << " channels: call " << call;
    };
    for (int r : {0, 1}) batch.parts[static_cast<std::size_t>(r)].job.ranks = &ranks.lines[r];
    // Places beyond the last batch's channels have made fewer calls.
    for (int r : {0, 1}) ranks.calls[r].fill_(static_cast<std::int64_t>(call));
    exchange(own_sums(batch.parts[1]), [](Part& part) { norm_pool(part.job, where_of(part.x)); });
    exchange(own_gradient_sums(batch.parts[1]),
             [](Part& part) { norm_pool_backward(part.job, part.gradient, where_of(part.x)); });
    batch.expect_whole(fmt::format("{} channels", channels));
  }
}

}  // namespace
}  // namespace varphase
