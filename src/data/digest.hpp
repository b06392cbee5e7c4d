// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "src/data/dataset.hpp"

struct evp_md_ctx_st;

namespace varphase {

/// SHA-256 of bytes that come piece by piece.
class Sha256 {
 public:
  /// @throws Error io where OpenSSL has none.
  Sha256();
  void add(const void* bytes, std::size_t count);
  void add(const std::string& text) { add(text.data(), text.size()); }
  /// 64 hexadecimal digits; once.
  std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// SHA-256 over, for train, then test, then validation where the set has its own: "<count>
/// <channels> <height> <width>\n", the pixels, the labels as 64-bit little-endian numbers.
std::string dataset_digest(const Dataset& dataset);

}  // namespace varphase
