// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/byte_source.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <zlib.h>

#include "src/base/error.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kPackedBytes = 256U << 10U;
constexpr std::size_t kMostAtOnce = 1U << 30U;  // zlib counts in 32 bits
constexpr std::uint64_t kDeflateRatio = 1032;   // deflate cannot pack better than this
constexpr int kGzipOnly = 15 + 16;  // the largest window, gzip framing with its checksum

}  // namespace

void ByteSource::EndInflate::operator()(z_stream_s* stream) const noexcept {
  inflateEnd(stream);
  delete stream;
}

ByteSource::ByteSource(const fs::path& path) : path_(path.string()) {
  std::error_code error;
  VARPHASE_CHECK(fs::exists(path, error), ErrorKind::io, "{}: no such file", path_);
  // A pipe or a device would block or never end.
  VARPHASE_CHECK(fs::is_regular_file(path, error), ErrorKind::io,
                 "{}: wants a regular file, got a folder or a device", path_);
  file_bytes_ = fs::file_size(path, error);
  VARPHASE_CHECK(!error, ErrorKind::io, "{}: {}", path_, error.message());
  file_.open(path, std::ios::binary);
  VARPHASE_CHECK(file_.is_open(), ErrorKind::io, "{}: cannot be opened: {}", path_,
                 std::strerror(errno));

  std::uint8_t magic[2] = {0, 0};
  const bool gzip = read_file(magic, 2) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
  file_.clear();
  file_.seekg(0);
  if (!gzip) return;
  auto stream = std::make_unique<z_stream>();
  VARPHASE_CHECK(inflateInit2(stream.get(), kGzipOnly) == Z_OK, ErrorKind::io,
                 "{}: zlib cannot be started", path_);
  inflater_.reset(stream.release());
  packed_.resize(kPackedBytes);
}

ByteSource::~ByteSource() = default;

std::uint64_t ByteSource::most_bytes() const {
  return compressed() ? file_bytes_ * kDeflateRatio : file_bytes_;
}

std::size_t ByteSource::read_file(std::uint8_t* out, std::size_t count) {
  file_.read(reinterpret_cast<char*>(out), static_cast<std::streamsize>(count));
  VARPHASE_CHECK(!file_.bad(), ErrorKind::io, "{}: cannot be read: {}", path_,
                 std::strerror(errno));
  return static_cast<std::size_t>(file_.gcount());
}

std::size_t ByteSource::read(std::span<std::uint8_t> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const std::size_t wanted = std::min(out.size() - done, kMostAtOnce);
    const std::size_t got = compressed() ? read_inflated(out.subspan(done, wanted))
                                         : read_file(out.data() + done, wanted);
    done += got;
    if (got < wanted) break;
  }
  return done;
}

std::size_t ByteSource::read_inflated(std::span<std::uint8_t> out) {
  z_stream& stream = *inflater_;
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  while (stream.avail_out > 0 && trouble_.empty()) {
    if (stream.avail_in == 0) {
      stream.next_in = packed_.data();
      stream.avail_in = static_cast<uInt>(read_file(packed_.data(), packed_.size()));
      if (stream.avail_in == 0) {
        if (inside_member_) trouble_ = "the gzip data end early";
        break;
      }
    }
    const bool follows = !inside_member_;
    if (follows) {
      inflateReset(&stream);
      inside_member_ = true;
    }
    const int status = inflate(&stream, Z_NO_FLUSH);
    if (status == Z_STREAM_END) {
      inside_member_ = false;
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      trouble_ = follows ? std::string("bytes that are not gzip follow the gzip data")
                         : fmt::format("the gzip data are damaged ({})",
                                       stream.msg != nullptr ? stream.msg : "zlib gives no reason");
    }
  }
  return out.size() - stream.avail_out;
}

}  // namespace varphase
