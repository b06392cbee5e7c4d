// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/run_images.hpp"

#include <algorithm>
#include <filesystem>

#include "src/base/error.hpp"
#include "src/base/log.hpp"
#include "src/data/held_images.hpp"
#include "src/data/normalization.hpp"
#include "src/data/readers.hpp"
#include "tools/app/dataset_files.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

std::vector<double> numbers(const char* key, const Json& list) {
  std::vector<double> values;
  for (const Json& value : list) {
    VARPHASE_CHECK(list.is_array() && value.is_number(), ErrorKind::usage,
                   "{}: wants a list of numbers, one a channel, got {}", key, brief(list));
    values.push_back(value.get<double>());
  }
  return values;
}

/// Where a config's images are: where they lay when it was made, or else what was typed, from
/// here. That they are the same ones is seen by their digest.
std::string place_of(const DataConfig& config) {
  std::error_code error;
  const std::string& source = config.source;
  if (!source.empty() && fs::exists(source, error)) return source;
  VARPHASE_CHECK(source.empty() || fs::exists(config.data, error), ErrorKind::io,
                 "{}: the images lay there, and are not there now\n  --data says where they are",
                 source);
  return config.data;
}

}  // namespace

Dataset open_dataset(const DataConfig& config, const std::string& data_override,
                     const std::string& pixel_range) {
  DataRequest request = data_request(config);
  request.data = data_override.empty() ? place_of(config) : data_override;
  if (!data_override.empty()) request.pixel_range = pixel_range_from_name(pixel_range);
  VARPHASE_CHECK(!data_override.empty() || pixel_range == "none", ErrorKind::usage,
                 "--data-pixel-range {}: is of the images of --data, which is not given",
                 pixel_range);
  Dataset dataset = read_dataset(request);
  for (const std::string& note : dataset.notes)
    log_warning(fmt::format("{}: {}", dataset.name, note));
  if (config.normalize == "none") {
    VARPHASE_CHECK(config.pixel_mean.empty() && config.pixel_std.empty(), ErrorKind::usage,
                   "data.pixel_mean and data.pixel_std are given, and data.normalize is none\n  "
                   "--normalize standard uses them");
    return dataset;
  }
  const bool recorded = !config.pixel_mean.empty() || !config.pixel_std.empty();
  VARPHASE_CHECK(recorded || dataset.train.count() > 0, ErrorKind::usage,
                 "{}: has no training images, by which data.normalize measures\n  give "
                 "data.pixel_mean and data.pixel_std",
                 dataset.name);
  normalize(dataset, recorded ? Normalization{numbers("data.pixel_mean", config.pixel_mean),
                                              numbers("data.pixel_std", config.pixel_std)}
                              : channel_statistics(dataset.train));
  return dataset;
}

void record_normalization(DataConfig& config, const Dataset& dataset) {
  config.pixel_mean = dataset.train.normalization.mean;
  config.pixel_std = dataset.train.normalization.deviation;
}

void record_source(DataConfig& config) {
  const std::vector<std::string> names = dataset_names();
  const bool named =
      is_held(config.data) || std::find(names.begin(), names.end(), config.data) != names.end();
  const fs::path absolute = named ? fs::path() : fs::absolute(config.data);
  // Behind a link, ".." is another folder than the text says.
  std::error_code error;
  const fs::path normal = absolute.lexically_normal();
  config.source = (fs::equivalent(absolute, normal, error) ? normal : absolute).string();
}

Normalization recorded_normalization(const DataConfig& config, std::int64_t channels) {
  if (config.normalize == "none") return {};
  Normalization recorded{numbers("data.pixel_mean", config.pixel_mean),
                         numbers("data.pixel_std", config.pixel_std)};
  const auto wanted = static_cast<std::size_t>(channels);
  VARPHASE_CHECK(recorded.mean.size() == wanted && recorded.deviation.size() == wanted,
                 ErrorKind::usage,
                 "data.normalize is {}, and data.pixel_mean and data.pixel_std have {} and {} "
                 "numbers for {} channels\n  a run's config.json records them",
                 config.normalize, recorded.mean.size(), recorded.deviation.size(), channels);
  for (const double deviation : recorded.deviation)
    VARPHASE_CHECK(deviation > 0, ErrorKind::usage, "data.pixel_std: {}, wants numbers over 0",
                   deviation);
  return recorded;
}

void check_fits(const Network& network, const Dataset& dataset, bool training) {
  const ImageSet& some = dataset.first_part();
  const Shape images{some.channels, some.height, some.width};
  VARPHASE_CHECK(images == network.input(), ErrorKind::shape,
                 "{}: images are {}, the network wants {}{}", dataset.name, shape_text(images),
                 shape_text(network.input()),
                 training ? form_hint({images[1], images[2], images[0]},
                                      {network.input()[1], network.input()[2], network.input()[0]})
                          : "\n  images of the form that the run was trained on are wanted");
  VARPHASE_CHECK(dataset.classes <= network.classes(), ErrorKind::shape,
                 "{}: {} classes, the network has {}", dataset.name, dataset.classes,
                 network.classes());
}

}  // namespace varphase
