// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <filesystem>
#include <functional>
#include <limits>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "src/base/snapshot.hpp"

namespace varphase {

struct SnapshotWriterOptions {
  /// Optimizer arrays stay in this many of the newest checkpoints; 0 keeps none, the default all.
  std::int64_t keep_optimizer = std::numeric_limits<std::int64_t>::max();
  /// So many snapshots may wait; with one more, submit waits.
  std::size_t queue = 2;
  /// Called on the writer's thread with a message when an older checkpoint could not be rewritten; training goes on.
  /// None: such messages go to the log.
  std::function<void(const std::string& message)> warn;
};

/// Writes checkpoints on a thread of its own, in the order in which they are given, so that training does not wait for
/// the disk. An error is thrown once, by the next submit or flush; later snapshots are still written.
class SnapshotWriter {
 public:
  explicit SnapshotWriter(SnapshotWriterOptions options = {});
  /// Writes what still waits; an error that nobody asked for goes to the log.
  ~SnapshotWriter();
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;

  /// Takes the snapshot over; returns at once while fewer than `queue` wait.
  /// @param durable called on the writer's thread when the file is on disk; may be none
  /// @throws the first Error since the last call; this snapshot is then not taken.
  void submit(std::filesystem::path path, Snapshot snapshot, std::function<void()> durable = {});

  /// Waits until all is on disk, retention done. @throws the first Error since the last call.
  void flush();

 private:
  struct Job {
    std::filesystem::path path;
    Snapshot snapshot;
    std::function<void()> durable;
  };

  void run();
  void write(Job job);
  void drop_older_optimizers(const std::filesystem::path& folder, std::int64_t epoch);
  void rethrow_first_error();

  SnapshotWriterOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> waiting_;
  bool writing_ = false;
  bool ending_ = false;
  std::exception_ptr first_error_;
  /// of the thread alone: checkpoints that have no optimizer state left
  std::set<std::filesystem::path> without_optimizer_;
  std::thread thread_;
};

}  // namespace varphase
