// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/isolated.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <poll.h>
#include <signal.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/error.hpp"

namespace varphase {
namespace {

/// Writes to a pipe whose reader may have given up.
void send(int descriptor, std::string_view text) {
  ::signal(SIGPIPE, SIG_IGN);
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// All that comes through a pipe until its end. @return false where time ran out.
bool receive(int descriptor, double seconds, std::string& text) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(std::clamp(seconds, 0.0, 1e6)));
  for (;;) {
    const auto now = Clock::now();
    if (now >= end) return false;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - now).count();
    pollfd waiting{descriptor, POLLIN, 0};
    const int ready =
        ::poll(&waiting, 1, static_cast<int>(std::clamp<std::int64_t>(left + 1, 0, 1'000'000'000)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return false;
    if (ready == 0) continue;
    char buffer[4096];
    const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

}  // namespace

Isolated run_isolated(const std::string& what, double seconds,
                      const std::function<std::string()>& work) {
  int ends[2];
  VARPHASE_CHECK(::pipe(ends) == 0, ErrorKind::io, "{}: no pipe for its check: {}", what,
                 std::strerror(errno));
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    send(ends[1], work());
    ::_exit(0);
  }
  const int cause = errno;
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    fail(ErrorKind::io, "{}: no process for its check: {}", what, std::strerror(cause));
  }
  Isolated result;
  const bool in_time = receive(ends[0], seconds, result.said);
  ::close(ends[0]);
  if (!in_time) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) {
    result.trouble = fmt::format("was not done with it after {:.3g} seconds", seconds);
  } else if (WIFSIGNALED(status)) {
    result.trouble = fmt::format("ended with signal {} on it", WTERMSIG(status));
  }
  return result;
}

}  // namespace varphase
