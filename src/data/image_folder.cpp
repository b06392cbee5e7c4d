// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/image_folder.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/ranges.h>

#include "src/base/error.hpp"
#include "src/base/log.hpp"
#include "src/data/dataset_files.hpp"
#include "src/data/digest.hpp"
#include "src/data/files_on_disk.hpp"
#include "src/data/image_cache.hpp"
#include "src/data/image_file.hpp"
#include "src/data/on_all_cores.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kNamesShown = 5;

struct ImageFile {
  std::string name;  // from the set's folder: "train/cat/0001.jpg"
  const ImageFormat* format = nullptr;
  std::int64_t label = 0;
  std::uint64_t bytes = 0;
  std::int64_t changed = 0;  // nanoseconds
};

struct PartFiles {
  std::string name;  // "train"
  std::vector<std::string> classes;
  std::vector<ImageFile> files;
};

bool is_hidden(const char* name) { return *name == '.'; }

std::string shown(std::vector<std::string> names) {
  const std::size_t more = names.size() > kNamesShown ? names.size() - kNamesShown : 0;
  names.resize(names.size() - more);
  return fmt::format("{}{}", fmt::join(names, ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "");
}

/// An open folder: asking for its entries one by one need not walk their whole path each time.
class Folder {
 public:
  explicit Folder(fs::path path) : path_(std::move(path)), stream_(::opendir(path_.c_str())) {
    VARPHASE_CHECK(stream_ != nullptr, ErrorKind::io, "{}: cannot be listed: {}", path_.string(),
                   std::strerror(errno));
  }
  ~Folder() { ::closedir(stream_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  /// Sorted, without hidden ones.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream_)) {
      if (!is_hidden(entry->d_name)) names.emplace_back(entry->d_name);
      errno = 0;
    }
    VARPHASE_CHECK(errno == 0, ErrorKind::io, "{}: cannot be listed: {}", path_.string(),
                   std::strerror(errno));
    std::sort(names.begin(), names.end());
    return names;
  }

  struct stat status(const std::string& name) const {
    struct stat status {};
    VARPHASE_CHECK(::fstatat(::dirfd(stream_), name.c_str(), &status, 0) == 0, ErrorKind::io,
                   "{}: {}", (path_ / name).string(), std::strerror(errno));
    return status;
  }

 private:
  fs::path path_;
  DIR* stream_;
};

/// Test images lie in test, or in val where there is no test.
std::string test_name(const fs::path& folder) {
  return is_folder(folder / "test") || !is_folder(folder / "val") ? "test" : "val";
}

void list_class(const fs::path& root, PartFiles& part, const std::string& name) {
  const std::string below = part.name + "/" + name;
  const std::size_t before = part.files.size();
  const Folder folder(root / below);
  for (const std::string& file : folder.names()) {
    const struct stat status = folder.status(file);
    const std::string path = below + "/" + file;
    VARPHASE_CHECK(!S_ISDIR(status.st_mode), ErrorKind::io,
                   "{}: a folder inside a class folder, wants images\n  an image folder has two "
                   "levels: train/CLASS/FILE",
                   (root / path).string());
    const ImageFormat* format = image_format_of(file);
    if (format == nullptr || !S_ISREG(status.st_mode)) continue;
    part.files.push_back(
        {path, format, static_cast<std::int64_t>(part.classes.size()),
         static_cast<std::uint64_t>(status.st_size),
         std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec});
  }
  VARPHASE_CHECK(part.files.size() > before, ErrorKind::io,
                 "{}: no image in this class folder (.jpg, .jpeg, .png)\n  put images there or "
                 "remove the folder",
                 (root / below).string());
  part.classes.push_back(name);
}

PartFiles list_part(const fs::path& root, const std::string& name) {
  PartFiles part;
  part.name = name;
  VARPHASE_CHECK(is_folder(root / name), ErrorKind::io,
                 "{}: no such folder\n  an image folder holds train/CLASS/FILE and test/CLASS/FILE "
                 "(or val/CLASS/FILE)",
                 (root / name).string());
  for (const std::string& entry : Folder(root / name).names()) {
    if (is_folder(root / name / entry)) list_class(root, part, entry);
  }
  VARPHASE_CHECK(part.classes.size() >= 2, ErrorKind::io,
                 "{}: {} class folders, wants at least two\n  the images of a class lie in a "
                 "folder of its name",
                 (root / name).string(), part.classes.size());
  return part;
}

void check_same_classes(const fs::path& root, const PartFiles& train, const PartFiles& test) {
  const auto missing = [](const std::vector<std::string>& from,
                          const std::vector<std::string>& in) {
    std::vector<std::string> names;
    std::set_difference(from.begin(), from.end(), in.begin(), in.end(), std::back_inserter(names));
    return names;
  };
  const std::vector<std::string> no_test = missing(train.classes, test.classes);
  const std::vector<std::string> no_train = missing(test.classes, train.classes);
  VARPHASE_CHECK(no_test.empty() && no_train.empty(), ErrorKind::io,
                 "{}: the class folders of train and {} differ: {} only in train ({}), {} only in "
                 "{} ({})\n  both want the same classes, since a label is a class folder's place",
                 root.string(), test.name, no_test.size(), shown(no_test), no_train.size(),
                 test.name, shown(no_train));
}

/// All images of a set, decoded side by side; what is wrong with which is kept, so that errors do
/// not depend on which thread met one first.
class SetDecoder {
 public:
  SetDecoder(fs::path root, std::vector<const ImageFile*> files, unsigned threads)
      : root_(std::move(root)), files_(std::move(files)), threads_(threads) {}

  /// @param skip_damaged leaves trouble(i) for the caller instead of throwing
  void decode(bool skip_damaged) {
    find_size();
    allocate();
    on_all_cores(files_.size(), threads_, [&](std::size_t i) { decode_one(i); });
    if (found_colour_) {  // the first image was grey, another is not: once more, with three
                          // channels
      header_.channels = 3;
      found_colour_ = false;
      allocate();
      on_all_cores(files_.size(), threads_, [&](std::size_t i) { decode_one(i); });
    }
    check_sizes();
    if (!skip_damaged) check_damage();
  }

  const ImageHeader& header() const { return header_; }
  bool damaged(std::size_t i) const { return !trouble_[i].empty(); }
  std::size_t image_size() const {
    return static_cast<std::size_t>(header_.channels * header_.height * header_.width);
  }
  const std::uint8_t* image(std::size_t i) const { return pixels_.data() + i * image_size(); }

  /// "3 of 100 images are damaged, the first: train/cat/1.jpg (truncated), ..."; "" where none is.
  std::string damage_text() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (damaged(i)) names.push_back(fmt::format("{} ({})", files_[i]->name, trouble_[i]));
    }
    if (names.empty()) return "";
    return fmt::format("{} of {} images {} damaged: {}", names.size(), files_.size(),
                       names.size() == 1 ? "is" : "are", shown(names));
  }

 private:
  /// That of the first image that has a sound header.
  void find_size() {
    trouble_.assign(files_.size(), "");
    for (std::size_t i = 0; i < files_.size(); ++i) {
      try {
        const std::vector<std::uint8_t> bytes = read(i);
        header_ = files_[i]->format->open(bytes)->header();
        first_ = i;
        return;
      } catch (const Error& error) {
        trouble_[i] = error.what();
      }
    }
    check_damage();  // there is no sound one: throws
  }

  void allocate() {
    const double wanted = static_cast<double>(files_.size()) * static_cast<double>(image_size());
    const double there = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
                         static_cast<double>(::sysconf(_SC_PAGESIZE));
    VARPHASE_CHECK(wanted < 0.8 * there, ErrorKind::device,
                   "{}: {} images of {} x {} x {} want {:.1f} GB, this machine has {:.1f} GB\n  "
                   "make the images smaller before",
                   root_.string(), files_.size(), header_.channels, header_.height, header_.width,
                   wanted * 1e-9, there * 1e-9);
    pixels_.resize(files_.size() * image_size());
    trouble_.assign(files_.size(), "");
    sizes_.assign(files_.size(), header_);
  }

  std::vector<std::uint8_t> read(std::size_t i) const {
    return read_image_file(root_ / files_[i]->name, files_[i]->bytes);
  }

  void decode_one(std::size_t i) {
    if (found_colour_.load(std::memory_order_relaxed)) return;
    try {
      const std::vector<std::uint8_t> bytes = read(i);
      const std::unique_ptr<ImageDecoder> decoder = files_[i]->format->open(bytes);
      sizes_[i] = decoder->header();
      if (sizes_[i].height != header_.height || sizes_[i].width != header_.width) return;
      if (sizes_[i].channels > header_.channels) {
        found_colour_ = true;
        return;
      }
      decode_planes(*decoder, sizes_[i], header_.channels, pixels_.data() + i * image_size());
    } catch (const Error& error) {
      trouble_[i] = error.what();
    }
  }

  void check_sizes() const {
    std::int64_t others = 0;
    std::size_t first_other = 0;
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (sizes_[i].height == header_.height && sizes_[i].width == header_.width) continue;
      if (others++ == 0) first_other = i;
    }
    VARPHASE_CHECK(others == 0, ErrorKind::format,
                   "{}: {} of {} images have another size: {} is {} x {}, {} is {} x {} (height, "
                   "width)\n  a network takes one size: bring them to it before",
                   root_.string(), others, files_.size(), files_[first_]->name, header_.height,
                   header_.width, files_[first_other]->name, sizes_[first_other].height,
                   sizes_[first_other].width);
  }

  void check_damage() const {
    const std::string damage = damage_text();
    VARPHASE_CHECK(damage.empty(), ErrorKind::format,
                   "{}: {}\n  replace them, or leave them out by --skip-damaged", root_.string(),
                   damage);
  }

  fs::path root_;
  std::vector<const ImageFile*> files_;
  unsigned threads_;
  std::size_t first_ = 0;
  ImageHeader header_;
  std::atomic<bool> found_colour_{false};
  std::vector<std::uint8_t> pixels_;
  std::vector<std::string> trouble_;
  std::vector<ImageHeader> sizes_;
};

