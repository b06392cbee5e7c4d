// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/image_cache.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "src/base/atomic_file.hpp"
#include "src/base/error.hpp"
#include "src/base/log.hpp"
#include "src/base/sha256.hpp"
#include "src/data/dataset_files.hpp"
#include "src/data/files_on_disk.hpp"
#include "src/data/on_all_cores.hpp"
#include "src/data/readers.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr int kDecoding = 2;  // to be raised where the same files give other pixels
constexpr std::size_t kNameDigits = 32;
constexpr std::size_t kOutlineDigits = 16;

/// Device numbers mean something on one machine alone.
std::string machine() {
  std::ifstream file("/etc/machine-id");
  std::string line;
  std::getline(file, line);
  return line;
}

bool is_set_name(const std::string& name) {
  constexpr std::string_view kStart = "images-", kEnd = ".h5";
  return name.size() == kStart.size() + kOutlineDigits + 1 + kNameDigits + kEnd.size() &&
         name.starts_with(kStart) && name.ends_with(kEnd) && name.find('/') == std::string::npos;
}

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

fs::path cache_folder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return fs::path(value != nullptr ? value : "");
  };
  if (fs::path own = variable("VARPHASE_CACHE"); !own.empty()) return own;
  if (const fs::path shared = variable("XDG_CACHE_HOME"); shared.is_absolute())
    return shared / "varphase";
  if (const fs::path home = variable("HOME"); home.is_absolute())
    return home / ".cache" / "varphase";
  return {};
}

ImageCache::ImageCache(fs::path root, std::vector<const ImageFile*> files,
                       const ReadOptions& options)
    : root_(std::move(root)),
      files_(std::move(files)),
      options_(options),
      made_of_them_(fmt::format("image folder {} {} {}x{}x{} {} {}\n", kDecoding,
                                options.skip_damaged, options.form.channels, options.form.height,
                                options.form.width, options.limits.image_pixels,
                                options.limits.jpeg_scans)) {}

std::optional<Dataset> ImageCache::find() {
  if (const std::optional<std::string> name = noted()) {
    if (std::optional<Dataset> dataset = read(*name)) return dataset;
  }
  let_changes_show();
  std::error_code error;
  const std::string start = "images-" + outline() + "-";
  bool may_be_there = false;
  for (fs::directory_iterator entry(cache_folder(), error), end; !error && entry != end;
       entry.increment(error))
    may_be_there = may_be_there || entry->path().filename().string().starts_with(start);
  if (!may_be_there) return std::nullopt;
  bool as_listed = true;
  const std::string name = set_name(digest_files(as_listed));
  if (!as_listed) return std::nullopt;
  std::optional<Dataset> dataset = read(name);
  if (dataset) note(name);
  return dataset;
}

void ImageCache::keep(const Dataset& dataset, const std::vector<std::string>& digests) const {
  const std::string name = set_name(digests);
  try {
    std::error_code ignored;
    fs::create_directories(cache_folder(), ignored);
    options_.files->write_cached(cache_folder() / name, dataset);
  } catch (const Error& error) {
    log_warning(fmt::format("the decoded images are not kept: {}", error.what()));
    return;
  }
  note(name);
}

/// What can be said of the files without reading them, and holds for a copy too.
std::string ImageCache::outline() const {
  std::string text = made_of_them_;
  for (const ImageFile* file : files_)
    text += fmt::format("{}\n{}\n", file->name, file->identity.bytes);
  return sha256_hex(text).substr(0, kOutlineDigits);
}

std::string ImageCache::set_name(const std::vector<std::string>& digests) const {
  std::string text = made_of_them_;
  for (std::size_t i = 0; i < files_.size(); ++i)
    text += fmt::format("{}\n{}\n", files_[i]->name, digests[i]);
  return fmt::format("images-{}-{}.h5", outline(), sha256_hex(text).substr(0, kNameDigits));
}

std::optional<Dataset> ImageCache::read(const std::string& name) const {
  const fs::path file = cache_folder() / name;
  if (!is_file(file)) return std::nullopt;
  try {
    return options_.files->read_cached(file);
  } catch (const Error& error) {
    log_warning(fmt::format("{}: not used and made anew: {}", file.string(), error.what()));
  }
  return std::nullopt;
}

std::vector<std::string> ImageCache::digest_files(bool& as_listed) const {
  std::vector<std::string> digests(files_.size());
  std::atomic<bool> same{true};
  on_all_cores(files_.size(), options_.threads, [&](std::size_t i) {
    try {
      FileIdentity identity;
      const std::vector<std::uint8_t> bytes = read_image_file(root_ / files_[i]->name, identity);
      if (identity != files_[i]->identity) same = false;
      digests[i] = sha256_hex(std::as_bytes(std::span(bytes)));
    } catch (const Error& error) {  // as in the decoder: without a digest
      if (error.kind() == ErrorKind::io && files_[i]->identity != FileIdentity()) same = false;
    }
  });
  as_listed = same;
  return digests;
}

fs::path ImageCache::note_file() const {
  std::string text = made_of_them_ + machine();
  for (const ImageFile* file : files_) {
    const FileIdentity& own = file->identity;
    text += fmt::format("\n{}\n{} {} {} {} {}", file->name, own.device, own.inode, own.bytes,
                        own.modified, own.changed);
  }
  return cache_folder() / fmt::format("folder-{}.txt", sha256_hex(text).substr(0, kNameDigits));
}

std::optional<std::string> ImageCache::noted() const {
  std::ifstream file(note_file());
  std::string name;
  if (!std::getline(file, name) || !is_set_name(name)) return std::nullopt;
  return name;
}

void ImageCache::note(const std::string& set) const {
  if (!changes_show_) return;
  try {
    write_text_atomically(note_file(), set + "\n");
  } catch (const Error& error) {
    log_warning(fmt::format("the images' files are read again the next time: {}", error.what()));
  }
}

/// A file that is changed twice within a tick of the file system's clock has one time for both: so
/// that clock must have gone on before a file is read.
void ImageCache::let_changes_show() {
  constexpr std::int64_t kSecond = 1'000'000'000;
  constexpr std::int64_t kTick = kSecond / 50, kCoarseTick = 2 * kSecond;  // kernels', and FAT's
  std::int64_t newest = 0;
  bool coarse = true;
  for (const ImageFile* file : files_) {
    newest = std::max(newest, file->identity.changed);
    coarse = coarse && file->identity.changed % kSecond == 0;
  }
  const std::int64_t shown_from = newest + (coarse ? kCoarseTick : kTick);
  if (!coarse && shown_from > now() && newest <= now())
    std::this_thread::sleep_for(std::chrono::nanoseconds(kTick));
  changes_show_ = shown_from <= now();
}

}  // namespace varphase
