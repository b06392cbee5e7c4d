// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/document_bytes.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace varphase {
namespace {

void mix(std::uint32_t& a, std::uint32_t& b, std::uint32_t& c) {
  a = (a - c) ^ std::rotl(c, 4), c += b;
  b = (b - a) ^ std::rotl(a, 6), a += c;
  c = (c - b) ^ std::rotl(b, 8), b += a;
  a = (a - c) ^ std::rotl(c, 16), c += b;
  b = (b - a) ^ std::rotl(a, 19), a += c;
  c = (c - b) ^ std::rotl(b, 4), b += a;
}

void finish(std::uint32_t& a, std::uint32_t& b, std::uint32_t& c) {
  c = (c ^ b) - std::rotl(b, 14);
  a = (a ^ c) - std::rotl(c, 11);
  b = (b ^ a) - std::rotl(a, 25);
  c = (c ^ b) - std::rotl(b, 16);
  a = (a ^ c) - std::rotl(c, 4);
  b = (b ^ a) - std::rotl(a, 14);
  c = (c ^ b) - std::rotl(b, 24);
}

}  // namespace

std::uint32_t lookup3(std::span<const std::byte> bytes) {
  std::uint32_t a = 0xdeadbeefU + static_cast<std::uint32_t>(bytes.size());
  std::uint32_t b = a, c = a;
  std::array<std::uint32_t, 3> words{};
  for (; bytes.size() > sizeof words; bytes = bytes.subspan(sizeof words)) {
    std::memcpy(words.data(), bytes.data(), sizeof words);
    a += words[0], b += words[1], c += words[2];
    mix(a, b, c);
  }
  if (bytes.empty()) return c;
  words = {};
  std::memcpy(words.data(), bytes.data(), bytes.size());
  a += words[0], b += words[1], c += words[2];
  finish(a, b, c);
  return c;
}

std::uint32_t fletcher32(std::span<const std::byte> bytes) {
  constexpr std::size_t kWordsAtOnce = 360;  // the sums stay below 2^32
  const auto folded = [](std::uint32_t sum) { return (sum & 0xffffU) + (sum >> 16U); };
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  std::uint32_t first = 0, second = 0;
  for (std::size_t words = bytes.size() / 2; words > 0;) {
    const std::size_t now = std::min(words, kWordsAtOnce);
    for (std::size_t i = 0; i < now; ++i, data += 2) {
      first += static_cast<std::uint32_t>(data[0] << 8U | data[1]);
      second += first;
    }
    first = folded(first), second = folded(second);
    words -= now;
  }
  if (bytes.size() % 2 != 0) {
    first += static_cast<std::uint32_t>(*data << 8U);
    second += first;
    first = folded(first), second = folded(second);
  }
  return folded(second) << 16U | folded(first);
}

std::uint64_t Cursor::number(std::size_t width) {
  const std::span<const std::byte> taken = bytes(width);
  std::uint64_t value = 0;
  std::memcpy(&value, taken.data(), width);
  return value;
}

std::span<const std::byte> Cursor::bytes(std::uint64_t count) {
  if (count > left_.size()) place_.fail("is damaged: a structure of it ends too early");
  const std::span<const std::byte> taken = left_.first(count);
  left_ = left_.subspan(count);
  return taken;
}

void Cursor::expect(std::size_t width, std::uint64_t wanted, std::string_view what) {
  const std::uint64_t got = number(width);
  if (got != wanted) place_.fail("its {} is {}, wants {}", what, got, wanted);
}

void Cursor::end(std::string_view what) {
  const bool zero =
      std::all_of(left_.begin(), left_.end(), [](std::byte byte) { return byte == std::byte{0}; });
  if (!zero) place_.fail("holds {} bytes more than its {} wants", left_.size(), what);
}

std::span<const std::byte> Hdf5Bytes::look(std::uint64_t address, std::uint64_t count) const {
  if (address > file_.size() || count > file_.size() - address)
    place_.fail("is damaged: it points behind the end of the file");
  return file_.subspan(address, count);
}

std::span<const std::byte> Hdf5Bytes::take(std::uint64_t address, std::uint64_t count) {
  const std::span<const std::byte> taken = look(address, count);
  if (count > left_) place_.fail("is damaged: its parts lie over each other");
  left_ -= count;
  return taken;
}

std::span<const std::byte> Hdf5Bytes::structure(std::uint64_t address, std::uint64_t count,
                                                std::string_view signature) {
  if (count < signature.size() + kStructureChecksumBytes)
    place_.fail("is damaged: {} of {} bytes", signature, count);
  const std::span<const std::byte> taken = take(address, count);
  if (std::memcmp(taken.data(), signature.data(), signature.size()) != 0)
    place_.fail("is damaged: no {} where there should be one", signature);
  const std::span<const std::byte> content = taken.first(count - kStructureChecksumBytes);
  std::uint32_t stored = 0;
  std::memcpy(&stored, taken.data() + content.size(), sizeof stored);
  if (!same_checksum(stored, lookup3(content)))
    place_.fail("is damaged: the checksum of its {} is wrong", signature);
  return content.subspan(signature.size());
}

}  // namespace varphase
