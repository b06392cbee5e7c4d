// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace varphase {

/// SHA-256 of bytes that come piece by piece.
class Sha256 {
 public:
  using Digest = std::array<std::byte, 32>;

  /// @throws Error unsupported where OpenSSL has no SHA-256.
  Sha256();
  void add(std::span<const std::byte> bytes);
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  /// The digest of all that was added. Call it, or hex, once.
  Digest digest();
  /// The digest as 64 hexadecimal digits.
  std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// SHA-256 as 64 hexadecimal digits.
std::string sha256_hex(std::span<const std::byte> bytes);
std::string sha256_hex(std::string_view text);

/// Two hexadecimal digits for each byte.
std::string hex_text(std::span<const std::byte> bytes);

}  // namespace varphase
