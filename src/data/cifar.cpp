// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/cifar.hpp"

#include <array>
#include <sstream>

#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "src/data/byte_source.hpp"
#include "src/data/files_on_disk.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kSide = 32;
constexpr std::size_t kPixels = 3 * kSide * kSide;
constexpr int kBatches = 5;

/// Of which bytes a record begins, and which of them is the label.
struct RecordForm {
  std::size_t label_bytes;
  std::size_t label_at;
  std::array<int, 2> classes;  // of each label byte

  std::size_t bytes() const { return label_bytes + kPixels; }
};

constexpr RecordForm kCifar10{1, 0, {10, 0}};

RecordForm cifar100_form(LabelKind labels) {
  return {2, labels == LabelKind::coarse ? 0U : 1U, {20, 100}};
}

ImageSet empty_set() {
  ImageSet set;
  set.channels = 3;
  set.height = kSide;
  set.width = kSide;
  return set;
}

/// Appends a file's records. @return how many.
std::int64_t append_records(const fs::path& path, const RecordForm& form, ImageSet& set) {
  const std::string name = path.string();
  VARPHASE_CHECK(is_file(path), ErrorKind::io,
                 "{}: no such file\n  CIFAR's binary version has data_batch_1.bin to "
                 "data_batch_{}.bin and test_batch.bin, or train.bin and test.bin (CIFAR-100)",
                 name, kBatches);
  ByteSource source(path);
  VARPHASE_CHECK(!source.compressed(), ErrorKind::format,
                 "{}: packed\n  unpack it: CIFAR's files are plain", name);
  const std::size_t record = form.bytes();
  VARPHASE_CHECK(source.file_bytes() > 0 && source.file_bytes() % record == 0, ErrorKind::format,
                 "{}: truncated or no CIFAR file: wants records of {} bytes, got {} bytes, which "
                 "is {} records and {} bytes\n  fetch it again",
                 name, record, source.file_bytes(), source.file_bytes() / record,
                 source.file_bytes() % record);
  set.pixels.reserve(set.pixels.size() + source.file_bytes() / record * kPixels);
  std::vector<std::uint8_t> bytes(record);
  std::int64_t count = 0;
  for (;; ++count) {
    const std::size_t got = source.read(bytes);
    VARPHASE_CHECK(source.trouble().empty(), ErrorKind::format, "{}: {}\n  fetch it again", name,
                   source.trouble());
    if (got == 0) break;
    VARPHASE_CHECK(got == record, ErrorKind::format,
                   "{}: truncated: record {} has {} of {} bytes\n  fetch it again", name, count,
                   got, record);
    for (std::size_t at = 0; at < form.label_bytes; ++at) {
      VARPHASE_CHECK(bytes[at] < form.classes[at], ErrorKind::format,
                     "{}: label {} in record {} is out of range, wants 0 to {}\n  the file is "
                     "damaged or another set: fetch it again",
                     name, bytes[at], count, form.classes[at] - 1);
    }
    set.index.push_back(set.count());
    set.labels.push_back(bytes[form.label_at]);
    set.pixels.insert(set.pixels.end(),
                      bytes.begin() + static_cast<std::ptrdiff_t>(form.label_bytes), bytes.end());
  }
  VARPHASE_CHECK(count > 0, ErrorKind::format, "{}: holds no image\n  fetch it again", name);
  return count;
}

/// The file's lines, where it is there. @throws Error format where they are not as many as classes.
std::vector<std::string> names_of(const fs::path& path, int classes) {
  std::vector<std::string> names;
  if (!is_file(path)) return names;
  std::istringstream text(read_text_file(path, 1U << 16U));
  for (std::string line; std::getline(text, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) names.push_back(line);
  }
  VARPHASE_CHECK(names.size() == static_cast<std::size_t>(classes), ErrorKind::format,
                 "{}: wants {} class names, one a line, got {}\n  fetch it again or remove it: "
                 "classes are then numbers",
                 path.string(), classes, names.size());
  return names;
}

}  // namespace

bool holds_cifar10(const fs::path& folder) {
  return is_file(folder / "data_batch_1.bin") || is_file(folder / "test_batch.bin");
}

Dataset read_cifar10(const fs::path& folder, const ReadOptions& options) {
  VARPHASE_CHECK(options.labels == LabelKind::fine, ErrorKind::usage,
                 "{}: --labels coarse: CIFAR-10 has one kind of labels, only CIFAR-100 has two",
                 folder.string());
  Dataset dataset;
  dataset.name = options.name;
  dataset.source = folder.string();
  dataset.classes = kCifar10.classes[0];
  dataset.class_names = names_of(folder / "batches.meta.txt", kCifar10.classes[0]);
  dataset.train = empty_set();
  dataset.test = empty_set();
  std::int64_t first = 0;
  for (int batch = 1; batch <= kBatches; ++batch) {
    const fs::path path = folder / fmt::format("data_batch_{}.bin", batch);
    const std::int64_t count = append_records(path, kCifar10, dataset.train);
    if (batch == 1) first = count;
    VARPHASE_CHECK(count == first, ErrorKind::format,
                   "{}: {} records, data_batch_1.bin has {}\n  one of them is truncated: fetch it "
                   "again",
                   path.string(), count, first);
  }
  append_records(folder / "test_batch.bin", kCifar10, dataset.test);
  return dataset;
}

bool holds_cifar100(const fs::path& folder) {
  return is_file(folder / "train.bin") && !holds_cifar10(folder);
}

Dataset read_cifar100(const fs::path& folder, const ReadOptions& options) {
  const bool coarse = options.labels == LabelKind::coarse;
  const RecordForm form = cifar100_form(options.labels);
  Dataset dataset;
  dataset.name = options.name;
  dataset.source = folder.string();
  dataset.notes.push_back(coarse ? "labels: the 20 coarse classes of CIFAR-100"
                                 : "labels: the 100 fine classes of CIFAR-100");
  dataset.classes = form.classes[form.label_at];
  dataset.class_names =
      names_of(folder / (coarse ? "coarse_label_names.txt" : "fine_label_names.txt"),
               form.classes[form.label_at]);
  dataset.train = empty_set();
  dataset.test = empty_set();
  append_records(folder / "train.bin", form, dataset.train);
  append_records(folder / "test.bin", form, dataset.test);
  return dataset;
}

}  // namespace varphase
