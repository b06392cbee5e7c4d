// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/error.hpp"

namespace varphase {

ExitCode exit_code(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::usage:
    case ErrorKind::unsupported:
    case ErrorKind::shape:
      return kUsageError;
    case ErrorKind::io:
    case ErrorKind::format:
      return kFileError;
    case ErrorKind::device:
      return kDeviceError;
    case ErrorKind::numeric:
      return kNumericError;
  }
  return kFailure;
}

}  // namespace varphase
