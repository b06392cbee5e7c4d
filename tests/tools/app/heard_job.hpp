// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/app/job.hpp"

namespace varphase::test {

/// Writes down what a job says of its progress.
/// @tparam Base  Job, or the class of a job that tells more
template <std::derived_from<Job> Base = Job>
class HeardJob : public Base {
 public:
  struct Piece {
    std::string what;
    std::int64_t total = 0, done = 0;
    bool ended = false;
  };
  std::vector<Piece> pieces;

  void begin(const std::string& what, std::int64_t total, const std::string& /*unit*/) override {
    pieces.push_back({what, total});
  }
  void advance(std::int64_t units) override { pieces.back().done += units; }
  void end() override { pieces.back().ended = true; }
};

}  // namespace varphase::test
