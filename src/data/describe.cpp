// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/describe.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "src/base/byte_text.hpp"
#include "src/base/text_table.hpp"
#include "src/data/normalization.hpp"

namespace varphase {
namespace {

constexpr std::array<Split, 3> kSplits{Split::train, Split::validation, Split::test};

struct PixelStatistics {
  double mean = 0;
  double deviation = 0;  // divided by the number of pixels, as network inputs are normalised
};

/// Of pixel / 255; the sums are whole numbers, so nothing is rounded before the end.
PixelStatistics pixel_statistics(const ImageSet& set) {
  if (set.is_real()) {
    // As one channel.
    ImageSet flat = set;
    flat.width *= flat.channels;
    flat.channels = 1;
    const Normalization all = channel_statistics(flat);
    return {all.mean.front(), all.deviation.front()};
  }
  std::array<std::uint64_t, 256> histogram{};
  for (const std::uint8_t pixel : set.pixels) ++histogram[pixel];
  const auto count = static_cast<double>(set.pixels.size());
  double sum = 0;
  for (std::size_t level = 0; level < histogram.size(); ++level) {
    sum += static_cast<double>(histogram[level] * level);
  }
  const double mean = sum / count;
  double squares = 0;
  for (std::size_t level = 0; level < histogram.size(); ++level) {
    const double off = static_cast<double>(level) - mean;
    squares += static_cast<double>(histogram[level]) * off * off;
  }
  return {mean / 255, std::sqrt(squares / count) / 255};
}

std::vector<std::int64_t> images_per_class(const ImageSet& set, std::int64_t classes) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(classes));
  for (const std::int64_t label : set.labels) ++counts.at(static_cast<std::size_t>(label));
  return counts;
}

std::string class_name(const Dataset& dataset, std::size_t label) {
  return label < dataset.class_names.size() ? printable(dataset.class_names[label])
                                            : std::to_string(label);
}

}  // namespace

Json describe(const Dataset& dataset) {
  Json json;
  json["name"] = text_of_bytes(dataset.name);
  json["source"] = text_of_bytes(dataset.source);
  json["digest"] = dataset.digest;
  json["classes"] = dataset.classes;
  json["class_names"] = Json::array();
  for (const std::string& name : dataset.class_names)
    json["class_names"].push_back(text_of_bytes(name));
  json["notes"] = Json::array();
  for (const std::string& note : dataset.notes) json["notes"].push_back(terminal_text(note));
  const ImageSet& some = dataset.first_part();
  json["shape"] = {some.channels, some.height, some.width};
  json["pixels"] = some.is_real() ? "float32" : "uint8";
  for (const Split split : kSplits) {
    const ImageSet& set = dataset.part(split);
    Json& part = json["parts"][split_name(split)];
    part["images"] = set.count();
    part["labels"] = images_per_class(set, dataset.classes);
    if (set.count() == 0) continue;
    const PixelStatistics statistics = pixel_statistics(set);
    part["mean"] = statistics.mean;
    part["std"] = statistics.deviation;
    const Normalization by_channel = channel_statistics(set);
    part["channel_mean"] = by_channel.mean;
    part["channel_std"] = by_channel.deviation;
  }
  return json;
}

std::string description_text(const Dataset& dataset) {
  const ImageSet& some = dataset.first_part();
  std::string text = fmt::format(
      "{}: {} classes, images of {} x {} x {} (channels, height, width)\nsource  {}\nsha256  "
      "{}\n",
      dataset.name, dataset.classes, some.channels, some.height, some.width, dataset.source,
      dataset.digest);
  for (const std::string& note : dataset.notes) text += fmt::format("note    {}\n", note);
  text += "\n";

  constexpr int kLongest = 41;  // in 80 columns
  int widest = 12;
  for (std::size_t label = 0; label < static_cast<std::size_t>(dataset.classes); ++label) {
    widest = std::max(widest, static_cast<int>(class_name(dataset, label).size()));
  }
  const TextTable table({{"class", std::min(widest, kLongest), 0, true},
                         {"train", 11},
                         {"validation", 11},
                         {"test", 11}},
                        /*narrow=*/true);
  text += table.header() + "\n";
  std::array<std::vector<std::int64_t>, kSplits.size()> counts;
  std::vector<std::string> images{"images"};
  std::vector<std::string> means{"pixel mean"};
  std::vector<std::string> deviations{"pixel std"};
  for (std::size_t i = 0; i < kSplits.size(); ++i) {
    const ImageSet& set = dataset.part(kSplits[i]);
    counts[i] = images_per_class(set, dataset.classes);
    images.push_back(count_text(set.count()));
    const PixelStatistics statistics = set.count() > 0 ? pixel_statistics(set) : PixelStatistics{};
    means.push_back(set.count() > 0 ? fmt::format("{:.4f}", statistics.mean) : "-");
    deviations.push_back(set.count() > 0 ? fmt::format("{:.4f}", statistics.deviation) : "-");
  }
  for (std::size_t label = 0; label < static_cast<std::size_t>(dataset.classes); ++label) {
    text += table.row({class_name(dataset, label), count_text(counts[0][label]),
                       count_text(counts[1][label]), count_text(counts[2][label])}) +
            "\n";
  }
  for (const auto& row : {images, means, deviations}) text += table.row(row) + "\n";
  return text;
}

}  // namespace varphase
