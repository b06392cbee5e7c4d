// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/own_rank.hpp"

#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "tools/cli/guarded.hpp"

namespace varphase {

int begin_as_rank(World& world) {
  return guarded([&] {
    world = world_of_environment();
    if (!world.first()) silence_output();
    return kSuccess;
  });
}

}  // namespace varphase
