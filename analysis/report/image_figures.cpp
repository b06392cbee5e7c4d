// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/image_figures.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analysis/report/figure_data.hpp"
#include "analysis/report/shown_text.hpp"

namespace varphase {
namespace {

// Files may come from other programs: nothing is too large for a page.
constexpr std::size_t kMostWeights = 5, kMostImages = 5, kMostLayers = 16;
constexpr double kMostNumbers = 12288;

std::string class_name(const Json& label, const Json& names) {
  const bool named =
      label.is_number_unsigned() && names.is_array() && label.get<std::size_t>() < names.size();
  return named ? shown_text(names[label.get<std::size_t>()]) : label.dump();
}

Json weight_data(const Json& layer, const Json& weight, const Json& names) {
  std::vector<std::string> index;
  for (const Json& place : list_at(weight, "index")) index.push_back(place.dump());
  Json images = Json::array();
  for (const Json& image : list_at(weight, "images")) {
    if (images.size() == kMostImages) break;
    const Json label = number_at(image, "label");
    images.push_back({{"image", number_at(image, "image")},
                      {"label", label},
                      {"name", class_name(label, names)},
                      {"share", number_at(image, "share")}});
  }
  return {{"layer", text_or(text_at(layer, "layer"), "unnamed")},
          {"epoch", number_at(layer, "epoch")},
          {"index", shortened(fmt::format("{}", fmt::join(index, ", ")), 60)},
          {"kappa", number_at(weight, "kappa")},
          {"effective_images", number_at(weight, "effective_images")},
          {"images", images}};
}

}  // namespace

std::optional<PictureSize> picture_size(const Json& object) {
  const Json channels = number_at(object, "channels"), height = number_at(object, "height"),
             width = number_at(object, "width");
  if (channels.is_null() || height.is_null() || width.is_null()) return {};
  const PictureSize size{channels.get<double>(), height.get<double>(), width.get<double>()};
  const bool whole = std::min({size.channels, size.height, size.width}) >= 1;
  if (!whole || size.channels * size.height * size.width > kMostNumbers) return {};
  return size;
}

bool are_pixels(const std::string& pixels, const PictureSize& size) {
  return static_cast<double>(pixels.size()) == 2 * size.channels * size.height * size.width &&
         pixels.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Json image_data(const Json& file, const Json& class_names) {
  const Json& shown = value_at(file, "pictures");
  const std::optional<PictureSize> size = picture_size(shown);
  if (!size) return {};
  Json pictures = Json::object();
  for (const Json& picture : list_at(shown, "images")) {
    const std::string pixels = text_or(text_at(picture, "pixels"), "");
    if (are_pixels(pixels, *size) && pictures.size() < kMostWeights * kMostImages * kMostLayers)
      pictures[number_at(picture, "image").dump()] = pixels;
  }
  Json weights = Json::array();
  for (const Json& layer : list_at(file, "layers")) {
    const Json& list = list_at(layer, "weights");
    for (std::size_t w = 0; w < std::min(kMostWeights, list.size()); ++w)
      if (weights.size() < kMostWeights * kMostLayers)
        weights.push_back(weight_data(layer, list[w], class_names));
  }
  if (pictures.empty() || weights.empty()) return {};
  return {{"channels", size->channels},
          {"height", size->height},
          {"width", size->width},
          {"pictures", pictures},
          {"weights", weights}};
}

}  // namespace varphase
