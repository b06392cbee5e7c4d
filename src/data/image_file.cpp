// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/image_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/ranges.h>

#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kMostFileBytes = std::uint64_t{1} << 28U;
constexpr std::size_t kNamesShown = 5;
constexpr std::int64_t kNanoseconds = 1'000'000'000;

/// A descriptor that is closed at the end.
class OpenFile {
 public:
  explicit OpenFile(const fs::path& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    const int cause = errno;
    std::error_code none;
    const fs::path target = descriptor_ < 0 ? fs::read_symlink(path, none) : fs::path();
    VARPHASE_CHECK(descriptor_ >= 0 || target.empty(), ErrorKind::io, "a link to {}: {}",
                   target.string(), std::strerror(cause));
    VARPHASE_CHECK(descriptor_ >= 0, ErrorKind::io, "{}", std::strerror(cause));
  }
  ~OpenFile() { ::close(descriptor_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace

FileIdentity identity_of(const struct stat& status) {
  const auto nanoseconds = [](const timespec& time) {
    return std::int64_t{time.tv_sec} * kNanoseconds + time.tv_nsec;
  };
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
          nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

std::vector<std::uint8_t> read_image_file(const fs::path& path, FileIdentity& identity) {
  const OpenFile file(path);
  struct stat status {};
  VARPHASE_CHECK(::fstat(file.get(), &status) == 0, ErrorKind::io, "{}", std::strerror(errno));
  VARPHASE_CHECK(S_ISREG(status.st_mode), ErrorKind::io, "is no regular file");
  identity = identity_of(status);
  VARPHASE_CHECK(identity.bytes > 0, ErrorKind::format, "empty file");
  VARPHASE_CHECK(identity.bytes <= kMostFileBytes, ErrorKind::unsupported,
                 "{} bytes, at most {} are read", identity.bytes, kMostFileBytes);
  std::vector<std::uint8_t> bytes(identity.bytes);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    VARPHASE_CHECK(got >= 0, ErrorKind::io, "{}", std::strerror(errno));
    VARPHASE_CHECK(got > 0, ErrorKind::io, "{} of {} bytes could be read", done, bytes.size());
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

void check_available(const ImageFormat& format, const std::string& file) {
  VARPHASE_CHECK(format.available, ErrorKind::unsupported,
                 "{}: this build of varphase reads no {} files\n  install {} and build again", file,
                 format.name, format.package);
}

void decode_as(ImageDecoder& decoder, const ImageHeader& own, const ImageHeader& to,
               std::uint8_t* out) {
  if (own == to) {
    decoder.decode(out);
    return;
  }
  std::vector<std::uint8_t> decoded(own.bytes());
  decoder.decode(decoded.data());
  form_image(decoded.data(), own, to, out);
}

ImageTrouble trouble_of(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::format:
      return {ImageTrouble::Kind::damaged, error.what()};
    case ErrorKind::unsupported:
      return {ImageTrouble::Kind::unsupported, error.what()};
    case ErrorKind::io:
      return {ImageTrouble::Kind::unreadable, error.what()};
    default:
      throw error;
  }
}

const char* trouble_name(ImageTrouble::Kind kind) {
  switch (kind) {
    case ImageTrouble::Kind::damaged:
      return "damaged";
    case ImageTrouble::Kind::unsupported:
      return "unsupported";
    case ImageTrouble::Kind::unreadable:
      return "not readable";
    case ImageTrouble::Kind::none:
      break;
  }
  return "";
}

const char* trouble_remedy(ImageTrouble::Kind kind) {
  switch (kind) {
    case ImageTrouble::Kind::damaged:
      return "replace them, or leave them out by --skip-damaged";
    case ImageTrouble::Kind::unsupported:
      return "make them JPEG or PNG files of 8 bits, grey or RGB, or leave them out by "
             "--skip-damaged";
    case ImageTrouble::Kind::unreadable:
      return "bring the files there or remove their names, or leave them out by --skip-damaged";
    case ImageTrouble::Kind::none:
      break;
  }
  return "";
}

std::string trouble_text(const std::vector<std::string>& names,
                         const std::vector<ImageTrouble>& troubles) {
  std::vector<std::string> parts;
  for (const ImageTrouble::Kind kind :
       {ImageTrouble::Kind::damaged, ImageTrouble::Kind::unsupported,
        ImageTrouble::Kind::unreadable}) {
    std::vector<std::string> which;
    for (std::size_t i = 0; i < troubles.size(); ++i) {
      if (troubles[i].kind == kind)
        which.push_back(fmt::format("{} ({})", names[i], troubles[i].text));
    }
    if (which.empty()) continue;
    parts.push_back(fmt::format("{} of {} images {} {}: {}", which.size(), troubles.size(),
                                which.size() == 1 ? "is" : "are", trouble_name(kind),
                                shown_names(which)));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string shown_names(std::vector<std::string> names) {
  const std::size_t more = names.size() > kNamesShown ? names.size() - kNamesShown : 0;
  names.resize(names.size() - more);
  for (std::string& name : names) name = shown(name);
  return fmt::format("{}{}", fmt::join(names, ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace varphase
