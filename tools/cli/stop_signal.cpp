// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/stop_signal.hpp"

#include <csignal>
#include <initializer_list>

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
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // What the program was started to ignore (nohup) stays ignored.
    if (std::signal(signal, request_stop) == SIG_IGN) std::signal(signal, SIG_IGN);
  }
}

const std::atomic<bool>& stop_requested() { return requested; }

}  // namespace varphase