/// The sound images of one part, which start at `first` among the decoder's.
ImageSet take_part(SetDecoder& decoder, const PartFiles& part, std::size_t first) {
  ImageSet set;
  set.channels = decoder.header().channels;
  set.height = decoder.header().height;
  set.width = decoder.header().width;
  for (std::size_t i = 0; i < part.files.size(); ++i) {
    if (decoder.damaged(first + i)) continue;
    set.labels.push_back(part.files[i].label);
    set.index.push_back(static_cast<std::int64_t>(i));
  }
  const std::size_t size = decoder.image_size();
  set.pixels.resize(set.labels.size() * size);
  for (std::size_t i = 0; i < set.labels.size(); ++i)
    std::memcpy(set.pixels.data() + i * size,
                decoder.image(first + static_cast<std::size_t>(set.index[i])), size);
  return set;
}

void check_every_class_is_left(const ImageSet& set, const PartFiles& part,
                               const std::string& damage) {
  std::vector<bool> left(part.classes.size());
  for (const std::int64_t label : set.labels) left[static_cast<std::size_t>(label)] = true;
  for (std::size_t label = 0; label < left.size(); ++label) {
    VARPHASE_CHECK(left[label], ErrorKind::format,
                   "{}/{}: all images of this class are damaged\n  {}", part.name,
                   part.classes[label], damage);
  }
}

