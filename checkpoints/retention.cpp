// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/retention.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>

#include "checkpoints/snapshot_file.hpp"
#include "src/base/error.hpp"
#include "src/base/log.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kBefore = "epoch_";
constexpr std::string_view kAfter = ".h5";

std::optional<std::int64_t> epoch_of(const std::string& name) {
  if (name.size() <= kBefore.size() + kAfter.size()) return std::nullopt;
  const char* first = name.data() + kBefore.size();
  const char* last = name.data() + name.size() - kAfter.size();
  std::int64_t epoch = -1;
  const auto [end, status] = std::from_chars(first, last, epoch);
  if (status != std::errc() || end != last || epoch < 0) return std::nullopt;
  // epoch_7.h5 and epoch_00007.h5 are not ours: one epoch has one name.
  if (epoch_path("", epoch).string() != name) return std::nullopt;
  return epoch;
}

}  // namespace

fs::path epoch_path(const fs::path& folder, std::int64_t epoch) {
  return folder / fmt::format("{}{:04}{}", kBefore, epoch, kAfter);
}

std::vector<std::int64_t> list_epochs(const fs::path& folder) {
  std::vector<std::int64_t> epochs;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::optional<std::int64_t> epoch = epoch_of(entry->path().filename().string());
    if (epoch) epochs.push_back(*epoch);
  }
  VARPHASE_CHECK(!error || error == std::errc::no_such_file_or_directory, ErrorKind::io,
                 "{}: cannot be listed: {}", folder.string(), error.message());
  std::sort(epochs.begin(), epochs.end());
  return epochs;
}

NewestEpoch newest_readable_epoch(const fs::path& folder) {
  NewestEpoch newest;
  std::vector<std::int64_t> epochs = list_epochs(folder);
  for (; !epochs.empty(); epochs.pop_back()) {
    try {
      const fs::path path = epoch_path(folder, epochs.back());
      const Snapshot snapshot = read_snapshot(path);
      VARPHASE_CHECK(snapshot.epoch == epochs.back(), ErrorKind::format,
                     "{}: holds epoch {}\n  the file was renamed: give it its own name back",
                     path.string(), snapshot.epoch);
      newest.epoch = epochs.back();
      break;
    } catch (const Error& error) {
      newest.skipped.emplace_back(error.what());
    }
  }
  return newest;
}

bool drop_optimizer(const fs::path& path) {
  Snapshot snapshot = read_snapshot(path);
  if (snapshot.optimizer.empty()) return false;
  snapshot.optimizer.clear();
  write_snapshot(path, std::move(snapshot));
  return true;
}

void finish_dropping(const fs::path& folder, std::int64_t keep) {
  const std::vector<std::int64_t> epochs = list_epochs(folder);
  for (std::int64_t i = std::ssize(epochs) - keep; i > 0; --i) {
    try {
      if (!drop_optimizer(epoch_path(folder, epochs[static_cast<std::size_t>(i - 1)]))) return;
    } catch (const Error& error) {
      log_warning(fmt::format("optimizer state not dropped: {}", error.what()));
    }
  }
}

}  // namespace varphase
