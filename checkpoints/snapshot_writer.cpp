// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/snapshot_writer.hpp"

#include <algorithm>
#include <utility>

#include "checkpoints/retention.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/error.hpp"
#include "src/base/log.hpp"

namespace varphase {
namespace fs = std::filesystem;

SnapshotWriter::SnapshotWriter(SnapshotWriterOptions options) : options_(std::move(options)) {
  VARPHASE_CHECK(options_.queue > 0, ErrorKind::usage,
                 "a snapshot writer wants a queue of at least 1, got 0");
  VARPHASE_CHECK(options_.keep_optimizer >= 0, ErrorKind::usage,
                 "keep_optimizer wants 0 or more, got {}", options_.keep_optimizer);
  if (!options_.warn) options_.warn = log_warning;
  thread_ = std::thread([this] { run(); });
}

SnapshotWriter::~SnapshotWriter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
  try {
    rethrow_first_error();
  } catch (const std::exception& error) {
    log_warning(error.what());
  }
}

void SnapshotWriter::submit(fs::path path, Snapshot snapshot, std::function<void()> durable) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock,
                  [this] { return waiting_.size() < options_.queue || first_error_ != nullptr; });
    rethrow_first_error();
    waiting_.push_back({std::move(path), std::move(snapshot), std::move(durable)});
  }
  changed_.notify_all();
}

void SnapshotWriter::flush() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.empty() && !writing_; });
  rethrow_first_error();
}

void SnapshotWriter::rethrow_first_error() {
  if (first_error_ != nullptr) std::rethrow_exception(std::exchange(first_error_, nullptr));
}

void SnapshotWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return !waiting_.empty() || ending_; });
    if (waiting_.empty()) return;
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    writing_ = true;
    lock.unlock();
    changed_.notify_all();
    std::exception_ptr error;
    try {
      write(std::move(job));
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    if (first_error_ == nullptr) first_error_ = error;
    writing_ = false;
    changed_.notify_all();
  }
}

void SnapshotWriter::write(Job job) {
  const std::int64_t epoch = job.snapshot.epoch;
  if (options_.keep_optimizer == 0) job.snapshot.optimizer.clear();
  without_optimizer_.erase(job.path);
  write_snapshot(job.path, std::move(job.snapshot));
  if (job.durable) job.durable();
  if (options_.keep_optimizer != SnapshotWriterOptions().keep_optimizer) {
    drop_older_optimizers(job.path.parent_path(), epoch);
  }
}

void SnapshotWriter::drop_older_optimizers(const fs::path& folder, std::int64_t epoch) {
  // What lies after the epoch just written belongs to a run that was taken up again before it: not
  // ours to judge.
  std::vector<std::int64_t> epochs = list_epochs(folder.empty() ? "." : folder);
  std::erase_if(epochs, [epoch](std::int64_t other) { return other > epoch; });
  const auto kept =
      std::min<std::int64_t>(options_.keep_optimizer, static_cast<std::int64_t>(epochs.size()));
  epochs.resize(epochs.size() - static_cast<std::size_t>(kept));
  for (const std::int64_t older : epochs) {
    const fs::path path = epoch_path(folder, older);
    if (!without_optimizer_.insert(path).second) continue;
    try {
      drop_optimizer(path);
    } catch (const Error& error) {
      options_.warn(fmt::format("optimizer state not dropped: {}", error.what()));
    }
  }
}

}  // namespace varphase
