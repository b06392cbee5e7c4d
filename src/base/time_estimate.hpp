// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "src/base/progress.hpp"
#include "src/base/stopwatch.hpp"

namespace varphase {

/// A long work: units of about the same cost, done in pieces with something between them, such as
/// the steps of epochs with an evaluation after each.
struct LongWork {
  std::string what;  // "24 epochs"
  std::string unit;  // "steps"
  std::int64_t count = 0;
  /// A unit's share of the seconds between pieces; none: not known before the end of a piece.
  std::optional<double> between = 0;
};

/// About how long a work takes, by its first units: of a piece of two seconds or more by these,
/// else by whole pieces, what is between them included. What comes before the first unit is done,
/// and the first of several short pieces, count once: then memory is got, and kernels are chosen.
class WorkRate {
 public:
  explicit WorkRate(LongWork work) : work_(std::move(work)) {}

  bool is_decided() const { return decided_; }
  /// Whether advance() at that moment looks at its seconds, which are worth being exact then.
  bool is_due(double seconds) const;
  /// @param seconds since the work began, at which `by` more units are done
  /// @return the seconds of the whole, once
  std::optional<double> advance(std::int64_t by, double seconds);
  /// At the end of a piece, what comes after it included.
  std::optional<double> end_piece(double seconds);

  /// "about 1 min 10 s (24 epochs, measured over the first 200 steps)".
  std::string text(double whole) const;

 private:
  struct Moment {
    std::int64_t done;
    double seconds;
  };
  std::optional<double> whole_since(const Moment& from, double seconds, double between);

  LongWork work_;
  std::int64_t done_ = 0;
  bool decided_ = false;
  std::optional<Moment> piece_;        // its first unit, or the end of the piece before
  std::optional<Moment> first_piece_;  // its end
};

/// Says so on stderr and in the log, once, where that is over five seconds.
class TimeEstimate {
 public:
  /// @param quiet  for the log alone
  /// @param wait  until a device has done what is queued, before the clock is read
  TimeEstimate(LongWork work, bool quiet, std::function<void()> wait = {});

  /// Beside the progress line, which is cleared where there is something to say.
  void advance(std::int64_t by, Progress& progress);
  void end_piece(Progress& progress);

 private:
  double exact_seconds() const;
  void say(std::optional<double> whole, Progress& progress) const;

  WorkRate rate_;
  bool quiet_;
  std::function<void()> wait_;
  Stopwatch clock_;
};

}  // namespace varphase
