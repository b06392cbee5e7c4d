// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/sha256.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "src/base/error.hpp"

namespace varphase {
namespace {

void check_openssl(bool good) {
  VARPHASE_CHECK(good, ErrorKind::unsupported, "OpenSSL computes no SHA-256 here");
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  check_openssl(context_ != nullptr &&
                EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256::add(std::span<const std::byte> bytes) {
  check_openssl(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

Sha256::Digest Sha256::digest() {
  Digest digest{};
  auto* const to = reinterpret_cast<unsigned char*>(digest.data());
  check_openssl(EVP_DigestFinal_ex(context_.get(), to, nullptr) == 1);
  return digest;
}

std::string Sha256::hex() { return hex_text(digest()); }

std::string sha256_hex(std::span<const std::byte> bytes) {
  Sha256 sha256;
  sha256.add(bytes);
  return sha256.hex();
}

std::string sha256_hex(std::string_view text) { return sha256_hex(std::as_bytes(std::span(text))); }

std::string hex_text(std::span<const std::byte> bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

}  // namespace varphase
