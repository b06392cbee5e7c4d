// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "src/data/image_form.hpp"
#include "src/data/image_format.hpp"

struct stat;

namespace varphase {

class Error;

/// What tells a file from every other file, and from itself after a change: whoever sets its contents or its times also
/// sets `changed`, whose value nobody can choose.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
  std::int64_t modified = 0;  // nanoseconds
  std::int64_t changed = 0;   // likewise

  bool operator==(const FileIdentity&) const = default;
};
FileIdentity identity_of(const struct stat& status);

/// The bytes of one compressed image. @param identity of what was read
/// @throws Error io (also for a link to nothing), format (empty, or larger than any image), without the file's name.
std::vector<std::uint8_t> read_image_file(const std::filesystem::path& path,
                                          FileIdentity& identity);

/// @throws Error unsupported, naming the file and the package that is missing, where this build lacks the format's
///   library.
void check_available(const ImageFormat& format, const std::string& file);

/// Decodes an image and brings it to the size and colours of `to`.
/// @param decoder  after header() @param own  what header() gave @param out  [channels, height, width] of `to`
void decode_as(ImageDecoder& decoder, const ImageHeader& own, const ImageHeader& to,
               std::uint8_t* out);

/// Why an image could not be read.
struct ImageTrouble {
  enum class Kind : std::uint8_t {
    none,
    damaged,
    unsupported,  // sound, and of a kind that is not read
    unreadable,   // the file could not be opened or read
  };
  Kind kind = Kind::none;
  std::string text;

  explicit operator bool() const { return kind != Kind::none; }
};

/// The trouble that an error tells of. @throws the error itself where it says nothing about the image (no memory).
ImageTrouble trouble_of(const Error& error);

/// "damaged", "unsupported", "not readable".
const char* trouble_name(ImageTrouble::Kind kind);

/// What to do about it, ending in "--skip-damaged".
const char* trouble_remedy(ImageTrouble::Kind kind);

/// "2 of 100 images are damaged: train/cat/1.jpg (truncated), ...; 1 of 100 images is ..."; "" where nothing is wrong.
/// A few of each kind are named.
std::string trouble_text(const std::vector<std::string>& names,
                         const std::vector<ImageTrouble>& troubles);

/// A few of the names, and how many more there are.
std::string shown_names(std::vector<std::string> names);

}  // namespace varphase
