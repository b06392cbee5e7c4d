// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/robustness/random_start.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <ATen/Parallel.h>
#include <ATen/ops/clamp.h>

#include "src/noise/noise_key.hpp"
#include "src/noise/normal.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kImagesOfTask = 16;

struct Draw {
  NoiseKey key;
  std::uint32_t example = 0, member = 0;
  PhiloxBlock block(std::int64_t quad) const {
    return noise_block(key, example, member, static_cast<std::uint32_t>(quad));
  }
};

void move_in_cube(const Draw& draw, double epsilon, float* pixels, std::int64_t count) {
  for (std::int64_t first = 0; first < count; first += 4) {
    const PhiloxBlock words = draw.block(first / 4);
    const std::array<std::uint32_t, 4> four{words.x0, words.x1, words.x2, words.x3};
    for (std::int64_t i = first; i < std::min(first + 4, count); ++i) {
      const double u = uniform_from_word(four[static_cast<std::size_t>(i - first)]);
      pixels[i] = static_cast<float>(pixels[i] + epsilon * (2 * u - 1));
    }
  }
}

void move_in_sphere(Draw draw, double epsilon, float* pixels, std::int64_t count) {
  std::vector<double> normals(static_cast<std::size_t>(count + 3) / 4 * 4);
  double square = 0;
  for (std::size_t first = 0; first < normals.size(); first += 4) {
    const std::array<float, 4> four =
        four_normals(draw.block(static_cast<std::int64_t>(first) / 4));
    std::copy(four.begin(), four.end(), normals.begin() + static_cast<std::ptrdiff_t>(first));
  }
  normals.resize(static_cast<std::size_t>(count));
  for (const double normal : normals) square += normal * normal;
  draw.key.layer = 1;  // the radius is drawn apart from the direction
  const double u = uniform_from_word(draw.block(0).x0);
  const double scale =
      epsilon * std::pow(u, 1 / static_cast<double>(count)) / std::max(std::sqrt(square), 1e-30);
  for (std::int64_t i = 0; i < count; ++i)
    pixels[i] = static_cast<float>(pixels[i] + scale * normals[static_cast<std::size_t>(i)]);
}

}  // namespace

at::Tensor random_start(const DeviceImages& images, const AttackRequest& request,
                        std::int64_t draw) {
  const at::Tensor example = images.example.to(at::kCPU);
  const at::Tensor start = images.pixels.to(at::kCPU, at::kFloat, false, true).contiguous();
  const std::int64_t count = start.size(1);
  const NoiseKey key{request.seed, Stream::attack_start, 0,
                     static_cast<std::uint8_t>(images.split)};
  at::parallel_for(0, images.count(), kImagesOfTask, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t n = first; n < last; ++n) {
      const Draw own{key, static_cast<std::uint32_t>(example.const_data_ptr<std::int64_t>()[n]),
                     static_cast<std::uint32_t>(draw)};
      float* pixels = start.data_ptr<float>() + n * count;
      request.is_l2() ? move_in_sphere(own, request.epsilon, pixels, count)
                      : move_in_cube(own, request.epsilon, pixels, count);
    }
  });
  return start.clamp_(0, kPixelRange).to(images.pixels.device());
}

}  // namespace varphase
