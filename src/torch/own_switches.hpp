// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

namespace varphase {

/// While it lives, PyTorch computes by its defaults, as in a new process, whatever this one has set
/// before; then all of that comes back, and what jobs set is gone: determinism, what float32 products
/// are made of, the default type, gradients, autocast, the number of threads, the current GPU. Where
/// several threads hold one at once, what is common to all comes back with the last of them.
class OwnSwitches {
 public:
  OwnSwitches();
  ~OwnSwitches();
  OwnSwitches(const OwnSwitches&) = delete;
  OwnSwitches& operator=(const OwnSwitches&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace varphase
