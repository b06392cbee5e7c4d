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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/error.hpp"

#ifdef VARPHASE_FUZZING
#include <sanitizer/common_interface_defs.h>
#endif

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
    char buffer[65536];
    const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

/// What only a child has: an end by a signal is its parent's to tell, and leaves no core.
void prepare_child(pid_t parent, double processor_seconds) {
  // With its parent: it holds whatever locks that one holds.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU, SIGTERM, SIGINT})
    ::signal(signal, SIG_DFL);
#ifdef VARPHASE_FUZZING
  __sanitizer_set_death_callback(nullptr);  // the fuzzer's, which would take it for its own end
#endif
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  if (processor_seconds <= 0) return;
  const auto whole = static_cast<rlim_t>(std::clamp(processor_seconds, 1.0, 1e9));
  const rlimit time{whole, whole + 1};
  ::setrlimit(RLIMIT_CPU, &time);
}

}  // namespace

SharedBytes::SharedBytes(std::size_t size) : size_(size) {
  if (size == 0) return;
  void* mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  VARPHASE_CHECK(mapped != MAP_FAILED, ErrorKind::device, "no memory for {} bytes: {}", size,
                 std::strerror(errno));
  data_ = static_cast<std::byte*>(mapped);
}

SharedBytes::~SharedBytes() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

void SharedBytes::move_out(std::size_t offset, std::span<std::byte> into) {
  constexpr std::size_t kPiece = std::size_t{16} << 20U;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  for (std::size_t done = 0; done < into.size();) {
    const std::size_t count = std::min(kPiece, into.size() - done);
    std::memcpy(into.data() + done, data_ + offset + done, count);
    // Whole pages that nothing else lies on.
    const std::size_t first = (offset + done + page - 1) / page * page;
    const std::size_t last = (offset + done + count) / page * page;
    if (last > first) ::madvise(data_ + first, last - first, MADV_REMOVE);
    done += count;
  }
}

Isolated run_isolated(const std::string& what, double seconds,
                      const std::function<std::string()>& work, double processor_seconds) {
  int ends[2];
  VARPHASE_CHECK(::pipe(ends) == 0, ErrorKind::io, "{}: no pipe for its check: {}", what,
                 std::strerror(errno));
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    prepare_child(parent, processor_seconds);
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
    result.trouble = WTERMSIG(status) == SIGXCPU
                         ? fmt::format("took more than {:.3g} seconds for it", processor_seconds)
                         : fmt::format("ended with signal {} on it", WTERMSIG(status));
  } else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    result.trouble = "ended on it";
  }
  return result;
}

}  // namespace varphase
