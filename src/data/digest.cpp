// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/digest.hpp"

#include <array>

#include <fmt/ranges.h>
#include <openssl/evp.h>

#include "src/base/error.hpp"

namespace varphase {
namespace {

void check(bool good) { VARPHASE_CHECK(good, ErrorKind::io, "OpenSSL cannot compute SHA-256"); }

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  check(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256::add(const void* bytes, std::size_t count) {
  check(EVP_DigestUpdate(context_.get(), bytes, count) == 1);
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned int size = 0;
  check(EVP_DigestFinal_ex(context_.get(), hash.data(), &size) == 1);
  return fmt::format("{:02x}", fmt::join(hash.begin(), hash.begin() + size, ""));
}

std::string dataset_digest(const Dataset& dataset) {
  Sha256 sum;
  for (const ImageSet* set : {&dataset.train, &dataset.test, &dataset.validation}) {
    if (set == &dataset.validation && set->count() == 0) break;
    sum.add(fmt::format("{} {} {} {}\n", set->count(), set->channels, set->height, set->width));
    sum.add(set->pixels.data(), set->pixels.size());
    std::vector<std::uint8_t> labels;
    labels.reserve(set->labels.size() * 8);
    for (const std::int64_t label : set->labels) {
      for (int shift = 0; shift < 64; shift += 8) {
        labels.push_back(static_cast<std::uint8_t>(label >> shift));
      }
    }
    sum.add(labels.data(), labels.size());
  }
  return sum.hex();
}

}  // namespace varphase
