// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

struct zip;

namespace varphase {

/// A file inside a ZIP archive.
struct ZipMember {
  std::string name;
  bool deflated = false;     // else stored
  std::uint64_t packed = 0;  // bytes in the archive
  std::uint64_t size = 0;    // bytes once unpacked
};

/// A ZIP archive in memory, read by libzip and taken as hostile: local headers agree with the directory, no two members
/// share bytes or a name, no size is one that its packed bytes cannot give. Archives over 4 GiB (ZIP64), encrypted or
/// split ones are refused.
class ZipArchive {
 public:
  /// @param bytes   must outlive the archive
  /// @param origin  names the file in messages
  /// @throws Error format.
  ZipArchive(std::span<const std::byte> bytes, std::string origin);
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  /// In the directory's order.
  const std::vector<ZipMember>& members() const { return members_; }
  /// The file and the member, for messages.
  std::string named(const ZipMember& member) const;
  /// A member's bytes, after their checksum was compared. @throws Error format.
  std::vector<std::byte> unpack(const ZipMember& member) const;

 private:
  void read_members();
  void check_apart() const;

  std::span<const std::byte> bytes_;
  std::string origin_;
  zip* archive_ = nullptr;
  std::vector<ZipMember> members_;
};

}  // namespace varphase
