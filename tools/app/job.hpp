// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace varphase {

/// Who hears of a job while it runs, and may ask it to end: the program's lines on stderr, a
/// notebook's progress bar, or nobody, as this class itself. All calls come from the thread that
/// called the job. Jobs with more to tell have a class of their own, derived from this one.
class Job {
 public:
  Job() = default;
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// A piece of long work begins; the piece before has ended.
  /// @param what  "kappa" @param total  of units @param unit  "images"
  virtual void begin(const std::string& /*what*/, std::int64_t /*total*/,
                     const std::string& /*unit*/) {}
  /// So many more units are done.
  virtual void advance(std::int64_t /*units*/) {}
  /// The running piece is another now: "epoch 3/24".
  virtual void describe(const std::string& /*what*/) {}
  virtual void end() {}
  /// What a person wants to know before the result is there; lines without a newline at the end.
  virtual void note(const std::string& /*text*/) {}

  /// From here on the job looks at stop_requested() and ends with all saved; before, there is
  /// nothing to save and the process may just be ended.
  virtual void begin_stoppable() {}
  virtual bool stop_requested() const { return false; }
};

}  // namespace varphase
