// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/shared_sums.hpp"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

namespace varphase {

std::vector<at::Tensor> shared_sums(
    Communicator& ranks, const DeviceImages& images,
    const std::function<std::vector<at::Tensor>(const DeviceImages& images)>& part) {
  const std::int64_t parts = std::min(kImageParts, images.count());
  std::vector<at::Tensor> own;  // of the last part: their shapes and types
  at::Tensor total;
  for (std::int64_t first = 0; first < parts; first += ranks.size()) {
    const std::int64_t number = first + ranks.rank();
    at::Tensor flat;
    // A rank without a part of its own in this round learns the shapes from another's, in the first.
    if (number < parts || first == 0) {
      const std::int64_t which = std::min(number, parts - 1);
      const std::int64_t begin = images.count() * which / parts;
      own = part(slice_images(images, begin, images.count() * (which + 1) / parts - begin));
      std::vector<at::Tensor> pieces;
      for (const at::Tensor& tensor : own) pieces.push_back(tensor.flatten().to(at::kDouble));
      flat = at::cat(pieces);
    }
    if (number >= parts) flat = at::zeros({0}, flat.defined() ? flat.options() : total.options());
    for (const at::Tensor& other : ranks.gather(flat)) {
      if (other.numel() > 0) total = total.defined() ? total + other : other.clone();
    }
  }
  std::vector<at::Tensor> sums;
  std::int64_t offset = 0;
  for (const at::Tensor& tensor : own) {
    sums.push_back(
        total.narrow(0, offset, tensor.numel()).view(tensor.sizes()).to(tensor.scalar_type()));
    offset += tensor.numel();
  }
  return sums;
}

}  // namespace varphase
