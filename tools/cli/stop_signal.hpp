// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

namespace varphase {

/// To be called at the program's start: SIGINT, SIGTERM and SIGHUP end the program the usual way, and take the temporary
/// files with them that it is writing.
void end_on_signals();
/// From then on the first of these signals asks for an end: long work looks at stop_requested() and ends after its
/// running step, with all saved. A second one ends the program.
void take_signals();
const std::atomic<bool>& stop_requested();

}  // namespace varphase
