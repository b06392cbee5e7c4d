// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace varphase {

/// At the program's start. Descriptors 0 to 2 that were closed are opened, so that no file of ours
/// takes their place; what then goes to stdout fails, as on a full disk. A file size limit and a
/// reader that goes away are failed writes too, not the end of the program: SIGXFSZ and SIGPIPE are
/// ignored.
void prepare_output() noexcept;

/// Text of a person: control characters other than newline and tab come out escaped
/// (src/base/byte_text.hpp). Neither throws: a result that cannot be written is remembered for
/// finish_output, a message that cannot be written is lost.
void write_out(std::string_view text) noexcept;
void write_err(std::string_view text) noexcept;

/// Bytes as they are: JSON, rows of predictions, a progress line's own codes.
void write_out_bytes(std::string_view bytes) noexcept;
void write_err_bytes(std::string_view bytes) noexcept;

/// What was printed so far reaches stdout now, whatever it is.
void flush_out() noexcept;

/// At the program's end: flushes stdout. @return `code`, or where that is 0 and something did not
/// reach stdout, the code of files, with a message on stderr.
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
