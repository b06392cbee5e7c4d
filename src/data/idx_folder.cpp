// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/idx_folder.hpp"

#include <optional>

#include "src/base/error.hpp"
#include "src/data/files_on_disk.hpp"
#include "src/data/idx.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// The names under which a part's images (or labels) are found in the wild.
std::vector<std::string> idx_names(const std::vector<std::string>& prefixes,
                                   const std::vector<std::string>& endings) {
  std::vector<std::string> names;
  for (const std::string& prefix : prefixes) {
    for (const std::string& ending : endings) {
      for (const char* packed : {"", ".gz"}) names.push_back(prefix + ending + packed);
    }
  }
  return names;
}

std::vector<std::string> image_names(const std::vector<std::string>& prefixes) {
  return idx_names(prefixes, {"-images-idx3-ubyte", "-images.idx3-ubyte", "-images-idx4-ubyte",
                              "-images.idx4-ubyte"});
}

std::vector<std::string> label_names(const std::vector<std::string>& prefixes) {
  return idx_names(prefixes, {"-labels-idx1-ubyte", "-labels.idx1-ubyte"});
}

const std::vector<std::string> kTrainPrefixes{"train"};
const std::vector<std::string> kTestPrefixes{"t10k", "test"};

std::optional<fs::path> first_of(const fs::path& folder, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (is_file(folder / name)) return folder / name;
  }
  return std::nullopt;
}

fs::path find_idx(const fs::path& folder, const std::vector<std::string>& names) {
  const std::optional<fs::path> found = first_of(folder, names);
  VARPHASE_CHECK(found.has_value(), ErrorKind::io,
                 "{}: no such file in this folder, wants {} (or with .gz)\n  a data folder holds "
                 "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
                 "t10k-labels-idx1-ubyte, plain or gzipped",
                 folder.string(), names.front());
  return *found;
}

ImageSet read_idx_part(const fs::path& folder, const std::vector<std::string>& prefixes,
                       const ReadLimits& limits) {
  return read_idx_images(find_idx(folder, image_names(prefixes)),
                         find_idx(folder, label_names(prefixes)), limits);
}

}  // namespace

bool holds_idx(const fs::path& folder) {
  return first_of(folder, image_names(kTrainPrefixes)).has_value();
}

Dataset read_idx_folder(const fs::path& folder, const ReadOptions& options) {
  Dataset dataset;
  dataset.name = options.name;
  dataset.source = folder.string();
  dataset.train = read_idx_part(folder, kTrainPrefixes, options.limits);
  dataset.test = read_idx_part(folder, kTestPrefixes, options.limits);
  return dataset;
}

}  // namespace varphase
