// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace varphase {

/// A file inside a ZIP archive.
struct ZipMember {
  std::string name;
  bool deflated = false;  // else stored
  std::uint32_t crc32 = 0;
  std::uint64_t size = 0;             // once unpacked
  std::span<const std::byte> packed;  // inside the archive's bytes
};

/// The members of an archive by its central directory (PKWARE's APPNOTE 6.3.10, sections 4.3 and
/// 4.4), taken as hostile: each member's local header agrees, no two share bytes, no name is there
/// twice. Archives over 4 GiB (ZIP64), encrypted or split ones are refused.
/// @param origin  names the file in messages
/// @throws Error format.
std::vector<ZipMember> zip_members(std::span<const std::byte> archive, const std::string& origin);

/// A member's bytes, whose checksum was compared. @throws Error format.
std::vector<std::byte> unpack(const ZipMember& member, const std::string& origin);

}  // namespace varphase
