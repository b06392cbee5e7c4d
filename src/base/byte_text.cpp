// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/byte_text.hpp"

#include <algorithm>
#include <cstdint>

namespace varphase {
namespace {

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

/// Bytes of the character that begins at `at`; 0 where that is no UTF-8 (overlong forms, surrogates and what lies past
/// U+10FFFF are none).
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const std::uint8_t first = byte_at(text, at);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xc2   ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
  if (length == 0 || text.size() - at < length) return 0;
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte_at(text, at + k) & 0xc0) != 0x80) return 0;
  }
  const std::uint8_t second = byte_at(text, at + 1);
  const bool bad = (first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) ||
                   (first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90);
  return bad ? 0 : length;
}

bool is_control(std::string_view text, std::size_t at) {
  const std::uint8_t first = byte_at(text, at);
  return first < 0x20 || first == 0x7f || (first == 0xc2 && byte_at(text, at + 1) < 0xa0);
}

/// @param kept control characters and backslashes that stay as they are
std::string escaped(std::string_view text, std::string_view kept) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    const bool stays = length == 1 && kept.find(text[at]) != std::string_view::npos;
    if (!stays && text[at] == '\\') {
      out += "\\\\";
    } else if (!stays && (length == 0 || is_control(text, at))) {
      for (std::size_t k = at; k < at + std::max<std::size_t>(length, 1); ++k) {
        out += "\\x";
        out += kDigits[byte_at(text, k) >> 4];
        out += kDigits[byte_at(text, k) & 15];
      }
    } else {
      out += text.substr(at, length);
    }
    at += std::max<std::size_t>(length, 1);
  }
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string text_of_bytes(std::string_view bytes) { return escaped(bytes, ""); }

std::string bytes_of_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::size_t left = text.size() - at;
    if (text[at] == '\\' && left >= 2 && text[at + 1] == '\\') {
      out += '\\';
      at += 1;
    } else if (text[at] == '\\' && left >= 4 && text[at + 1] == 'x' &&
               hex_digit(text[at + 2]) >= 0 && hex_digit(text[at + 3]) >= 0) {
      out += static_cast<char>(hex_digit(text[at + 2]) * 16 + hex_digit(text[at + 3]));
      at += 3;
    } else {
      out += text[at];
    }
  }
  return out;
}

std::string terminal_text(std::string_view text) { return escaped(text, "\n\t\\"); }

std::string printable(std::string_view text, std::size_t limit) {
  std::string shown = escaped(text.substr(0, limit), "\\");
  if (text.size() > limit) shown += "...";
  return shown;
}

std::string shown(const std::filesystem::path& path) {
  constexpr std::size_t kLongestPath = 4096;
  return printable(path.string(), kLongestPath);
}

}  // namespace varphase
