// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/image_listing.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <sys/stat.h>

#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"
#include "src/data/files_on_disk.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

bool is_hidden(const char* name) { return *name == '.'; }

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

  /// Of what a link leads to; all 0 where it leads nowhere.
  struct stat status(const std::string& name) const {
    struct stat status {};
    if (::fstatat(::dirfd(stream_), name.c_str(), &status, 0) != 0) return {};
    return status;
  }

 private:
  fs::path path_;
  DIR* stream_;
};

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
                   shown(root / path));
    const ImageFormat* format = image_format_of(file);
    if (format == nullptr) continue;
    part.files.push_back({path, format, static_cast<std::int64_t>(part.classes.size()),
                          S_ISREG(status.st_mode) ? identity_of(status) : FileIdentity()});
  }
  VARPHASE_CHECK(part.files.size() > before, ErrorKind::io,
                 "{}: no image in this class folder (.jpg, .jpeg, .png)\n  put images there or "
                 "remove the folder",
                 shown(root / below));
  part.classes.push_back(name);
}

}  // namespace

PartFiles list_part(const fs::path& root, const std::string& name) {
  PartFiles part;
  part.name = name;
  VARPHASE_CHECK(is_folder(root / name), ErrorKind::io,
                 "{}: no such folder\n  an image folder holds train/CLASS/FILE and test/CLASS/FILE "
                 "(or val/CLASS/FILE)",
                 shown(root / name));
  for (const std::string& entry : Folder(root / name).names()) {
    const fs::path path = root / name / entry;
    if (is_folder(path)) list_class(root, part, entry);
    // A class that vanishes moves the labels of those behind it.
    std::error_code error;
    VARPHASE_CHECK(
        path.has_extension() || !fs::is_symlink(path, error) || fs::exists(path, error),
        ErrorKind::io,
        "{}: a link to {}, which is not there\n  bring the class folder there, or remove "
        "the link",
        shown(path), shown(fs::read_symlink(path, error)));
  }
  VARPHASE_CHECK(part.classes.size() >= 2, ErrorKind::io,
                 "{}: {} class folders, wants at least two\n  the images of a class lie in a "
                 "folder of its name",
                 shown(root / name), part.classes.size());
  return part;
}

std::string test_part_name(const fs::path& root) {
  return is_folder(root / "test") || !is_folder(root / "val") ? "test" : "val";
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
                 shown(root), test.name, no_test.size(), shown_names(no_test), no_train.size(),
                 test.name, shown_names(no_train));
}

}  // namespace varphase
