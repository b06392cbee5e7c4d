// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

namespace varphase {

/// From then on SIGINT, SIGTERM and SIGHUP ask for an end: long work looks at stop_requested() and
/// ends after its running step, with all saved. A second one ends the program the usual way.
void take_signals();
const std::atomic<bool>& stop_requested();

}  // namespace varphase
