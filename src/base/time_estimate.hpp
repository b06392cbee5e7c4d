// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "src/base/stopwatch.hpp"

namespace varphase {

/// Long work made of units of about the same cost, in pieces with something else between them: such as the steps of
/// epochs, with an evaluation after each epoch.
struct LongWork {
  std::string what;  // "24 epochs"
  std::string unit;  // "steps"
  std::int64_t count = 0;
  /// What comes between the pieces, as seconds per unit; none: not known before the first piece has ended.
  std::optional<double> between = 0;
};

/// Tells about how long the work will take, from its first units. Where a piece takes two seconds or more, its units
/// are measured; where pieces are short, whole pieces with what is between them. What happens before the first unit is
/// done, and the first of several short pieces, count once and not per unit: memory is taken and kernels are chosen
/// then.
class WorkRate {
 public:
  explicit WorkRate(LongWork work) : work_(std::move(work)) {}

  bool is_decided() const { return decided_; }
  /// Whether the next advance() will look at its seconds, so that the caller should measure them exactly (wait for a
  /// GPU).
  bool is_due(double seconds) const;
  /// @param by  units that were done since the last call
  /// @param seconds  since the work began
  /// @return the seconds that the whole work will take, when they become known; none at every other call
  std::optional<double> advance(std::int64_t by, double seconds);
  /// As advance, to be called at the end of a piece and of what comes between it and the next.
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

/// Says WorkRate's estimate once, where it is over five seconds; in the log too.
class TimeEstimate {
 public:
  using Say = std::function<void(const std::string& text)>;
  /// @param wait  waits until a device has done what is queued; called before the clock is read
  TimeEstimate(LongWork work, Say say, std::function<void()> wait = {});

  void advance(std::int64_t by);
  void end_piece();

 private:
  double exact_seconds() const;
  void say(std::optional<double> whole) const;

  WorkRate rate_;
  Say say_;
  std::function<void()> wait_;
  Stopwatch clock_;
};

}  // namespace varphase
