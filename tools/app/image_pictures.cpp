// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/image_pictures.hpp"

#include <algorithm>
#include <set>
#include <string>

#include <ATen/ATen.h>

namespace varphase {
namespace {

constexpr std::size_t kWeights = 5, kImages = 5;
constexpr std::int64_t kMostNumbers = 12288;

}  // namespace

bool are_shown(const DeviceImages& images) {
  return images.channels * images.height * images.width <= kMostNumbers;
}

std::string picture_pixels(const DeviceImages& images, std::int64_t place) {
  const at::Tensor bytes =
      images.pixels[place].to(at::kFloat).round().clamp(0, 255).to(at::kByte).cpu().contiguous();
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  const auto* values = bytes.const_data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < bytes.numel(); ++i) {
    text += kDigits[values[i] >> 4];
    text += kDigits[values[i] & 15];
  }
  return text;
}

Json pictures_json(const DeviceImages& images, const std::vector<LayerImages>& layers) {
  if (!are_shown(images)) return {};
  std::set<std::int64_t> numbers;
  for (const LayerImages& layer : layers) {
    for (std::size_t w = 0; w < std::min(kWeights, layer.weights.size()); ++w) {
      const std::vector<ImageShare>& shares = layer.weights[w].images;
      for (std::size_t i = 0; i < std::min(kImages, shares.size()); ++i)
        numbers.insert(shares[i].image);
    }
  }
  Json list = Json::array();
  for (const std::int64_t number : numbers) {
    const at::Tensor place = (images.example == number).nonzero();
    if (place.numel() == 0) continue;
    list.push_back({{"image", number},
                    {"pixels", picture_pixels(images, place.flatten()[0].item<std::int64_t>())}});
  }
  return {{"channels", images.channels},
          {"height", images.height},
          {"width", images.width},
          {"images", list}};
}

}  // namespace varphase
