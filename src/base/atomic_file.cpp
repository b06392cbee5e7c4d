// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/atomic_file.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <signal.h>
#include <system_error>
#include <unistd.h>

#include "src/base/error.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kMarker = ".tmp.";

/// The temporary files that are being filled, where a signal handler can read them: fixed memory and atomics alone.
struct Unfinished {
  enum State : int { kFree, kClaimed, kNamed };
  std::atomic<int> state{kFree};
  std::array<char, 4096> path{};
};
std::array<Unfinished, 32> unfinished_files;

/// Keeps a path among unfinished_files while it lives. A path that is too long or finds no place is left out: its file
/// then stays when a signal ends the process, as after SIGKILL.
class UnfinishedFile {
 public:
  explicit UnfinishedFile(const std::string& path) {
    if (path.size() >= unfinished_files[0].path.size()) return;
    for (Unfinished& place : unfinished_files) {
      int free = Unfinished::kFree;
      if (!place.state.compare_exchange_strong(free, Unfinished::kClaimed)) continue;
      path.copy(place.path.data(), path.size());
      place.path[path.size()] = '\0';
      place.state.store(Unfinished::kNamed);
      place_ = &place;
      return;
    }
  }
  ~UnfinishedFile() {
    if (place_ != nullptr) place_->state.store(Unfinished::kFree);
  }
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;

 private:
  Unfinished* place_ = nullptr;
};

void sync_path(const fs::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  VARPHASE_CHECK(descriptor >= 0, ErrorKind::io, "{}: cannot be opened for fsync: {}",
                 path.string(), std::strerror(errno));
  const int result = ::fsync(descriptor);
  const int cause = errno;
  ::close(descriptor);
  // Some network file systems refuse fsync on a folder; the rename is then as durable as they make it.
  VARPHASE_CHECK(result == 0 || cause == EINVAL || cause == ENOTSUP, ErrorKind::io,
                 "{}: fsync failed: {}", path.string(), std::strerror(cause));
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

std::string free_space(const fs::path& folder) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (error) return "free space unknown";
  return fmt::format("{:.1f} MB free", static_cast<double>(space.available) * 1e-6);
}

}  // namespace

void write_atomically(const fs::path& path,
                      const std::function<void(const fs::path& temporary)>& fill) {
  const fs::path folder = folder_of(path);
  const fs::path temporary =
      folder / fmt::format(".{}{}{}", path.filename().string(), kMarker, ::getpid());
  const UnfinishedFile unfinished(temporary.string());
  std::string space;
  const auto clear = [&] {
    std::error_code ignored;
    space = free_space(folder);
    fs::remove(temporary, ignored);
  };
  const auto fail_unwritten = [&](const char* why) {
    fail(ErrorKind::io,
         "{}: not written ({}; {} in {})\n  nothing was overwritten; free some space or choose "
         "another folder",
         path.string(), why, space, folder.string());
  };
  try {
    fill(temporary);
    sync_path(temporary, O_RDONLY);
    fs::rename(temporary, path);
    sync_path(folder, O_RDONLY | O_DIRECTORY);
  } catch (const Error& error) {
    clear();
    if (error.kind() != ErrorKind::io) throw;
    fail_unwritten(error.what());
  } catch (const std::exception& error) {
    clear();
    fail_unwritten(error.what());
  }
}

void write_text_atomically(const fs::path& path, std::string_view text) {
  write_atomically(path, [&](const fs::path& temporary) {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    file.close();
    VARPHASE_CHECK(!file.fail(), ErrorKind::io, "{}", std::strerror(errno));
  });
}

void remove_unfinished_temporaries() noexcept {
  for (Unfinished& place : unfinished_files)
    if (place.state.load() == Unfinished::kNamed) ::unlink(place.path.data());
}

std::optional<int> writer_of_temporary(const std::string& name) {
  const std::size_t at = name.rfind(kMarker);
  if (name.empty() || name.front() != '.' || at == std::string::npos) return std::nullopt;
  const char* first = name.data() + at + kMarker.size();
  const char* last = name.data() + name.size();
  int process = 0;
  const auto [end, status] = std::from_chars(first, last, process);
  if (status != std::errc() || end != last || process <= 0) return std::nullopt;
  return process;
}

void remove_stale_temporaries(const fs::path& folder, double seconds) {
  std::error_code error;
  const auto now = fs::file_time_type::clock::now();
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::optional<int> writer = writer_of_temporary(entry.path().filename().string());
    if (!writer) continue;
    // In containers every process has the same number: what has ours is older than we are.
    const bool alive = *writer != ::getpid() && (::kill(*writer, 0) == 0 || errno == EPERM);
    const std::chrono::duration<double> age = now - entry.last_write_time(error);
    if (!alive && age.count() >= seconds) fs::remove(entry.path(), error);
  }
}

}  // namespace varphase
