// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace varphase {

/// To be called at the program's start. Opens the descriptors 0 to 2 that were closed, so that no file of ours takes
/// their place; what then goes to stdout fails, as on a full disk. Ignores SIGXFSZ and SIGPIPE: a file size limit or a
/// reader that goes away makes a write fail and does not end the program.
void prepare_output() noexcept;

/// From here on nothing is written: of several processes that do one work, one speaks. Results then count as written.
void silence_output() noexcept;
/// Ends that.
void resume_output() noexcept;

/// Writes text for a person to read: control characters other than newline and tab come out escaped
/// (src/base/byte_text.hpp). Neither function throws: that a result could not be written is remembered for
/// finish_output, a message that cannot be written is lost.
void write_out(std::string_view text) noexcept;
void write_err(std::string_view text) noexcept;

/// Writes bytes as they are: JSON, rows of predictions, the codes that draw a progress line.
void write_out_bytes(std::string_view bytes) noexcept;
void write_err_bytes(std::string_view bytes) noexcept;

/// Hands all that was printed so far to stdout now.
void flush_out() noexcept;

/// To be called at the program's end: flushes stdout.
/// @return `code`; or where that is 0 and something did not reach stdout, kFileError, with a message on stderr.
int finish_output(int code) noexcept;

template <class... Args>
void print_out(fmt::format_string<Args...> text, Args&&... args) {
  write_out(fmt::format(text, std::forward<Args>(args)...));
}

template <class... Args>
void print_err(fmt::format_string<Args...> text, Args&&... args) noexcept {
  try {
    write_err(fmt::format(text, std::forward<Args>(args)...));
  } catch (...) {  // out of memory: a message is worth no abort
  }
}

}  // namespace varphase
