// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

#include "src/data/dataset.hpp"

namespace varphase {

/// A part of a data set on the device that trains or analyses, still in bytes; or images that were
/// changed, in float32.
struct DeviceImages {
  at::Tensor pixels;   // uint8 or float32, 0 .. 255, [N, C * H * W]
  at::Tensor labels;   // int64 [N]
  at::Tensor example;  // int64 [N], the images' numbers in the data's file
  std::int64_t channels = 0, height = 0, width = 0;
  Split split = Split::train;
  at::Tensor mean;         // float32 [C], of pixel / 255; undefined: images are not normalized
  at::Tensor inverse_std;  // float32 [C]

  std::int64_t count() const { return labels.size(0); }
};

DeviceImages to_device(const ImageSet& images, Split split, at::Device device);

/// Mean and inverse standard deviation by channel, as DeviceImages has them; both undefined for images that are not
/// normalized.
struct DeviceNormalization {
  at::Tensor mean, inverse_std;
};
DeviceNormalization to_device(const Normalization& normalization, at::Device device);

/// What a network is given of float32 pixels 0 .. 255 [N, C * H * W]: (pixel / 255 - mean) *
/// inverse_std, [N, C, H, W], differentiable; the same bits as of the same pixels in bytes.
at::Tensor network_input(const DeviceImages& images, const at::Tensor& pixels);

/// The images at some places of a set, with their numbers. @param which  int64 [M]
DeviceImages select_images(const DeviceImages& images, const at::Tensor& which);

/// Images first .. first + count - 1 with their numbers; shares their memory.
DeviceImages slice_images(const DeviceImages& images, std::int64_t first, std::int64_t count);

/// How training images are changed when a batch is gathered.
struct Augmentation {
  bool crop_flip = false;
  std::int64_t padding = 0;
  std::uint64_t seed = 0;
  at::Tensor epoch;  // int64 [1], read at every batch
};

/// One batch, float32: pixel / 255, normalized where the images are.
struct ImageBatch {
  at::Tensor images;   // [B, C, H, W]
  at::Tensor labels;   // int64 [B]
  at::Tensor example;  // int64 [B]
};

/// Tensors for batches of that size, to be filled again and again.
ImageBatch empty_batch(const DeviceImages& images, std::int64_t size);

/// Fills a batch with the B images from order[step * B] on. Images in float32 are not augmented.
/// @param step  int64 [1]; undefined: 0
void fill_batch(const DeviceImages& images, const at::Tensor& order, const at::Tensor& step,
                ImageBatch& batch, const Augmentation& augmentation = {});

/// Images first .. first + count - 1 in the set's own order.
ImageBatch slice_batch(const DeviceImages& images, std::int64_t first, std::int64_t count);

}  // namespace varphase
