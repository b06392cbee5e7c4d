// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

namespace varphase {

/// Told of an error: its exit code and its message, without a newline at the end. @return the exit code that counts
using TellError = std::function<int(int code, const std::string& message)>;

/// Prints it on stderr as the program's.
int print_error(int code, const std::string& message);

/// Runs it; an exception is told, and becomes its exit code.
int guarded(const std::function<int()>& work, const TellError& tell = print_error);

}  // namespace varphase
