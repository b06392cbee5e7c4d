// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/image_folder.hpp"

#include <cstring>

#include "src/base/error.hpp"
#include "src/data/dataset_digest.hpp"
#include "src/data/files_on_disk.hpp"
#include "src/data/image_cache.hpp"
#include "src/data/set_decoder.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// The sound images of one part, which start at `first` among the decoder's.
ImageSet take_part(SetDecoder& decoder, const PartFiles& part, std::size_t first) {
  ImageSet set;
  set.channels = decoder.header().channels;
  set.height = decoder.header().height;
  set.width = decoder.header().width;
  for (std::size_t i = 0; i < part.files.size(); ++i) {
    if (decoder.left_out(first + i)) continue;
    set.labels.push_back(part.files[i].label);
    set.index.push_back(static_cast<std::int64_t>(i));
  }
  const std::size_t size = decoder.header().bytes();
  set.pixels.resize(set.labels.size() * size);
  for (std::size_t i = 0; i < set.labels.size(); ++i)
    std::memcpy(set.pixels.data() + i * size,
                decoder.image(first + static_cast<std::size_t>(set.index[i])), size);
  return set;
}

void check_every_class_is_left(const ImageSet& set, const PartFiles& part,
                               const std::string& trouble) {
  std::vector<bool> left(part.classes.size());
  for (const std::int64_t label : set.labels) left[static_cast<std::size_t>(label)] = true;
  for (std::size_t label = 0; label < left.size(); ++label) {
    VARPHASE_CHECK(left[label], ErrorKind::format,
                   "{}/{}: all images of this class were to be left out\n  {}", part.name,
                   part.classes[label], trouble);
  }
}

/// Both parts by a decoder that is done.
Dataset take_set(SetDecoder& decoder, const PartFiles& train, const PartFiles& test) {
  Dataset dataset;
  dataset.train = take_part(decoder, train, 0);
  dataset.test = take_part(decoder, test, train.files.size());
  const std::string trouble = decoder.trouble_text();
  check_every_class_is_left(dataset.train, train, trouble);
  check_every_class_is_left(dataset.test, test, trouble);
  if (!trouble.empty()) dataset.notes.push_back("left out: " + trouble);
  return dataset;
}

}  // namespace

bool holds_image_folder(const fs::path& path) { return is_folder(path / "train"); }

Dataset read_image_folder(const fs::path& root, const ReadOptions& options) {
  VARPHASE_CHECK(options.labels == LabelKind::fine, ErrorKind::usage,
                 "{}: --labels coarse: an image folder has one kind of labels, only CIFAR-100 has "
                 "two",
                 root.string());
  const PartFiles train = list_part(root, "train");
  const PartFiles test = list_part(root, test_part_name(root));
  check_same_classes(root, train, test);
  std::vector<const ImageFile*> files;
  for (const PartFiles* part : {&train, &test}) {
    for (const ImageFile& file : part->files) files.push_back(&file);
  }
  for (const ImageFile* file : files) check_available(*file->format, file->name);

  const auto named = [&](Dataset dataset) {
    dataset.name = options.name;
    dataset.source = root.string();
    dataset.classes = static_cast<std::int64_t>(train.classes.size());
    dataset.class_names = train.classes;
    return dataset;
  };
  std::optional<ImageCache> cache;
  if (options.files != nullptr && !cache_folder().empty()) cache.emplace(root, files, options);
  if (cache) {
    if (std::optional<Dataset> kept = cache->find()) return named(std::move(*kept));
  }
  SetDecoder decoder(root, files, options);
  decoder.decode();
  Dataset dataset = named(take_set(decoder, train, test));
  dataset.digest = dataset_digest(dataset);
  if (cache && decoder.saw_what_was_listed()) cache->keep(dataset, decoder.digests());
  return dataset;
}

}  // namespace varphase
