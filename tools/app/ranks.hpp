// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "src/distributed/world.hpp"

namespace varphase {

/// This process as one of several that do one work: while it lives, communicator() speaks to the others, and an error
/// of any of them ends all.
class Ranks {
 public:
  /// Meets the others' store. @throws Error device where it does not come.
  explicit Ranks(const World& world);
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  /// Tells the others of this rank's error, and prints the one that ended the work, where this rank is to.
  /// @return the exit code of all ranks
  int failed(int code, const std::string& message);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Another rank is lost, and this one saves what is there: from here on it has time to.
void begin_rescue();

}  // namespace varphase
