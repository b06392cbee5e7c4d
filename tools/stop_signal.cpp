// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/stop_signal.hpp"

#include <csignal>

namespace varphase {
namespace {

std::atomic<bool> requested{false};

// A second signal ends the program the usual way.
extern "C" void request_stop(int signal) {
  requested.store(true);
  std::signal(signal, SIG_DFL);
}

}  // namespace

void take_signals() {
  std::signal(SIGINT, request_stop);
  std::signal(SIGTERM, request_stop);
}

const std::atomic<bool>& stop_requested() { return requested; }

}  // namespace varphase
