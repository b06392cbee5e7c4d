// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/torch/device_images.hpp"

#include <array>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include "src/base/error.hpp"
#include "src/kernels/layers/gather_images.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "src/torch/shape.hpp"

namespace varphase {
namespace {

template <class T>
at::Tensor copy_to(const std::vector<T>& values, at::IntArrayRef shape, at::ScalarType type,
                   at::Device device) {
  // from_blob wants a mutable pointer; the tensor is only read.
  return at::from_blob(const_cast<T*>(values.data()), shape, at::TensorOptions(type))
      .to(device, type, false, true);
}

/// Where the caller has them on that device already, its own memory, which is only read.
at::Tensor pixels_on(const ImageSet& images, at::IntArrayRef shape, at::Device device) {
  if (images.is_real()) return copy_to(images.reals, shape, at::kFloat, device);
  if (images.held.data != nullptr && images.held.device == device.str())
    return at::from_blob(const_cast<std::uint8_t*>(images.held.data), shape,
                         at::TensorOptions(at::kByte).device(device));
  return copy_to(images.pixels, shape, at::kByte, device);
}

}  // namespace

DeviceImages to_device(const ImageSet& images, Split split, at::Device device) {
  const std::int64_t n = images.count();
  const std::array<std::int64_t, 2> shape{n, images.image_size()};
  DeviceImages on_device{pixels_on(images, shape, device),
                         copy_to(images.labels, {n}, at::kLong, device),
                         copy_to(images.index, {n}, at::kLong, device),
                         images.channels,
                         images.height,
                         images.width,
                         split,
                         {},
                         {}};
  DeviceNormalization normalization = to_device(images.normalization, device);
  on_device.mean = std::move(normalization.mean);
  on_device.inverse_std = std::move(normalization.inverse_std);
  return on_device;
}

DeviceNormalization to_device(const Normalization& normalization, at::Device device) {
  if (normalization.mean.empty()) return {};
  std::vector<double> inverse;
  for (const double deviation : normalization.deviation) inverse.push_back(1 / deviation);
  const auto by_channel = [&](const std::vector<double>& values) {
    return copy_to(values, {static_cast<std::int64_t>(values.size())}, at::kDouble, at::kCPU)
        .to(at::kFloat)
        .to(device, at::kFloat);
  };
  return {by_channel(normalization.mean), by_channel(inverse)};
}

DeviceImages select_images(const DeviceImages& images, const at::Tensor& which) {
  DeviceImages selected = images;
  for (at::Tensor* tensor : {&selected.pixels, &selected.labels, &selected.example})
    *tensor = tensor->index_select(0, which);
  return selected;
}

DeviceImages slice_images(const DeviceImages& images, std::int64_t first, std::int64_t count) {
  DeviceImages slice = images;
  for (at::Tensor* tensor : {&slice.pixels, &slice.labels, &slice.example})
    *tensor = tensor->narrow(0, first, count);
  return slice;
}

ImageBatch empty_batch(const DeviceImages& images, std::int64_t size) {
  const at::TensorOptions options = images.pixels.options();
  return {
      at::empty({size, images.channels, images.height, images.width}, options.dtype(at::kFloat)),
      at::empty({size}, options.dtype(at::kLong)), at::empty({size}, options.dtype(at::kLong))};
}

at::Tensor network_input(const DeviceImages& images, const at::Tensor& pixels) {
  const at::Tensor unit =
      pixels.view({-1, images.channels, images.height, images.width}) * kPixelUnit;
  if (!images.mean.defined()) return unit;
  const Shape by_channel{-1, 1, 1};
  return (unit - images.mean.view(by_channel)) * images.inverse_std.view(by_channel);
}

namespace {

void fill_from_floats(const DeviceImages& images, const at::Tensor& order, const at::Tensor& step,
                      ImageBatch& batch) {
  const std::int64_t count = batch.labels.size(0);
  // By tensors alone: within a CUDA graph the step is not known here.
  const at::Tensor rows =
      step.defined() ? order.index_select(0, at::arange(count, order.options()).add_(step * count))
                     : order.narrow(0, 0, count);
  batch.images.copy_(network_input(images, images.pixels.index_select(0, rows)));
  batch.labels.copy_(images.labels.index_select(0, rows));
  batch.example.copy_(images.example.index_select(0, rows));
}

}  // namespace

void fill_batch(const DeviceImages& images, const at::Tensor& order, const at::Tensor& step,
                ImageBatch& batch, const Augmentation& augmentation) {
  if (images.pixels.scalar_type() == at::kFloat) {
    VARPHASE_CHECK(!augmentation.crop_flip, ErrorKind::unsupported,
                   "images in float32 are not augmented");
    fill_from_floats(images, order, step, batch);
    return;
  }
  const GatherImages job{
      data_of<std::uint8_t>(images.pixels),
      data_of<std::int64_t>(images.labels),
      data_of<std::int64_t>(images.example),
      data_of<std::int64_t>(order),
      data_of<std::int64_t>(step),
      batch.labels.size(0),
      images.pixels.size(1),
      data_of<float>(batch.images),
      data_of<std::int64_t>(batch.labels),
      data_of<std::int64_t>(batch.example),
      static_cast<std::int32_t>(images.height),
      static_cast<std::int32_t>(images.width),
      data_of<float>(images.mean),
      data_of<float>(images.inverse_std),
      {augmentation.crop_flip,
       static_cast<std::int32_t>(augmentation.padding),
       {augmentation.seed, Stream::augmentation, 0, static_cast<std::uint8_t>(images.split)},
       data_of<std::int64_t>(augmentation.epoch)}};
  gather_images(job, where_of(images.pixels));
}

ImageBatch slice_batch(const DeviceImages& images, std::int64_t first, std::int64_t count) {
  ImageBatch batch = empty_batch(images, count);
  fill_batch(images, at::arange(first, first + count, images.labels.options()), {}, batch);
  return batch;
}

}  // namespace varphase
