// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/bench/conv_pool_case.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>

#include "src/base/instruction_set.hpp"
#include "src/kernels/layers/conv_pool.hpp"
#include "tools/bench/multiply_add_peak.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kImages = 1000;

struct Convolution {
  const char* name;
  std::int64_t channels, side, out_channels;
};
// Both with kernels of 5 x 5, as published.
constexpr Convolution kLeNet[] = {{"conv1", 1, 28, 20}, {"conv2", 20, 12, 50}};

}  // namespace

Measured conv_pool_case(std::int64_t repeats) {
  at::set_num_threads(1);
  const double peak = multiply_add_peak();
  Measured measured;
  measured.seconds.assign(static_cast<std::size_t>(repeats), 0);
  measured.images = kImages;
  measured.epochs_equivalent = static_cast<double>(kImages) / 60000.0;
  measured.detail = {{"instruction_set", instruction_set()},
                     {"peak_gflops", peak / 1e9},
                     {"table", Json::array()}};
  at::manual_seed(1);
  for (const Convolution& layer : kLeNet) {
    const at::Tensor x = at::rand({kImages, layer.channels, layer.side, layer.side}),
                     weight = at::randn({layer.out_channels, layer.channels, 5, 5}),
                     bias = at::randn({layer.out_channels});
    ConvPool job;
    job.x = x.const_data_ptr<float>();
    job.weight = weight.const_data_ptr<float>();
    job.bias = bias.const_data_ptr<float>();
    job.rows = kImages;
    job.channels = layer.channels;
    job.height = job.width = layer.side;
    job.out_channels = layer.out_channels;
    job.kernel = 5;
    const std::int64_t places = job.out_height() * job.out_width();
    const at::Tensor y = at::empty({kImages, layer.out_channels, places});
    job.y = y.data_ptr<float>();
    conv_pool(job, {});
    std::vector<double> seconds;
    for (std::int64_t r = 0; r < repeats; ++r) {
      seconds.push_back(seconds_of(at::kCPU, [&] { conv_pool(job, {}); }));
      measured.seconds[static_cast<std::size_t>(r)] += seconds.back();
    }
    const double operations = 2.0 * static_cast<double>(y.numel() * 4 * layer.channels * 25);
    const double rate = operations / median(seconds);
    measured.detail["table"].push_back(
        {{"layer", layer.name}, {"gflops", rate / 1e9}, {"share_of_peak", rate / peak}});
  }
  return measured;
}

}  // namespace varphase
