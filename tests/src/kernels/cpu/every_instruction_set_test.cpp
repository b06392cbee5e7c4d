// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cstring>
#include <functional>

#include "src/base/instruction_set.hpp"
#include "src/kernels/layers/gather_images.hpp"
#include "src/kernels/layers/multiply_noise.hpp"
#include "src/kernels/layers/sample_output.hpp"
#include "src/noise/normal_fill.hpp"
#include "tests/src/kernels/cpu/float64_reference.hpp"

namespace varphase {
namespace {

/// Runs `job` under every instruction set of the processor and expects the same bytes of each,
/// those of the definition written out.
void expect_same_bits(const std::string& what, const Numbers& wanted,
                      const std::function<Numbers()>& job) {
  const std::string before = instruction_set();
  for (const std::string& name : instruction_sets()) {
    choose_instruction_set(name);
    const Numbers values = job();
    ASSERT_EQ(values.size(), wanted.size());
    EXPECT_EQ(std::memcmp(values.data(), wanted.data(), values.size() * sizeof(float)), 0)
        << what << ": " << name;
  }
  choose_instruction_set(before);
}

TEST(EveryInstructionSet, DrawsTheSameNoise) {
  for (const std::int64_t units : {1, 3, 64, 777, 100003}) {
    const NoiseKey key{0x123456789ABCULL, Stream::training, 3, 0};
    Numbers one_by_one;
    for (std::int64_t u = 0; u < units; ++u)
      one_by_one.push_back(normal_at(key, 17, 4, static_cast<std::uint64_t>(u)));
    expect_same_bits(fmt::format("{} normals", units), one_by_one, [&] {
      Numbers out(at(units));
      fill_normals(key, 17, 4, units, out.data());
      return out;
    });
    Numbers uniforms;
    for (std::int64_t u = 0; u < units; ++u) {
      const PhiloxBlock block =
          noise_block({99, Stream::dropout, 1, 0}, 5, 0, static_cast<std::uint32_t>(u / 4));
      const std::uint32_t words[] = {block.x0, block.x1, block.x2, block.x3};
      uniforms.push_back(static_cast<float>(words[u % 4] >> 8U) / 16777216.0F);
    }
    expect_same_bits(fmt::format("{} uniforms", units), uniforms, [&] {
      Numbers out(at(units));
      fill_uniforms({99, Stream::dropout, 1, 0}, 5, 0, units, out.data());
      return out;
    });
  }
}

TEST(EveryInstructionSet, SamplesTheSameOutputs) {
  Random random(9);
  const std::vector<std::int64_t> example = {3, 1, 77}, member = {2};
  for (const bool channels_last : {false, true}) {
    for (const std::int64_t channels : {1, 5, 50}) {
      const std::int64_t positions = 6, size = 3 * channels * positions;
      const Numbers m = random.normals(size), v = random.positives(size);
      Numbers sampled(at(2 * size)), factors[2] = {Numbers(at(size)), Numbers(at(size))};
      for (std::int64_t i = 0; i < size; ++i) {
        const std::int64_t n = i / (channels * positions), inner = i % (channels * positions);
        const std::int64_t position = channels_last ? inner / channels : inner % positions;
        const std::int64_t channel = channels_last ? inner % channels : inner / positions;
        const std::uint32_t unit =
            output_unit(static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(channel),
                        static_cast<std::uint32_t>(channels));
        const auto image = static_cast<std::uint32_t>(example[at(n)]);
        const float eps = normal_at({5, Stream::training, 2, 0}, image, 2, unit);
        const float sd = std::sqrt(v[at(i)] + 1e-16F);
        sampled[at(i)] = m[at(i)] + eps * sd;
        sampled[at(size + i)] = eps / (2 * sd);
        const NoiseKey key{5, Stream::dropout, 2, 0};
        const PhiloxBlock block = noise_block(key, image, 2, unit / 4);
        const std::uint32_t words[] = {block.x0, block.x1, block.x2, block.x3};
        const bool keep = static_cast<double>(words[unit % 4]) < std::floor(0.7 * 0x1p32);
        factors[0][at(i)] = m[at(i)] * (keep ? static_cast<float>(1 / 0.7) : 0.0F);
        factors[1][at(i)] = m[at(i)] * std::fma(static_cast<float>(std::sqrt(0.3)),
                                                normal_at(key, image, 2, unit), 1.0F);
      }
      expect_same_bits("sample_output", sampled, [&] {
        Numbers out(at(2 * size));
        sample_output(m.data(), v.data(), 3, channels, positions, {5, Stream::training, 2, 0},
                      {example.data(), member.data(), 0}, out.data(), out.data() + size, {},
                      channels_last);
        return out;
      });
      for (const bool gaussian : {false, true}) {
        MultiplyNoise<float> job;
        job.x = m.data(), job.rows = 3, job.channels = channels, job.positions = positions;
        job.channels_last = channels_last;
        job.factor = gaussian ? gaussian_dropout_factor(0.3) : dropout_factor(0.7);
        job.key = {5, Stream::dropout, 2, 0};
        job.noise = {example.data(), member.data(), 0};
        expect_same_bits("multiply_noise", factors[gaussian ? 1 : 0], [&] {
          Numbers out(at(size));
          job.y = out.data();
          multiply_noise(job, {});
          return out;
        });
      }
    }
  }
}

TEST(EveryInstructionSet, GathersTheSameImages) {
  Random random(10);
  const std::int64_t count = 9, size = 3 * 7 * 5;
  std::vector<std::uint8_t> pixels;
  for (std::int64_t i = 0; i < count * size; ++i)
    pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
  std::vector<std::int64_t> labels, example, order;
  for (std::int64_t i = 0; i < count; ++i) {
    labels.push_back(i % 3);
    example.push_back(i + 100);
    order.push_back((i * 4) % count);
  }
  const Numbers mean = random.positives(3), inverse = random.positives(3);
  const std::int64_t epoch = 3;
  for (const bool normalized : {false, true}) {
    for (const bool crop : {false, true}) {
      GatherImages job;
      job.pixels = pixels.data(), job.labels = labels.data(), job.example = example.data();
      job.order = order.data(), job.batch = count, job.size = size;
      job.height = 7, job.width = 5;
      if (normalized) job.mean = mean.data(), job.inverse_std = inverse.data();
      job.crop_flip.on = crop;
      job.crop_flip.padding = 2;
      job.crop_flip.key = {1, Stream::augmentation, 0, 0};
      job.crop_flip.epoch = &epoch;
      std::vector<std::int64_t> labels_out(at(count)), examples_out(at(count));
      job.labels_out = labels_out.data(), job.examples_out = examples_out.data();
      Numbers gathered;
      for (std::int64_t i = 0; i < count * size; ++i) {
        const std::int64_t image = order[at(i / size)], c = i % size / 35;
        std::int64_t y = i % 35 / 5, x = i % 5;
        if (crop) {
          const CropFlipDraw draw = draw_crop_flip(job.crop_flip, example[at(image)]);
          y += draw.dy;
          x = (draw.flip ? 4 - x : x) + draw.dx;
        }
        const bool inside = y >= 0 && y < 7 && x >= 0 && x < 5;
        const std::uint8_t pixel = inside ? pixels[at(image * size + c * 35 + y * 5 + x)] : 0;
        const float share = static_cast<float>(pixel) * (1.0F / 255.0F);
        gathered.push_back(normalized ? (share - mean[at(c)]) * inverse[at(c)] : share);
      }
      expect_same_bits("gather_images", gathered, [&] {
        Numbers out(at(count * size));
        job.out = out.data();
        gather_images(job, {});
        return out;
      });
    }
  }
}

}  // namespace
}  // namespace varphase
