// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/file_source.hpp"

#include <algorithm>
#include <cstring>
#include <map>

#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"
#include "src/data/files_on_disk.hpp"
#include "src/data/image_file.hpp"
#include "src/data/on_all_cores.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr int kDeepest = 16;  // folders inside each other: links may lead in a circle

struct FileToDecode {
  fs::path path;
  std::string name;
  const ImageFormat* format;
};

/// The image files below a folder, by their path in it.
std::vector<FileToDecode> files_below(const fs::path& folder) {
  std::vector<FileToDecode> files;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::follow_directory_symlink,
                                         error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
    VARPHASE_CHECK(entry.depth() < kDeepest, ErrorKind::io,
                   "{}: more than {} folders inside each other; does a link lead in a circle?",
                   entry->path().string(), kDeepest);
    const std::string name = entry->path().filename().string();
    if (name.front() == '.') {
      entry.disable_recursion_pending();
      continue;
    }
    const ImageFormat* format = image_format_of(name);
    if (format == nullptr || is_folder(entry->path())) continue;
    files.push_back({entry->path(), entry->path().lexically_relative(folder).string(), format});
  }
  VARPHASE_CHECK(!error, ErrorKind::io, "{}: cannot be listed: {}", folder.string(),
                 error.message());
  std::sort(files.begin(), files.end(),
            [](const FileToDecode& a, const FileToDecode& b) { return a.name < b.name; });
  VARPHASE_CHECK(!files.empty(), ErrorKind::io,
                 "{}: no image in this folder (.jpg, .jpeg, .png)\n  an IDX, HDF5 or CIFAR file is "
                 "given itself, not the folder it lies in",
                 folder.string());
  return files;
}

/// Files of several folders that have one name get that of their folder too, as it was given.
void tell_apart(std::vector<FileToDecode>& files) {
  for (bool changed = true; changed;) {  // a longer name may be another file's
    changed = false;
    std::map<std::string, int> uses;
    for (const FileToDecode& file : files) ++uses[file.name];
    for (FileToDecode& file : files) {
      if (uses.at(file.name) == 1 || file.name == file.path.string()) continue;
      file.name = file.path.string();
      changed = true;
    }
  }
}

class FileSource final : public ImageSource {
 public:
  explicit FileSource(const ImageRequest& request) : request_(request) {
    for (const fs::path& path : request.paths) {
      if (is_folder(path)) {
        for (FileToDecode& file : files_below(path)) files_.push_back(std::move(file));
      } else {
        files_.push_back({path, path.string(), image_format_of(path.filename().string())});
      }
    }
    tell_apart(files_);
    for (const FileToDecode& file : files_) check_available(*file.format, file.path.string());
  }

  std::int64_t count() const override { return static_cast<std::int64_t>(files_.size()); }
  bool named() const override { return true; }

  ImagePiece next(std::int64_t most) override {
    const std::size_t first = next_;
    next_ = std::min(files_.size(), first + static_cast<std::size_t>(most));
    const std::size_t count = next_ - first;
    const ImageHeader& wanted = request_.wanted;
    const auto size = static_cast<std::size_t>(wanted.channels * wanted.height * wanted.width);
    ImagePiece piece;
    piece.set.channels = wanted.channels;
    piece.set.height = wanted.height;
    piece.set.width = wanted.width;
    piece.set.pixels.resize(count * size);
    // What is wrong with which is kept, so that errors do not depend on which thread met one first.
    std::vector<Trouble> trouble(count);
    constexpr std::size_t kFilesAtOnce = 8;
    on_all_cores(
        count, request_.threads,
        [&](std::size_t i) {
          trouble[i] = decode(files_[first + i], piece.set.pixels.data() + i * size);
        },
        kFilesAtOnce);
    std::size_t left = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const FileToDecode& file = files_[first + i];
      if (trouble[i].size) check_image_size(shown(file.path), wanted, trouble[i].header);
      if (const ImageTrouble& why = trouble[i].why) {
        VARPHASE_CHECK(request_.skip_damaged, ErrorKind::format, "{}: {}: {}\n  {}",
                       shown(file.path), trouble_name(why.kind), why.text,
                       trouble_remedy(why.kind));
        left_out_.push_back(fmt::format("{} ({})", text_of_bytes(file.name), why.text));
        continue;
      }
      if (left < i)
        std::memmove(piece.set.pixels.data() + left * size, piece.set.pixels.data() + i * size,
                     size);
      ++left;
      piece.set.labels.push_back(0);
      piece.set.index.push_back(static_cast<std::int64_t>(first + i));
      piece.names.push_back(file.name);
    }
    piece.set.pixels.resize(left * size);
    return piece;
  }

 private:
  struct Trouble {
    ImageTrouble why;
    bool size = false;  // another one than wanted: `header`
    ImageHeader header;
  };

  Trouble decode(const FileToDecode& file, std::uint8_t* out) const {
    const ImageHeader& wanted = request_.wanted;
    Trouble trouble;
    try {
      FileIdentity ignored;
      const std::vector<std::uint8_t> bytes = read_image_file(file.path, ignored);
      const std::unique_ptr<ImageDecoder> decoder =
          open_image(bytes, *file.format, request_.limits);
      const ImageHeader own = decoder->header();
      trouble.header = request_.form.of(own);
      trouble.size = trouble.header.height != wanted.height ||
                     trouble.header.width != wanted.width ||
                     (trouble.header.channels != 1 && trouble.header.channels != wanted.channels);
      if (!trouble.size) decode_as(*decoder, own, wanted, out);
    } catch (const Error& error) {
      trouble.why = trouble_of(error);
      trouble.size = false;
    }
    return trouble;
  }

  ImageRequest request_;
  std::vector<FileToDecode> files_;
  std::size_t next_ = 0;
};

}  // namespace

bool holds_image_files(const fs::path& path) {
  return is_folder(path) || (is_file(path) && image_format_of(path.filename().string()) != nullptr);
}

std::unique_ptr<ImageSource> open_file_source(const ImageRequest& request) {
  return std::make_unique<FileSource>(request);
}

}  // namespace varphase
