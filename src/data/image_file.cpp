// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/image_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "src/base/error.hpp"

namespace varphase {
namespace {

constexpr std::uint64_t kMostFileBytes = std::uint64_t{1} << 28U;

}  // namespace

std::vector<std::uint8_t> read_image_file(const std::filesystem::path& path, std::uint64_t size) {
  VARPHASE_CHECK(size > 0, ErrorKind::format, "empty file");
  VARPHASE_CHECK(size <= kMostFileBytes, ErrorKind::format, "{} bytes, at most {} are read", size,
                 kMostFileBytes);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  VARPHASE_CHECK(descriptor >= 0, ErrorKind::io, "{}", std::strerror(errno));
  std::vector<std::uint8_t> bytes(size);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(descriptor, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  ::close(descriptor);
  VARPHASE_CHECK(done == bytes.size(), ErrorKind::io, "{} of {} bytes could be read", done,
                 bytes.size());
  return bytes;
}

void check_available(const ImageFormat& format, const std::string& file) {
  VARPHASE_CHECK(format.available, ErrorKind::unsupported,
                 "{}: this build of varphase reads no {} files\n  install {} and build again", file,
                 format.name, format.package);
}

void decode_planes(ImageDecoder& decoder, const ImageHeader& own, std::int64_t channels,
                   std::uint8_t* out) {
  decoder.decode(out);
  const auto plane = static_cast<std::size_t>(own.height * own.width);
  for (auto c = static_cast<std::size_t>(own.channels); c < static_cast<std::size_t>(channels); ++c)
    std::memcpy(out + c * plane, out, plane);
}

}  // namespace varphase
