// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/dataset.hpp"

#include <algorithm>

#include <fmt/ranges.h>

#include "src/base/enum_names.hpp"
#include "src/base/error.hpp"
#include "src/data/dataset_digest.hpp"
#include "src/data/image_file.hpp"
#include "src/data/readers.hpp"
#include "src/data/split.hpp"

namespace varphase {
namespace {

std::int64_t class_count(const Dataset& dataset) {
  const auto largest = [](const ImageSet& set) {
    return set.count() == 0 ? 0 : *std::max_element(set.labels.begin(), set.labels.end());
  };
  std::int64_t classes = largest(dataset.train) + 1;
  // Those whose files say how many there are need not show every one.
  if (dataset.classes > 0) classes = dataset.classes;
  VARPHASE_CHECK(classes >= 2, ErrorKind::usage,
                 "{}: all training labels are 0, wants at least two classes", dataset.source);
  VARPHASE_CHECK(dataset.class_names.empty() ||
                     classes == static_cast<std::int64_t>(dataset.class_names.size()),
                 ErrorKind::usage,
                 "{}: training labels 0 to {}, {} has {} classes\n  the files are another set: "
                 "pass their folder by --data",
                 dataset.source, classes - 1, dataset.name, dataset.class_names.size());
  for (const ImageSet* set : {&dataset.test, &dataset.validation}) {
    VARPHASE_CHECK(set->count() == 0 || largest(*set) < classes, ErrorKind::usage,
                   "{}: {} label {} is out of range, the training labels are 0 to {}\n  train and "
                   "test files do not belong together",
                   dataset.source, set == &dataset.test ? "test" : "validation", largest(*set),
                   classes - 1);
  }
  return classes;
}

void check_same_shape(const Dataset& dataset) {
  const ImageSet& train = dataset.train;
  if (train.count() == 0) return;
  for (const ImageSet* set : {&dataset.test, &dataset.validation}) {
    VARPHASE_CHECK(set->count() == 0 || (train.channels == set->channels &&
                                         train.height == set->height && train.width == set->width),
                   ErrorKind::format,
                   "{}: training images are {} x {} x {}, {} images {} x {} x {}\n  train and test "
                   "files do not belong together",
                   dataset.source, train.channels, train.height, train.width,
                   set == &dataset.test ? "test" : "validation", set->channels, set->height,
                   set->width);
  }
}

/// A network never learns a class of which it sees no image, and is not asked for one of which the
/// test has none; nothing else would say so.
void note_missing_classes(Dataset& dataset, const ImageSet& set, const char* part,
                          std::int64_t limit) {
  if (set.count() == 0) return;
  std::vector<bool> there(static_cast<std::size_t>(dataset.classes));
  for (const std::int64_t label : set.labels) there[static_cast<std::size_t>(label)] = true;
  std::vector<std::string> missing;
  for (std::size_t label = 0; label < there.size(); ++label) {
    if (there[label]) continue;
    missing.push_back(label < dataset.class_names.size() ? dataset.class_names[label]
                                                         : std::to_string(label));
  }
  if (missing.empty()) return;
  dataset.notes.push_back(fmt::format(
      "{} of {} classes have no image among the {} {} images: {}{}", missing.size(),
      dataset.classes, set.count(), std::string_view(part) == "train" ? "training" : part,
      shown_names(missing),
      limit > 0
          ? fmt::format("; --{}-limit takes the first images, which may be sorted by class", part)
          : ""));
}

const EnumNames<Split>& splits() {
  static const EnumNames<Split> table{
      "split", {{Split::train, "train"}, {Split::validation, "validation"}, {Split::test, "test"}}};
  return table;
}

}  // namespace

std::string split_name(Split split) { return splits().name(split); }
Split split_from_name(const std::string& name) { return splits().value(name); }

LabelKind label_kind_from_name(const std::string& name) {
  static const EnumNames<LabelKind> kinds{
      "kind of labels", {{LabelKind::fine, "fine"}, {LabelKind::coarse, "coarse"}}};
  return kinds.value(name);
}

const ImageSet& Dataset::part(Split split) const {
  switch (split) {
    case Split::train:
      return train;
    case Split::validation:
      return validation;
    case Split::test:
      return test;
  }
  fail(ErrorKind::usage, "unknown split {}", static_cast<int>(split));
}

const ImageSet& Dataset::first_part() const {
  for (const ImageSet* set : {&train, &validation, &test})
    if (set->count() > 0) return *set;
  fail(ErrorKind::usage, "{}: no images", name);
}

Dataset read_dataset(const DataRequest& request) {
  VARPHASE_CHECK(!request.data.empty(), ErrorKind::usage,
                 "--data: wants a path or one of {}, got nothing",
                 fmt::join(dataset_names(), ", "));
  ReadOptions options;
  options.name = request.data;
  options.labels = request.labels;
  options.skip_damaged = request.skip_damaged;
  options.threads = request.threads;
  options.files = request.files;
  options.images_key = request.images_key;
  options.labels_key = request.labels_key;
  options.pixel_range = request.pixel_range;
  options.form = request.form;
  options.limits = request.limits;
  Dataset dataset = read_source(request.data, options);
  for (ImageSet* set : {&dataset.train, &dataset.validation, &dataset.test})
    form_images(*set, request.form, request.threads);
  check_same_shape(dataset);
  dataset.classes = class_count(dataset);
  if (dataset.digest.empty()) dataset.digest = dataset_digest(dataset);

  limit_images(dataset.train, request.train_limit);
  limit_images(dataset.test, request.test_limit);
  if (request.test_limit > 0)
    note_missing_classes(dataset, dataset.test, "test", request.test_limit);
  // The set's own validation images stay those, unless others are asked for.
  if (dataset.validation.count() > 0) {
    if (request.validation == 0) return dataset;
    dataset.notes.push_back(
        fmt::format("the set's own {} validation images are not used: a share of the training "
                    "images was asked for",
                    dataset.validation.count()));
  }
  const SplitPositions parts = split_positions(dataset.train.count(), request.validation);
  dataset.validation = select_images(dataset.train, parts.validation);
  // Without a validation part the images stay where they are.
  if (!parts.validation.empty()) dataset.train = select_images(dataset.train, parts.train);
  // Of what is left to train on: a limit takes classes away, and so does what is held back.
  note_missing_classes(dataset, dataset.train, "train", request.train_limit);
  return dataset;
}

}  // namespace varphase
