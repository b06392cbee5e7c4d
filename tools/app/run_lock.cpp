// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/run_lock.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/chrono.h>

#include "src/base/error.hpp"
#include "src/base/log.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// "process 123 on host node7 since 2026-11-27T10:00:00Z".
std::string own_name() {
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return fmt::format("process {} on host {} since {:%Y-%m-%dT%H:%M:%SZ}", ::getpid(), host,
                     fmt::gmtime(now));
}

std::string text_of(int descriptor) {
  char text[512];
  const ssize_t count = ::pread(descriptor, text, sizeof text, 0);
  std::string name(text, count > 0 ? static_cast<std::size_t>(count) : 0);
  while (!name.empty() && name.back() == '\n') name.pop_back();
  return name.empty() ? "another process" : name;
}

bool takes_no_locks(int cause) {
  return cause == ENOLCK || cause == ENOSYS || cause == EOPNOTSUPP || cause == EINVAL;
}

/// Whether the path still names the file that was opened: its owner deletes it with the run.
bool still_there(int descriptor, const fs::path& path) {
  struct stat opened {
  }, named{};
  return ::fstat(descriptor, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/// The lock's own file, never what a link in its place leads to. A file of another user may be one
/// that we can only read: flock is content with that.
int open_lock(const fs::path& path) {
  const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | flags, 0666);
  return descriptor >= 0 || errno != EACCES ? descriptor : ::open(path.c_str(), O_RDONLY | flags);
}

/// A folder that takes no new files; where nothing can be written, nothing is kept apart.
bool takes_no_files(int cause) {
  return cause == EACCES || cause == EPERM || cause == EROFS || cause == ENOSPC || cause == EDQUOT;
}

/// @param held  told what the file says of its holder, gives the message of the error
/// @param reads whether the lock may be done without where its file cannot be made: -1 then
template <class Held>
int lock_file(const fs::path& path, int operation, bool reads, Held held) {
  for (;;) {
    const int descriptor = open_lock(path);
    if (descriptor < 0 && reads && takes_no_files(errno)) return -1;
    VARPHASE_CHECK(descriptor >= 0, ErrorKind::io, "{}: cannot be made: {}", path.string(),
                   std::strerror(errno));
    if (::flock(descriptor, operation | LOCK_NB) == 0) {
      if (still_there(descriptor, path)) return descriptor;
      ::close(descriptor);
      continue;
    }
    const int cause = errno;
    if (cause == EINTR) {
      ::close(descriptor);
      continue;
    }
    if (takes_no_locks(cause)) {
      log_warning(
          fmt::format("{}: this file system takes no locks ({}): see to it yourself that no "
                      "second process writes to this run",
                      path.parent_path().string(), std::strerror(cause)));
      return descriptor;
    }
    const std::string holder = text_of(descriptor);
    ::close(descriptor);
    VARPHASE_CHECK(cause == EWOULDBLOCK, ErrorKind::io, "{}: cannot be locked: {}", path.string(),
                   std::strerror(cause));
    throw Error(ErrorKind::io, held(holder));
  }
}

void write_name(int descriptor) {
  const std::string name = own_name() + "\n";
  // Only told to people: a full disk must not keep a run from being locked.
  if (::ftruncate(descriptor, 0) == 0)
    static_cast<void>(!::pwrite(descriptor, name.data(), name.size(), 0));
}

}  // namespace

RunLock RunLock::training(const fs::path& run) {
  RunLock lock(lock_file(run / kTraining, LOCK_EX, false, [&](const std::string& holder) {
    return fmt::format(
        "{}: {} is writing to this run\n  wait for it, stop it, or give another --run",
        run.string(), holder);
  }));
  write_name(lock.descriptor_);
  return lock;
}

RunLock RunLock::analysis(const fs::path& run) {
  return RunLock(lock_file(run / kAnalysis, LOCK_SH, true, [&](const std::string&) {
    return fmt::format("{}: this run is being replaced just now", run.string());
  }));
}

RunLock RunLock::replacing(const fs::path& run) {
  return RunLock(lock_file(run / kAnalysis, LOCK_EX, false, [&](const std::string&) {
    return fmt::format(
        "{}: a kappa, sweep, prune, eval, export or report of this run is going on\n  wait for "
        "it, stop it, or give another --run",
        run.string());
  }));
}

RunLock::RunLock(RunLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

RunLock& RunLock::operator=(RunLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

RunLock::~RunLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace varphase
