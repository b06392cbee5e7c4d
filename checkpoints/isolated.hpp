// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

namespace varphase {

/// What came of work in a child process.
struct Isolated {
  std::string said;     // what the work returned
  std::string trouble;  // "" or how the child ended before it returned: a signal, out of time
};

/// Runs `work` in a child process, where a hostile file may make HDF5 die or hang.
/// @param what named where there is no process to be had
/// @throws Error io.
Isolated run_isolated(const std::string& what, double seconds,
                      const std::function<std::string()>& work);

}  // namespace varphase