Dataset decode_set(const fs::path& root, const PartFiles& train, const PartFiles& test,
                   const std::vector<const ImageFile*>& files, const ReadOptions& options) {
  SetDecoder decoder(root, files, options.threads);
  decoder.decode(options.skip_damaged);
  Dataset dataset;
  dataset.train = take_part(decoder, train, 0);
  dataset.test = take_part(decoder, test, train.files.size());
  const std::string damage = decoder.damage_text();
  check_every_class_is_left(dataset.train, train, damage);
  check_every_class_is_left(dataset.test, test, damage);
  if (!damage.empty()) dataset.notes.push_back("left out: " + damage);
  return dataset;
}

/// Changes with every name, size and time of a file, and with what is made of them.
std::string cache_key(const std::vector<const ImageFile*>& files, bool skip_damaged) {
  constexpr int kDecoding = 1;  // to be raised where the same files give other pixels
  Sha256 sum;
  sum.add(fmt::format("image folder {} {}\n", kDecoding, skip_damaged));
  for (const ImageFile* file : files)
    sum.add(fmt::format("{}\n{} {}\n", file->name, file->bytes, file->changed));
  return sum.hex();
}

}  // namespace

bool holds_image_folder(const fs::path& path) { return is_folder(path / "train"); }

Dataset read_image_folder(const fs::path& root, const ReadOptions& options) {
  VARPHASE_CHECK(options.labels == LabelKind::fine, ErrorKind::usage,
                 "{}: --labels coarse: an image folder has one kind of labels, only CIFAR-100 has "
                 "two",
                 root.string());
  const PartFiles train = list_part(root, "train");
  const PartFiles test = list_part(root, test_name(root));
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
  const bool cached = options.files != nullptr && !cache_folder().empty();
  const fs::path file = cached ? cache_file(cache_key(files, options.skip_damaged)) : fs::path();
  if (cached && is_file(file)) {
    try {
      return named(options.files->read_cached(file));
    } catch (const Error& error) {
      log_warning(fmt::format("{}: not used and made anew: {}", file.string(), error.what()));
    }
  }
  Dataset dataset = named(decode_set(root, train, test, files, options));
  dataset.digest = dataset_digest(dataset);
  if (cached) {
    try {
      std::error_code ignored;
      fs::create_directories(file.parent_path(), ignored);
      options.files->write_cached(file, dataset);
    } catch (const Error& error) {
      log_warning(fmt::format("the decoded images are not kept: {}", error.what()));
    }
  }
  return dataset;
}

}  // namespace varphase
