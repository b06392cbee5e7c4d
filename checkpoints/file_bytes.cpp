// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/file_bytes.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/error.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

// One system call moves at most 2 GiB.
constexpr std::size_t kMaxTransfer = std::size_t{1} << 30U;

/// Over the file size limit, write() fails with EFBIG, but first SIGXFSZ would end the process.
class FileSizeSignalBlocked {
 public:
  FileSizeSignalBlocked() {
    sigemptyset(&signal_);
    sigaddset(&signal_, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &signal_, &before_);
  }
  ~FileSizeSignalBlocked() {
    if (sigismember(&before_, SIGXFSZ) == 0) {
      const timespec at_once{};
      while (sigtimedwait(&signal_, nullptr, &at_once) == SIGXFSZ) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  FileSizeSignalBlocked(const FileSizeSignalBlocked&) = delete;
  FileSizeSignalBlocked& operator=(const FileSizeSignalBlocked&) = delete;

 private:
  sigset_t signal_{};
  sigset_t before_{};
};

/// "" or the cause of the failure.
std::string write_all(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), std::min(bytes.size(), kMaxTransfer));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EFBIG) {
      return fmt::format("{}: over the largest file that may be written here (ulimit -f)",
                         std::strerror(errno));
    }
    if (written <= 0) return std::strerror(written < 0 ? errno : EIO);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

FileBytes FileBytes::of_size(std::size_t size) {
  FileBytes bytes{std::unique_ptr<std::byte, Free>(
                      static_cast<std::byte*>(std::malloc(std::max<std::size_t>(size, 1)))),
                  size};
  VARPHASE_CHECK(bytes.data != nullptr, ErrorKind::device, "no memory for a file of {} bytes",
                 size);
  return bytes;
}

InputFile::InputFile(const fs::path& path)
    : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) {
  VARPHASE_CHECK(descriptor_ >= 0, ErrorKind::io, "{}: cannot be opened: {}", path.string(),
                 std::strerror(errno));
  struct stat status {};
  const bool known = ::fstat(descriptor_, &status) == 0;
  const std::string cause = std::strerror(errno);
  if (!known || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    if (!known) fail(ErrorKind::io, "{}: {}", path.string(), cause);
    fail(ErrorKind::io, "{}: is {}, wants a file", path.string(),
         S_ISDIR(status.st_mode) ? "a folder" : "no regular file");
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

InputFile::~InputFile() { ::close(descriptor_); }

void InputFile::read(std::uint64_t offset, std::span<std::byte> into) const {
  while (!into.empty()) {
    const ssize_t count = ::pread(descriptor_, into.data(), std::min(into.size(), kMaxTransfer),
                                  static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    VARPHASE_CHECK(count >= 0, ErrorKind::io, "{}: cannot be read at byte {}: {}", path_.string(),
                   offset, std::strerror(errno));
    VARPHASE_CHECK(count > 0, ErrorKind::io, "{}: became shorter while it was read",
                   path_.string());
    into = into.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

void write_new_file(const fs::path& path, std::initializer_list<std::span<const std::byte>> parts) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    fail(ErrorKind::io, "{}: cannot be replaced: {}", path.string(), std::strerror(errno));
  }
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  VARPHASE_CHECK(descriptor >= 0, ErrorKind::io, "{}: cannot be created: {}", path.string(),
                 std::strerror(errno));
  std::string cause;
  {
    const FileSizeSignalBlocked blocked;
    for (const std::span<const std::byte> part : parts) {
      if (cause.empty()) cause = write_all(descriptor, part);
    }
  }
  if (::close(descriptor) != 0 && cause.empty()) cause = std::strerror(errno);
  if (cause.empty()) return;
  ::unlink(path.c_str());
  // Beside what is free, which the caller says when the part that was written is gone again.
  std::size_t size = 0;
  for (const std::span<const std::byte> part : parts) size += part.size();
  fail(ErrorKind::io, "{}; wants {:.1f} MB", cause, static_cast<double>(size) * 1e-6);
}

}  // namespace varphase
