// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "src/data/image_format.hpp"

namespace varphase {

/// The bytes of one compressed image. @param size of the file as it was listed
/// @throws Error io, format (empty, or larger than any image), without the file's name.
std::vector<std::uint8_t> read_image_file(const std::filesystem::path& path, std::uint64_t size);

/// @throws Error unsupported, naming the file and the package that is missing, where this build
/// lacks the format's library.
void check_available(const ImageFormat& format, const std::string& file);

/// What a decoder gives, into `channels` planes: a grey image becomes that many equal ones.
/// @param decoder after header() @param own its header, of at most `channels` channels
/// @param out [channels, height, width]
void decode_planes(ImageDecoder& decoder, const ImageHeader& own, std::int64_t channels,
                   std::uint8_t* out);

}  // namespace varphase
