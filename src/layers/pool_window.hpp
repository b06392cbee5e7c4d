// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/layers/layer.hpp"

namespace varphase {

/// The side of a pooling layer's window as its spec gives it: {"max_pool": 2}.
/// @throws Error usage or shape, naming the layer kind.
inline std::int64_t pool_window(std::string_view kind, const Json& options, const Shape& input) {
  VARPHASE_CHECK(options.is_number_integer() && options.get<std::int64_t>() > 0, ErrorKind::usage,
                 "{0}: wants the side of its window, {{\"{0}\": 2}}, got {1}", kind,
                 brief(options));
  const auto size = options.get<std::int64_t>();
  VARPHASE_CHECK(input.size() == 3 && input[1] >= size && input[2] >= size, ErrorKind::shape,
                 "{0}: wants images of at least {1} x {1}, got {2}", kind, size, shape_text(input));
  return size;
}

}  // namespace varphase
