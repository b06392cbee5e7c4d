// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "src/distributed/world.hpp"

namespace c10d {
class Store;
}

namespace varphase {

/// What ended the work of several ranks: the first error of any of them.
struct RankFailure {
  std::int64_t rank = 0;
  int code = 0;  // the exit code of all ranks
  std::string message;

  /// The message with the rank that it is of.
  std::string text() const;
};

/// How long ranks wait for each other, in seconds.
struct WatchTimes {
  double meet = 120;   // for rank 0's store to be there, at the start
  double beat = 0.5;   // between two signs of life
  double silent = 12;  // a rank that gives none for so long is lost
  double suspect = 3;  // the same once another rank's connection to it broke
  double notice = 5;   // after a failure, for a rank to end by itself; then it is ended
  double rescue = 20;  // the same for a rank that is saving
};

/// Signs of life, and the one error that ends all ranks. A thread of its own writes this rank's sign to the store that
/// all ranks share (c10d's TCPStore), and looks at the others': rank 0 at all, the others at rank 0. What a rank
/// reports, or that one is silent (killed, stopped, cut off), reaches all; a rank whose main thread does not end then
/// (it hangs in a sum that never comes) is ended by this thread.
class RankWatch {
 public:
  /// Waits for the store. @param ended  called before the process is ended from within
  /// @throws Error device where the store does not come.
  RankWatch(const World& world, const WatchTimes& times, std::function<void()> ended);
  /// Takes leave: from here on the rank may be silent. Rank 0 that keeps the store waits for the others.
  ~RankWatch();
  RankWatch(const RankWatch&) = delete;
  RankWatch& operator=(const RankWatch&) = delete;

  const World& world() const;

  /// What has ended the work, if something has.
  std::optional<RankFailure> failure() const;
  /// @throws Error device where something has.
  void check() const;
  /// Waits for the cause of a broken connection. @return it, or what `seen` says where nobody tells
  RankFailure cause(const std::string& seen);
  /// Ends all ranks with this rank's error, unless another came first. @return the one that counts
  RankFailure report(int code, const std::string& message);
  /// Prints it on stderr, once and by one rank: rank 0, or the rank itself where rank 0 does not.
  void print(const RankFailure& failure);
  /// The main thread knows of the failure and saves what it has.
  void rescuing();

  /// The store, with keys of this attempt: a connection that the watching thread does not use.
  c10d::Store& store();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace varphase
