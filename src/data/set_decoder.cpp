// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/set_decoder.hpp"

#include <unistd.h>

#include "src/base/error.hpp"
#include "src/base/sha256.hpp"
#include "src/data/on_all_cores.hpp"
#include "src/data/readers.hpp"

namespace varphase {

SetDecoder::SetDecoder(std::filesystem::path root, std::vector<const ImageFile*> files,
                       const ReadOptions& options)
    : root_(std::move(root)), files_(std::move(files)), options_(options) {}

void SetDecoder::decode() {
  find_size();
  allocate();
  on_all_cores(files_.size(), options_.threads, [&](std::size_t i) { decode_one(i); });
  if (found_colour_) {  // the first image was grey, another is not: once more, with three channels
    header_.channels = 3;
    found_colour_ = false;
    allocate();
    on_all_cores(files_.size(), options_.threads, [&](std::size_t i) { decode_one(i); });
  }
  check_sizes();
  if (!options_.skip_damaged) check_troubles();
}

std::string SetDecoder::trouble_text() const {
  std::vector<std::string> names;
  names.reserve(files_.size());
  for (const ImageFile* file : files_) names.push_back(file->name);
  return varphase::trouble_text(names, troubles_);
}

/// That of the first image that has a sound header.
void SetDecoder::find_size() {
  troubles_.assign(files_.size(), {});
  digests_.assign(files_.size(), "");
  for (std::size_t i = 0; i < files_.size(); ++i) {
    try {
      const std::vector<std::uint8_t> bytes = read(i);
      header_ = options_.form.of(open_image(bytes, *files_[i]->format, options_.limits)->header());
      first_ = i;
      return;
    } catch (const Error& error) {
      troubles_[i] = trouble_of(error);
    }
  }
  check_troubles();  // there is no sound one: throws
}

void SetDecoder::allocate() {
  const double wanted = static_cast<double>(files_.size()) * static_cast<double>(header_.bytes());
  const double there =
      static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  VARPHASE_CHECK(wanted < 0.8 * there, ErrorKind::device,
                 "{}: {} images of {} x {} x {} want {:.1f} GB, this machine has {:.1f} GB\n  make "
                 "them smaller by --resize",
                 root_.string(), files_.size(), header_.channels, header_.height, header_.width,
                 wanted * 1e-9, there * 1e-9);
  pixels_.resize(files_.size() * header_.bytes());
  troubles_.assign(files_.size(), {});
  sizes_.assign(files_.size(), header_);
}

std::vector<std::uint8_t> SetDecoder::read(std::size_t i) {
  const ImageFile& file = *files_[i];
  FileIdentity identity;
  std::vector<std::uint8_t> bytes = read_image_file(root_ / file.name, identity);
  if (identity != file.identity) another_ = true;
  digests_[i] = sha256_hex(std::as_bytes(std::span(bytes)));
  return bytes;
}

void SetDecoder::decode_one(std::size_t i) {
  if (found_colour_.load(std::memory_order_relaxed)) return;
  try {
    const std::vector<std::uint8_t> bytes = read(i);
    const std::unique_ptr<ImageDecoder> decoder =
        open_image(bytes, *files_[i]->format, options_.limits);
    const ImageHeader own = decoder->header();
    sizes_[i] = options_.form.of(own);
    if (sizes_[i].height != header_.height || sizes_[i].width != header_.width) return;
    if (sizes_[i].channels > header_.channels) {
      found_colour_ = true;
      return;
    }
    decode_as(*decoder, own, header_, pixels_.data() + i * header_.bytes());
  } catch (const Error& error) {
    troubles_[i] = trouble_of(error);
    // A link to nothing is known to be one; whatever else kept a file from being read may be over
    // the next time without a trace.
    if (troubles_[i].kind == ImageTrouble::Kind::unreadable &&
        files_[i]->identity != FileIdentity())
      unread_ = true;
  }
}

void SetDecoder::check_sizes() const {
  std::int64_t others = 0;
  std::size_t first_other = 0;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (sizes_[i].height == header_.height && sizes_[i].width == header_.width) continue;
    if (others++ == 0) first_other = i;
  }
  VARPHASE_CHECK(others == 0, ErrorKind::format,
                 "{}: {} of {} images have another size: {} is {} x {}, {} is {} x {} (height, "
                 "width)\n  a network takes one size: --resize {}x{} brings them to it",
                 root_.string(), others, files_.size(), files_[first_]->name, header_.height,
                 header_.width, files_[first_other]->name, sizes_[first_other].height,
                 sizes_[first_other].width, header_.height, header_.width);
}

void SetDecoder::check_troubles() const {
  for (const ImageTrouble& trouble : troubles_) {
    VARPHASE_CHECK(!trouble, ErrorKind::format, "{}: {}\n  {}", root_.string(), trouble_text(),
                   trouble_remedy(trouble.kind));
  }
}

}  // namespace varphase
