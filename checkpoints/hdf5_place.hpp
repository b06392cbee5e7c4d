// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"

namespace varphase {

/// Where in which file we are, for errors.
struct Hdf5Place {
  std::string path;    // "" while writing
  std::string object;  // "dataset /parameters/dense1/mean"

  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    const std::string said = fmt::format(text, std::forward<Args>(args)...);
    if (path.empty()) varphase::fail(ErrorKind::format, "{}: {}", object, said);
    varphase::fail(
        ErrorKind::format,
        "{}: {}: {}\n  the file was not made by this program, or changed after it was: varphase "
        "check {} tells which files are whole",
        path, object, said, path);
  }
};

}  // namespace varphase
