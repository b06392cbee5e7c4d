// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/other_images.hpp"

#include <algorithm>
#include <limits>

#include "src/base/error.hpp"
#include "src/data/held_images.hpp"
#include "src/data/image_form.hpp"
#include "src/data/image_source.hpp"
#include "src/data/readers.hpp"
#include "tools/app/config_overrides.hpp"
#include "tools/app/dataset_files.hpp"
#include "tools/app/run_images.hpp"

namespace varphase {
namespace {

bool is_dataset(const std::string& data) {
  if (is_held(data)) return true;
  const std::vector<std::string> names = dataset_names();
  if (std::find(names.begin(), names.end(), data) != names.end()) return true;
  const auto& sources = image_source_kinds();
  const auto& readers = reader_kinds();
  const bool unlabelled = std::any_of(sources.begin(), sources.end(),
                                      [&](const auto& kind) { return kind.recognizes(data); });
  // Where it is neither, the reader of data sets says what it knows.
  return !unlabelled || std::any_of(readers.begin(), readers.end(),
                                    [&](const auto& kind) { return kind.recognizes(data); });
}

ImageSet read_unlabelled(const DataConfig& config, const Shape& input, unsigned threads) {
  ImageRequest request;
  request.paths = {config.data};
  request.wanted = {input[1], input[2], input[0]};
  request.skip_damaged = config.skip_damaged;
  request.threads = threads;
  request.files = &array_dataset_files();
  request.form = image_form(config.convert, config.resize);
  request.images_key = config.hdf5_images;
  request.pixel_range = pixel_range_from_name(config.pixel_range);
  request.limits = read_limits(config);
  const std::unique_ptr<ImageSource> source = open_image_source(request);
  const std::int64_t most =
      config.test_limit > 0 ? config.test_limit : std::numeric_limits<std::int64_t>::max();
  ImageSet set = source->next(std::min(source->count(), most)).set;
  const Normalization normalization = recorded_normalization(config, input[0]);
  set.normalization = normalization;
  return set;
}

}  // namespace

OtherImages open_other_images(const DataConfig& run, const Network& network,
                              const std::string& data, const TextList& reading, unsigned threads) {
  VARPHASE_CHECK(!data.empty(), ErrorKind::usage,
                 "--ood: wants a data set's name, a folder or a file, got nothing");
  DataConfig config = run;
  config.data = data;
  config.source.clear();
  config.validation = 0;
  // The run's names are those of its set; here they would be those of another file.
  config.hdf5_images.clear();
  config.hdf5_labels.clear();
  config.pixel_range = "none";
  apply_reading_overrides(config, reading);
  const Shape& input = network.input();
  OtherImages other{data, "", {}};
  if (is_dataset(data)) {
    Dataset dataset = open_dataset(config, "");
    other.digest = dataset.digest;
    // An attack's file has one part, whichever it is of.
    other.images = dataset.test.count() > 0 ? std::move(dataset.test) : dataset.first_part();
  } else {
    other.images = read_unlabelled(config, input, threads);
  }
  const ImageSet& set = other.images;
  const Shape images{set.channels, set.height, set.width};
  VARPHASE_CHECK(images == input, ErrorKind::shape,
                 "--ood {}: images are {}, the network wants {}{}", data, shape_text(images),
                 shape_text(input),
                 form_hint({set.height, set.width, set.channels}, {input[1], input[2], input[0]}));
  VARPHASE_CHECK(set.count() > 0, ErrorKind::usage, "--ood {}: no images", data);
  return other;
}

}  // namespace varphase
