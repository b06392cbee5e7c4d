// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/progress.hpp"

#include <algorithm>
#include <cmath>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "src/base/byte_text.hpp"
#include "src/base/console.hpp"

namespace varphase {
namespace {

int terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string rate_text(double rate) {
  if (rate >= 1e6) return fmt::format("{:.1f} M", rate * 1e-6);
  if (rate >= 1e4) return fmt::format("{:.0f} k", rate * 1e-3);
  return fmt::format("{:.0f} ", rate);
}

}  // namespace

std::string duration_text(double seconds) {
  const std::int64_t whole = std::llround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

Progress::Progress(std::string what, std::int64_t total, std::string unit, bool quiet)
    : what_(std::move(what)),
      unit_(std::move(unit)),
      total_(std::max<std::int64_t>(total, 1)),
      visible_(!quiet && ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() { clear(); }

void Progress::advance(std::int64_t by) {
  done_ += by;
  if (!visible_) return;
  const Clock::time_point now = Clock::now();
  if (drawn_ && now - last_ < std::chrono::milliseconds(100) && done_ < total_) return;
  last_ = now;
  draw();
}

void Progress::clear() {
  if (!drawn_) return;
  write_err_bytes("\r\x1b[K");
  drawn_ = false;
}

void Progress::draw() {
  const double elapsed = std::chrono::duration<double>(last_ - start_).count();
  const double rate = elapsed > 0 ? static_cast<double>(done_) / elapsed : 0;
  const double left = rate > 0 ? static_cast<double>(total_ - done_) / rate : 0;
  std::string line = fmt::format("{}  {:3.0f} %  {}{}/s  {} left", what_,
                                 100.0 * static_cast<double>(done_) / static_cast<double>(total_),
                                 rate_text(rate), unit_, duration_text(std::max(left, 0.0)));
  line.resize(std::min<std::size_t>(line.size(),
                                    static_cast<std::size_t>(std::max(terminal_width() - 1, 20))));
  write_err_bytes(fmt::format("\r{}\x1b[K", terminal_text(line)));
  drawn_ = true;
}

}  // namespace varphase
