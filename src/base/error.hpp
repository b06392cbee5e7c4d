// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace varphase {

/// What went wrong, from the user's side; each kind has its exit code.
enum class ErrorKind { usage, io, format, shape, unsupported, numeric, device };

/// The one exception of Varphase. Its message says what, wanted, got and, after a newline, the remedy.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

enum ExitCode : int {
  kSuccess = 0,
  kFailure = 1,
  kUsageError = 2,
  kFileError = 3,
  kDeviceError = 4,
  kNumericError = 5,
  kInterrupted = 130,
};

/// usage, unsupported, shape -> 2; io, format -> 3; device -> 4; numeric -> 5.
ExitCode exit_code(ErrorKind kind) noexcept;

template <class... Args>
[[noreturn]] void fail(ErrorKind kind, fmt::format_string<Args...> text, Args&&... args) {
  throw Error(kind, fmt::format(text, std::forward<Args>(args)...));
}

/// On in every build: files, flags and shapes are checked also in release.
#define VARPHASE_CHECK(condition, kind, ...) \
  do {                                       \
    if (!(condition)) {                      \
      ::varphase::fail((kind), __VA_ARGS__); \
    }                                        \
  } while (false)

}  // namespace varphase
