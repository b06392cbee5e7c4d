// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/time_estimate.hpp"

#include <fmt/format.h>

#include "src/base/log.hpp"
#include "src/base/progress.hpp"
#include "src/base/text_table.hpp"

namespace varphase {
namespace {

constexpr double kLongPiece = 2, kLeastMeasured = 1, kWorthSaying = 5;

}  // namespace

bool WorkRate::is_due(double seconds) const {
  if (decided_) return false;
  return !piece_ || (work_.between && seconds - piece_->seconds >= kLongPiece);
}

std::optional<double> WorkRate::advance(std::int64_t by, double seconds) {
  done_ += by;
  if (!is_due(seconds)) return std::nullopt;
  if (!piece_) {
    piece_ = {done_, seconds};
    return std::nullopt;
  }
  return whole_since(*piece_, seconds, *work_.between);
}

std::optional<double> WorkRate::end_piece(double seconds) {
  if (decided_) return std::nullopt;
  piece_ = {done_, seconds};
  if (!first_piece_) {
    first_piece_ = piece_;
    return std::nullopt;
  }
  if (seconds - first_piece_->seconds < kLeastMeasured) return std::nullopt;
  return whole_since(*first_piece_, seconds, 0);
}

std::optional<double> WorkRate::whole_since(const Moment& from, double seconds, double between) {
  if (done_ <= from.done) return std::nullopt;
  decided_ = true;
  const std::int64_t left = work_.count - done_;
  if (left <= 0) return std::nullopt;
  const double one = (seconds - from.seconds) / static_cast<double>(done_ - from.done) + between;
  return seconds + one * static_cast<double>(left);
}

std::string WorkRate::text(double whole) const {
  return fmt::format("about {} ({}, measured over the first {} {})", duration_text(whole),
                     work_.what, count_text(done_), work_.unit);
}

TimeEstimate::TimeEstimate(LongWork work, Say say, std::function<void()> wait)
    : rate_(std::move(work)), say_(std::move(say)), wait_(std::move(wait)) {}

void TimeEstimate::advance(std::int64_t by) {
  const double now = clock_.seconds();
  say(rate_.advance(by, rate_.is_due(now) ? exact_seconds() : now));
}

void TimeEstimate::end_piece() {
  if (!rate_.is_decided()) say(rate_.end_piece(exact_seconds()));
}

double TimeEstimate::exact_seconds() const {
  if (wait_) wait_();
  return clock_.seconds();
}

void TimeEstimate::say(std::optional<double> whole) const {
  if (!whole || *whole < kWorthSaying) return;
  const std::string text = rate_.text(*whole);
  log_info(text);
  if (say_) say_(text);
}

}  // namespace varphase
