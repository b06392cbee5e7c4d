// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace varphase {

/// One line on stderr, redrawn at most ten times a second: what, share, rate, time left. Silent where stderr is no
/// terminal or `quiet` was asked for; never wider than the terminal.
class Progress {
 public:
  Progress(std::string what, std::int64_t total, std::string unit, bool quiet = false);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(std::int64_t by);
  /// Changes the text before the bar ("epoch 3/24").
  void describe(std::string what) { what_ = std::move(what); }
  /// Clears the line, so that a table row can be printed; the next advance draws it again.
  void clear();

 private:
  void draw();

  using Clock = std::chrono::steady_clock;
  std::string what_;
  std::string unit_;
  std::int64_t total_;
  std::int64_t done_ = 0;
  bool visible_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
};

/// "12 s", "3 min 05 s", "2 h 07 min".
std::string duration_text(double seconds);

}  // namespace varphase
