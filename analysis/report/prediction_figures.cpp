// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/report/prediction_figures.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "analysis/report/figure_data.hpp"
#include "analysis/report/image_figures.hpp"
#include "analysis/report/shown_text.hpp"

namespace varphase {
namespace {

// Evaluations may come from other programs: nothing is too large for a page.
constexpr std::size_t kMostNetworks = 16, kMostImages = 9, kMostClasses = 5, kMostMembers = 100;
constexpr std::size_t kMostNameBytes = 24;

std::string class_name(const Json& one) {
  const Json name = text_at(one, "name");
  return shortened(name.is_null() ? number_at(one, "class").dump() : shown_text(name),
                   kMostNameBytes);
}

/// Null where it has no classes.
Json class_data(const Json& image) {
  const Json label = number_at(image, "label");
  Json classes = Json::array();
  std::string name = label.dump();
  for (const Json& one : list_at(image, "classes")) {
    if (classes.size() == kMostClasses) break;
    const bool is_label = !label.is_null() && number_at(one, "class") == label;
    if (is_label) name = class_name(one);
    Json members = Json::array();
    for (const Json& p : list_at(one, "members"))
      if (members.size() < kMostMembers) members.push_back(p.is_number() ? p : Json());
    classes.push_back({{"name", class_name(one)},
                       {"is_label", is_label},
                       {"probability", number_at(one, "probability")},
                       {"members", members}});
  }
  if (classes.empty()) return {};
  return {{"label", name}, {"classes", classes}};
}

Json network_data(const std::string& file, const Json& network, const Json& evaluation) {
  const std::optional<PictureSize> size = picture_size(network);
  Json images = Json::array();
  for (const Json& image : list_at(network, "images")) {
    if (!size || images.size() == kMostImages) break;
    Json one = class_data(image);
    const std::string pixels = text_or(text_at(image, "pixels"), "");
    if (one.is_null() || !are_pixels(pixels, *size)) continue;
    one["image"] = number_at(image, "image");
    one["chosen"] = text_or(text_at(image, "chosen"), "");
    one["entropy"] = number_at(image, "entropy");
    one["pixels"] = pixels;
    images.push_back(std::move(one));
  }
  if (images.empty()) return {};
  const std::string name =
      network_title(evaluation, text_or(text_at(network, "network"), "unnamed"));
  return {{"title", fmt::format("{}, {}", name, file)},
          {"channels", size->channels},
          {"height", size->height},
          {"width", size->width},
          {"images", images}};
}

}  // namespace

Json prediction_data(const std::string& file, const Json& evaluation) {
  Json networks = Json::array();
  for (const Json& network : list_at(evaluation, "predictions")) {
    if (networks.size() == kMostNetworks) break;
    Json one = network_data(file, network, evaluation);
    if (!one.is_null()) networks.push_back(std::move(one));
  }
  return networks;
}

}  // namespace varphase
