// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/read_limits.hpp"

#include <algorithm>

#include "src/base/error.hpp"

namespace varphase {

std::uint64_t ReadLimits::most_unpacked(std::uint64_t file_bytes) const {
  constexpr std::uint64_t kAlways = std::uint64_t{256} << 20U;
  constexpr std::uint64_t kRatio = 64;
  if (unpacked_bytes > 0) return unpacked_bytes;
  return std::max(kAlways, std::min(file_bytes, UINT64_MAX / kRatio) * kRatio);
}

void check_unpacked(const std::string& what, std::uint64_t unpacked, std::uint64_t file_bytes,
                    const ReadLimits& limits) {
  const std::uint64_t most = limits.most_unpacked(file_bytes);
  VARPHASE_CHECK(unpacked <= most, ErrorKind::format,
                 "{}: would unpack to {} bytes of the file's {}, at most {} are read\n  where the "
                 "file is to be trusted: --max-unpacked-bytes {}",
                 what, unpacked, file_bytes, most, unpacked);
}

}  // namespace varphase
