// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/stop_signal.hpp"

#include <csignal>
#include <initializer_list>

#include "src/base/atomic_file.hpp"

namespace varphase {
namespace {

std::atomic<bool> requested{false};

// The signal comes again when the handler is left, and then ends the program: its parent sees which one it was.
extern "C" void end_now(int signal) {
  remove_unfinished_temporaries();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

extern "C" void request_stop(int signal) {
  requested.store(true);
  std::signal(signal, end_now);
}

void handle_by(void (*handler)(int)) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // What the program was started to ignore (nohup) stays ignored.
    if (std::signal(signal, handler) == SIG_IGN) std::signal(signal, SIG_IGN);
  }
}

}  // namespace

void end_on_signals() { handle_by(end_now); }

void take_signals() { handle_by(request_stop); }

const std::atomic<bool>& stop_requested() { return requested; }

}  // namespace varphase
