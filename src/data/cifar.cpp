// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/cifar.hpp"

#include <algorithm>
#include <sstream>

#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "src/data/files_on_disk.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kSide = 32;
constexpr std::size_t kPixels = 3 * kSide * kSide;
constexpr int kBatches = 5;

const fs::path& checked_file(const fs::path& path) {
  VARPHASE_CHECK(is_file(path), ErrorKind::io,
                 "{}: no such file\n  CIFAR's binary version has data_batch_1.bin to "
                 "data_batch_{}.bin and test_batch.bin, or train.bin and test.bin (CIFAR-100)",
                 path.string(), kBatches);
  return path;
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

/// Appends a file's records. @return how many.
std::int64_t append_records(const fs::path& path, const CifarRecord& record, ImageSet& set) {
  CifarFile file(path, record);
  file.read(file.count(), set);
  return file.count();
}

}  // namespace

std::size_t CifarRecord::bytes() const { return label_bytes + kPixels; }

CifarRecord cifar10_record() { return {1, 0, {10, 0}}; }

CifarRecord cifar100_record(LabelKind labels) {
  return {2, labels == LabelKind::coarse ? 0U : 1U, {20, 100}};
}

ImageSet empty_cifar_set() {
  ImageSet set;
  set.channels = 3;
  set.height = kSide;
  set.width = kSide;
  return set;
}

CifarFile::CifarFile(const fs::path& path, const CifarRecord& record)
    : name_(path.string()), record_(record), source_(checked_file(path)) {
  VARPHASE_CHECK(!source_.compressed(), ErrorKind::format,
                 "{}: packed\n  unpack it: CIFAR's files are plain", name_);
  const std::size_t bytes = record_.bytes();
  VARPHASE_CHECK(source_.file_bytes() > 0 && source_.file_bytes() % bytes == 0, ErrorKind::format,
                 "{}: truncated or no CIFAR file: wants records of {} bytes, got {} bytes, which "
                 "is {} records and {} bytes\n  fetch it again",
                 name_, bytes, source_.file_bytes(), source_.file_bytes() / bytes,
                 source_.file_bytes() % bytes);
  count_ = static_cast<std::int64_t>(source_.file_bytes() / bytes);
}

void CifarFile::read(std::int64_t most, ImageSet& set) {
  const std::int64_t end = std::min(count_, next_ + most);
  set.pixels.reserve(set.pixels.size() + static_cast<std::size_t>(end - next_) * kPixels);
  std::vector<std::uint8_t> bytes(record_.bytes());
  for (; next_ < end; ++next_) {
    const std::size_t got = source_.read(bytes);
    VARPHASE_CHECK(source_.trouble().empty(), ErrorKind::format, "{}: {}\n  fetch it again", name_,
                   source_.trouble());
    VARPHASE_CHECK(got == bytes.size(), ErrorKind::format,
                   "{}: truncated: record {} has {} of {} bytes\n  fetch it again", name_, next_,
                   got, bytes.size());
    for (std::size_t at = 0; at < record_.label_bytes; ++at) {
      VARPHASE_CHECK(bytes[at] < record_.classes[at], ErrorKind::format,
                     "{}: label {} in record {} is out of range, wants 0 to {}\n  the file is "
                     "damaged or another set: fetch it again",
                     name_, bytes[at], next_, record_.classes[at] - 1);
    }
    set.index.push_back(set.count());
    set.labels.push_back(bytes[record_.label_at]);
    set.pixels.insert(set.pixels.end(),
                      bytes.begin() + static_cast<std::ptrdiff_t>(record_.label_bytes),
                      bytes.end());
  }
}

bool holds_cifar10(const fs::path& folder) {
  return is_file(folder / "data_batch_1.bin") || is_file(folder / "test_batch.bin");
}

Dataset read_cifar10(const fs::path& folder, const ReadOptions& options) {
  VARPHASE_CHECK(options.labels == LabelKind::fine, ErrorKind::usage,
                 "{}: --labels coarse: CIFAR-10 has one kind of labels, only CIFAR-100 has two",
                 folder.string());
  const CifarRecord record = cifar10_record();
  Dataset dataset;
  dataset.name = options.name;
  dataset.source = folder.string();
  dataset.classes = record.classes[0];
  dataset.class_names = names_of(folder / "batches.meta.txt", record.classes[0]);
  dataset.train = empty_cifar_set();
  dataset.test = empty_cifar_set();
  std::int64_t first = 0;
  for (int batch = 1; batch <= kBatches; ++batch) {
    const fs::path path = folder / fmt::format("data_batch_{}.bin", batch);
    const std::int64_t count = append_records(path, record, dataset.train);
    if (batch == 1) first = count;
    VARPHASE_CHECK(count == first, ErrorKind::format,
                   "{}: {} records, data_batch_1.bin has {}\n  one of them is truncated: fetch it "
                   "again",
                   path.string(), count, first);
  }
  append_records(folder / "test_batch.bin", record, dataset.test);
  return dataset;
}

bool holds_cifar100(const fs::path& folder) {
  return is_file(folder / "train.bin") && !holds_cifar10(folder);
}

Dataset read_cifar100(const fs::path& folder, const ReadOptions& options) {
  const bool coarse = options.labels == LabelKind::coarse;
  const CifarRecord record = cifar100_record(options.labels);
  Dataset dataset;
  dataset.name = options.name;
  dataset.source = folder.string();
  dataset.notes.push_back(coarse ? "labels: the 20 coarse classes of CIFAR-100"
                                 : "labels: the 100 fine classes of CIFAR-100");
  dataset.classes = record.classes[record.label_at];
  dataset.class_names =
      names_of(folder / (coarse ? "coarse_label_names.txt" : "fine_label_names.txt"),
               record.classes[record.label_at]);
  dataset.train = empty_cifar_set();
  dataset.test = empty_cifar_set();
  append_records(folder / "train.bin", record, dataset.train);
  append_records(folder / "test.bin", record, dataset.test);
  return dataset;
}

}  // namespace varphase
