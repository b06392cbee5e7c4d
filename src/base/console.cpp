// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/console.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

std::atomic<bool> silent = false;
std::atomic<int> lost_out = 0;  // errno of the first that did not reach stdout

void remember(int cause) noexcept {
  int none = 0;
  lost_out.compare_exchange_strong(none, cause != 0 ? cause : EIO);
}

}  // namespace

void prepare_output() noexcept {
  // Opened the wrong way round: reads of stdin and writes to stdout fail, and still do after exec.
  constexpr int kModes[] = {O_WRONLY, O_RDONLY, O_RDWR};
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest that is free is this one.
    [[maybe_unused]] const int opened = ::open("/dev/null", kModes[descriptor]);
  }
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
}

void silence_output() noexcept { silent = true; }
void resume_output() noexcept { silent = false; }

void write_out_bytes(std::string_view bytes) noexcept {
  if (silent) return;
  errno = 0;
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size()) remember(errno);
}

void write_err_bytes(std::string_view bytes) noexcept {
  if (silent) return;
  [[maybe_unused]] const std::size_t written = std::fwrite(bytes.data(), 1, bytes.size(), stderr);
}

void write_out(std::string_view text) noexcept {
  try {
    write_out_bytes(terminal_text(text));
  } catch (...) {
    remember(ENOMEM);
  }
}

void write_err(std::string_view text) noexcept {
  try {
    write_err_bytes(terminal_text(text));
  } catch (...) {
  }
}

void flush_out() noexcept {
  errno = 0;
  if (std::fflush(stdout) != 0) remember(errno);
}

int finish_output(int code) noexcept {
  flush_out();
  // Network file systems and quotas tell at close: of a copy, that stdout stays open.
  const int copy = ::dup(STDOUT_FILENO);
  if (copy >= 0 && ::close(copy) != 0) remember(errno);
  const int cause = lost_out;
  if (cause == 0) return code;
  if (cause == EBADF) {
    print_err("varphase: stdout: closed, so that the result is lost\n");
  } else {
    print_err("varphase: stdout: not written: {}\n", std::strerror(cause));
  }
  return code == kSuccess ? kFileError : code;
}

}  // namespace varphase
