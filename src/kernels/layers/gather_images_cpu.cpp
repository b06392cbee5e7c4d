// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/layers/gather_images.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/layers/gather_images_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "src/kernels/support/dispatch.hpp"

// Plain loops, which the compiler turns into vectors of each instruction set.
HWY_BEFORE_NAMESPACE();
namespace varphase {
namespace HWY_NAMESPACE {

void bytes_to_unit(const std::uint8_t* from, std::int64_t count, float* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]) * kPixelUnit;
}

void normalize_plane(float* values, std::int64_t count, float mean, float inverse_std) {
  for (std::int64_t i = 0; i < count; ++i) values[i] = (values[i] - mean) * inverse_std;
}

}  // namespace HWY_NAMESPACE
}  // namespace varphase
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace varphase {
namespace {

HWY_EXPORT(bytes_to_unit);
HWY_EXPORT(normalize_plane);

void crop_plane(const std::uint8_t* from, const GatherImages& job, const CropFlipDraw& draw,
                float* to) {
  for (std::int32_t y = 0; y < job.height; ++y) {
    const std::int32_t from_y = y + draw.dy;
    for (std::int32_t x = 0; x < job.width; ++x) {
      const std::int32_t from_x = (draw.flip ? job.width - 1 - x : x) + draw.dx;
      const bool inside = from_y >= 0 && from_y < job.height && from_x >= 0 && from_x < job.width;
      *to++ = inside ? static_cast<float>(from[from_y * job.width + from_x]) * kPixelUnit : 0.0F;
    }
  }
}

void gather_one(const GatherImages& job, std::int64_t row, float* out) {
  const std::uint8_t* pixels = job.pixels + row * job.size;
  const auto normalize = HWY_DYNAMIC_DISPATCH(normalize_plane);
  if (!job.crop_flip.on) HWY_DYNAMIC_DISPATCH(bytes_to_unit)(pixels, job.size, out);
  if (!job.crop_flip.on && job.mean == nullptr) return;
  const std::int64_t plane = std::int64_t{job.height} * job.width;
  for (std::int64_t c = 0; c < job.size / plane; ++c) {
    if (job.crop_flip.on) {
      crop_plane(pixels + c * plane, job, draw_crop_flip(job.crop_flip, job.example[row]),
                 out + c * plane);
    }
    if (job.mean != nullptr) normalize(out + c * plane, plane, job.mean[c], job.inverse_std[c]);
  }
}

}  // namespace

void gather_images(const GatherImages& job, Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::gather_images(job, where.stream));
    return;
  }
  const std::int64_t first = job.step != nullptr ? *job.step * job.batch : 0;
  parallel_for(job.batch, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      const std::int64_t row = job.order[first + n];
      gather_one(job, row, job.out + n * job.size);
      job.labels_out[n] = job.labels[row];
      job.examples_out[n] = job.example[row];
    }
  });
}

}  // namespace varphase
#endif  // HWY_ONCE
