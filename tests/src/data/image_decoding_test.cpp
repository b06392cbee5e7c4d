// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "src/base/error.hpp"
#include "src/data/image_format.hpp"
#include "tests/src/data/image_files.hpp"

namespace varphase::test {
namespace {

using testing::HasSubstr;

struct Decoded {
  ImageHeader header;
  Bytes pixels;
};

Decoded decoded(const Bytes& bytes, const char* name, const ReadLimits& limits = {}) {
  const std::unique_ptr<ImageDecoder> decoder = open_image(bytes, *image_format_of(name), limits);
  Decoded image;
  image.header = decoder->header();
  image.pixels.resize(image.header.bytes());
  decoder->decode(image.pixels.data());
  return image;
}

Error refused(const Bytes& bytes, const char* name, const ReadLimits& limits = {}) {
  return error_of([&] { decoded(bytes, name, limits); });
}

Bytes with(Bytes bytes, std::size_t at, const Bytes& more) {
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), more.begin(), more.end());
  return bytes;
}

std::size_t place_of(const Bytes& bytes, const Bytes& part, bool last = false) {
  const auto found = last ? std::find_end(bytes.begin(), bytes.end(), part.begin(), part.end())
                          : std::search(bytes.begin(), bytes.end(), part.begin(), part.end());
  if (found == bytes.end()) throw std::runtime_error("no such bytes");
  return static_cast<std::size_t>(found - bytes.begin());
}

const Bytes kEnd{0xff, 0xd9};

TEST(JpegWarnings, BesideThePixelsAreNoDamage) {
  const Bytes plain = jpeg_bytes(noise_picture(24, 20, 3, 1));
  const Bytes wanted = decoded(plain, "x.jpg").pixels;
  Bytes revision = plain;
  revision[place_of(plain, {'J', 'F', 'I', 'F', 0}) + 5] = 7;
  EXPECT_EQ(decoded(revision, "x.jpg").pixels, wanted);
  const std::size_t end = place_of(plain, kEnd, true);
  for (const std::size_t count : {1U, 65U, 5000U}) {
    EXPECT_EQ(decoded(with(plain, end, Bytes(count, 0)), "x.jpg").pixels, wanted);
    EXPECT_EQ(decoded(with(plain, plain.size(), Bytes(count, 0)), "x.jpg").pixels, wanted);
  }
  // Spectral selection of a baseline scan: Ss, Se and Ah/Al end the scan header.
  Bytes selection = plain;
  const std::size_t scan = place_of(plain, {0xff, 0xda});
  selection[scan + 2U + selection[scan + 3] - 2U] = 7;
  EXPECT_EQ(decoded(selection, "x.jpg").pixels, wanted);

  const Bytes progressive = jpeg_bytes(noise_picture(24, 20, 3, 1), 90, true);
  const Bytes late = with(progressive, place_of(progressive, {0xff, 0xda}, true), {0, 0, 0});
  EXPECT_EQ(decoded(late, "x.jpg").pixels, decoded(progressive, "x.jpg").pixels);
}

TEST(JpegWarnings, AboutInventedPixelsAre) {
  const Bytes plain = jpeg_bytes(noise_picture(24, 20, 3, 1));
  const std::size_t end = place_of(plain, kEnd, true);
  EXPECT_THAT(refused(Bytes(plain.begin(), plain.end() - 40), "x.jpg").what(),
              HasSubstr("Premature end"));
  EXPECT_THAT(
      refused(Bytes(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(end)), "x.jpg")
          .what(),
      HasSubstr("Premature end"));
  Bytes early(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(end) - 30);
  early.insert(early.end(), kEnd.begin(), kEnd.end());
  EXPECT_THAT(refused(early, "x.jpg").what(), HasSubstr("premature end of data segment"));
  const Bytes restarts =
      jpeg_of(noise_picture(24, 20, 3, 1), [](jpeg_compress_struct& c) { c.restart_interval = 1; });
  decoded(restarts, "x.jpg");
  const Bytes left = with(restarts, place_of(restarts, {0xff, 0xd1}), Bytes(50, 0));
  EXPECT_THAT(refused(left, "x.jpg").what(), HasSubstr("before marker 0xd1"));
  EXPECT_EQ(refused(left, "x.jpg").kind(), ErrorKind::format);
}

/// EXIF data with that orientation, in either order of bytes, behind an entry of another tag.
Bytes exif(int orientation, bool little) {
  Bytes bytes;
  const auto number = [&](std::uint32_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
      bytes.push_back(static_cast<std::uint8_t>(value >> 8 * (little ? i : size - 1 - i)));
  };
  bytes = little ? Bytes{'I', 'I'} : Bytes{'M', 'M'};
  number(42, 2);
  number(8, 4);
  number(2, 2);
  for (const std::uint32_t tag : {0x010fU, 0x0112U}) {
    number(tag, 2);
    number(3, 2);
    number(1, 4);
    number(tag == 0x0112U ? static_cast<std::uint32_t>(orientation) : 0, 2);
    number(0, 2);
  }
  number(0, 4);
  return bytes;
}

Bytes in_jpeg(const Bytes& jpeg, const Bytes& tiff) {
  const std::size_t length = tiff.size() + 8;
  Bytes marker{0xff,
               0xe1,
               static_cast<std::uint8_t>(length >> 8),
               static_cast<std::uint8_t>(length),
               'E',
               'x',
               'i',
               'f',
               0,
               0};
  marker.insert(marker.end(), tiff.begin(), tiff.end());
  return with(jpeg, 2, marker);
}

/// Before the pixels, or behind them.
Bytes in_png(const Bytes& png, const Bytes& tiff, bool late) {
  Bytes chunk{0, 0, 0, static_cast<std::uint8_t>(tiff.size()), 'e', 'X', 'I', 'f'};
  chunk.insert(chunk.end(), tiff.begin(), tiff.end());
  const auto sum = ::crc32(0, chunk.data() + 4, static_cast<unsigned>(chunk.size() - 4));
  for (int shift = 24; shift >= 0; shift -= 8)
    chunk.push_back(static_cast<std::uint8_t>(sum >> shift));
  return with(png, place_of(png, late ? Bytes{'I', 'E', 'N', 'D'} : Bytes{'I', 'D', 'A', 'T'}) - 4,
              chunk);
}

// Where the eight orientations put the letters of two rows, abc and def, as PIL's exif_transpose
// and every viewer does.
const std::array<std::pair<ImageHeader, std::string>, 8> kTurned{{{{2, 3, 1}, "abcdef"},
                                                                  {{2, 3, 1}, "cbafed"},
                                                                  {{2, 3, 1}, "fedcba"},
                                                                  {{2, 3, 1}, "defabc"},
                                                                  {{3, 2, 1}, "adbecf"},
                                                                  {{3, 2, 1}, "daebfc"},
                                                                  {{3, 2, 1}, "fcebda"},
                                                                  {{3, 2, 1}, "cfbead"}}};

TEST(Orientation, IsAppliedToPng) {
  const std::string letters = "abcdef";
  const Bytes png = png_bytes({2, 3, 1, Bytes(letters.begin(), letters.end())});
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const auto& [header, wanted] = kTurned[static_cast<std::size_t>(orientation - 1)];
    for (const bool little : {false, true}) {
      for (const bool late : {false, true}) {
        const Decoded image = decoded(in_png(png, exif(orientation, little), late), "x.png");
        EXPECT_EQ(image.header, header) << orientation;
        EXPECT_EQ(std::string(image.pixels.begin(), image.pixels.end()), wanted) << orientation;
      }
    }
  }
}

TEST(Png, BytesBehindTheLastChunkAreNoneOfTheImage) {
  const std::string letters = "abcdef";
  const Bytes png = png_bytes({2, 3, 1, Bytes(letters.begin(), letters.end())});
  const Bytes plain = decoded(png, "x.png").pixels;
  for (const std::string& behind :
       {std::string("appended text, lower case, longer than a chunk's frame"),
        std::string(100, '\0'),
        std::string("\xff\xff\xff\xff"
                    "eXIfMM")}) {
    Bytes longer = png;
    longer.insert(longer.end(), behind.begin(), behind.end());
    EXPECT_EQ(decoded(longer, "x.png").pixels, plain) << behind;
  }
}

TEST(Png, ChunkThatIsCutAnywhereIsToldBeforeMemoryIsTakenForIt) {
  const Bytes png = png_bytes({2, 3, 1, Bytes(6, 9)});
  constexpr std::size_t kSignatureAndHeader = 33;
  const Bytes chunk = {0x65, 0x58, 0x49, 0x66, 'e', 'X', 'I', 'f', 1, 2, 3, 4, 5};
  for (std::size_t kept = 8; kept <= chunk.size(); ++kept) {
    Bytes cut(png.begin(), png.begin() + kSignatureAndHeader);
    cut.insert(cut.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(kept));
    EXPECT_THAT(refused(cut, "x.png").what(), HasSubstr("a chunk of 1700284774 bytes")) << kept;
  }
}

/// A chunk of a PNG, with its checksum.
Bytes chunk(const std::string& type, const Bytes& data) {
  const auto number = [](std::uint64_t value) {
    return Bytes{static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
                 static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
  };
  Bytes named(type.begin(), type.end());
  named.insert(named.end(), data.begin(), data.end());
  const Bytes sum = number(::crc32_z(0, named.data(), named.size()));
  named.insert(named.end(), sum.begin(), sum.end());
  return with(named, 0, number(data.size()));
}

TEST(Png, LongOrManyTextsAndProfilesAreNoReasonToRefuseIt) {
  constexpr std::size_t kSignatureAndHeader = 33;
  const Picture picture = noise_picture(4, 5, 3, 1);
  const Bytes plain = png_bytes(picture);
  const auto bomb = [] {
    Bytes packed(1U << 18U);
    uLongf size = packed.size();
    const Bytes zeros(std::size_t{100} << 20U);
    EXPECT_EQ(::compress(packed.data(), &size, zeros.data(), zeros.size()), Z_OK);
    packed.resize(size);
    return with(packed, 0, {'k', 0, 0});
  }();
  Bytes many = plain;
  for (int i = 0; i < 1500; ++i)
    many = with(many, kSignatureAndHeader, chunk("tEXt", {'k', 0, 'v'}));
  const Bytes long_text = chunk("tEXt", Bytes(std::size_t{20} << 20U, 'x'));
  for (const Bytes& png : {with(plain, kSignatureAndHeader, chunk("zTXt", bomb)),
                           with(plain, kSignatureAndHeader, chunk("iCCP", bomb)),
                           with(plain, kSignatureAndHeader, long_text), many,
                           with(plain, kSignatureAndHeader, chunk("tIME", Bytes(7, 0xff)))})
    EXPECT_EQ(decoded(png, "x.png").pixels, planes(picture, 3));
  Bytes changed = with(plain, kSignatureAndHeader, chunk("tEXt", {'k', 0, 'v'}));
  changed[kSignatureAndHeader + 8] ^= 1;
  EXPECT_THAT(refused(changed, "x.png").what(), HasSubstr("another checksum"));
}

/// A PNG by libpng of samples below 2^depth, [height, width, samples of a pixel].
Bytes png_of(std::uint32_t height, std::uint32_t width, int type, int depth, bool interlaced,
             const Bytes& samples, std::vector<png_color> palette) {
  const std::size_t in_row = samples.size() / height;
  const auto bits = static_cast<std::size_t>(depth);
  std::vector<Bytes> packed(height, Bytes((in_row * bits + 7) / 8));
  std::vector<png_bytep> rows;
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t i = 0; i < in_row; ++i) {
      const unsigned value = samples[y * in_row + i];
      packed[y][i * bits / 8] |= static_cast<std::uint8_t>(value << (8 - bits - i * bits % 8));
    }
    rows.push_back(packed[y].data());
  }
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  Bytes bytes;
  const auto write = [](png_structp to, png_bytep data, std::size_t count) {
    auto& out = *static_cast<Bytes*>(png_get_io_ptr(to));
    out.insert(out.end(), data, data + count);
  };
  png_set_write_fn(png, &bytes, write, nullptr);
  png_set_IHDR(png, info, width, height, depth, type,
               interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  if (type == PNG_COLOR_TYPE_PALETTE)
    png_set_PLTE(png, info, palette.data(), static_cast<int>(palette.size()));
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
  png_set_rows(png, info, rows.data());
  png_write_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

TEST(Png, EveryKindOfPixelAndPassComesBackExactly) {
  struct Kind {
    int type;
    std::size_t samples, kept;  // of a pixel; kept: without alpha
    std::vector<int> depths;
  };
  const std::vector<Kind> kinds{{PNG_COLOR_TYPE_GRAY, 1, 1, {1, 2, 4, 8}},
                                {PNG_COLOR_TYPE_PALETTE, 1, 3, {1, 2, 4, 8}},
                                {PNG_COLOR_TYPE_GRAY_ALPHA, 2, 1, {8}},
                                {PNG_COLOR_TYPE_RGB, 3, 3, {8}},
                                {PNG_COLOR_TYPE_RGB_ALPHA, 4, 3, {8}}};
  std::vector<std::pair<std::uint32_t, std::uint32_t>> sizes;
  for (const std::uint32_t height : {1U, 2U, 5U, 19U}) {
    for (const std::uint32_t width : {1U, 2U, 3U, 4U, 5U, 21U}) sizes.emplace_back(height, width);
  }
  for (const Kind& kind : kinds) {
    for (const int depth : kind.depths) {
      for (const auto& [height, width] : sizes) {
        const std::size_t pixels = std::size_t{height} * width;
        Bytes samples = some_pixels(pixels * kind.samples, height * 100 + width);
        for (std::uint8_t& sample : samples) sample &= (1U << depth) - 1U;
        std::vector<png_color> palette;
        for (std::uint32_t i = 0; i < 1U << depth; ++i) {
          const Bytes colour = some_pixels(3, i);
          palette.push_back({colour[0], colour[1], colour[2]});
        }
        Bytes wanted;
        for (std::size_t c = 0; c < kind.kept; ++c) {
          for (std::size_t i = 0; i < pixels; ++i) {
            const unsigned value = samples[i * kind.samples + (kind.samples < 3 ? 0 : c)];
            const png_color& colour = palette[value % palette.size()];
            const std::array<std::uint8_t, 3> rgb{colour.red, colour.green, colour.blue};
            wanted.push_back(kind.type == PNG_COLOR_TYPE_PALETTE
                                 ? rgb[c]
                                 : static_cast<std::uint8_t>(value * 255 / ((1U << depth) - 1U)));
          }
        }
        for (const bool interlaced : {false, true}) {
          const Bytes png = png_of(height, width, kind.type, depth, interlaced, samples, palette);
          ASSERT_EQ(decoded(png, "x.png").pixels, wanted)
              << "type " << kind.type << ", " << depth << " bits, " << height << " x " << width
              << (interlaced ? ", interlaced" : "");
        }
      }
    }
  }
}

TEST(Png, CutAnywhereIsRefused) {
  const Bytes png = png_bytes(noise_picture(4, 5, 3, 1));
  for (std::size_t kept = 0; kept < png.size(); ++kept) {
    const Bytes cut(png.begin(), png.begin() + static_cast<std::ptrdiff_t>(kept));
    EXPECT_EQ(refused(cut, "x.png").kind(), ErrorKind::format) << kept;
  }
}

TEST(Orientation, IsAppliedToJpegInColour) {
  const Picture picture = noise_picture(16, 24, 3, 5);
  const Bytes jpeg = jpeg_bytes(picture);
  const Bytes lying = decoded(jpeg, "x.jpg").pixels;
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool little : {false, true}) {
      const Decoded image = decoded(in_jpeg(jpeg, exif(orientation, little)), "x.jpg");
      const auto& [small, letters] = kTurned[static_cast<std::size_t>(orientation - 1)];
      const bool swapped = small.height == 3;
      ASSERT_EQ(image.header, (swapped ? ImageHeader{24, 16, 3} : ImageHeader{16, 24, 3}));
      // The corners: letters a, c, d, f of the small picture.
      const std::size_t h = 16, w = 24, H = swapped ? 24 : 16, W = swapped ? 16 : 24;
      const auto stored = [&](char letter, std::size_t c) {
        const std::size_t y = letter >= 'd' ? h - 1 : 0,
                          x = letter == 'c' || letter == 'f' ? w - 1 : 0;
        return lying[c * h * w + y * w + x];
      };
      const std::size_t last = letters.size() - 1, wide = swapped ? 2 : 3;
      for (std::size_t c = 0; c < 3; ++c) {
        const std::uint8_t* plane = image.pixels.data() + c * H * W;
        EXPECT_EQ(plane[0], stored(letters[0], c));
        EXPECT_EQ(plane[W - 1], stored(letters[wide - 1], c));
        EXPECT_EQ(plane[(H - 1) * W], stored(letters[last + 1 - wide], c));
        EXPECT_EQ(plane[H * W - 1], stored(letters[last], c));
      }
    }
  }
}

TEST(Orientation, OfNonsenseIsNone) {
  const Bytes jpeg = jpeg_bytes(noise_picture(16, 24, 1, 5));
  const Bytes lying = decoded(jpeg, "x.jpg").pixels;
  Bytes cut = exif(6, true);
  cut.resize(10);
  Bytes far = exif(6, true);
  far[4] = 250;  // the directory lies beyond the data
  Bytes many = exif(9, false);
  many[8] = 0xff;  // more entries than there are
  for (const Bytes& tiff :
       {exif(0, true), exif(9, false), far, many, Bytes{'M', 'M'}, Bytes(), cut})
    EXPECT_EQ(decoded(in_jpeg(jpeg, tiff), "x.jpg").pixels, lying);
}

TEST(SoundImages, OfAnotherKindAreUnsupportedNotDamaged) {
  const auto is_unsupported = [](const Bytes& bytes, const char* name, const char* word) {
    const Error error = refused(bytes, name);
    EXPECT_EQ(error.kind(), ErrorKind::unsupported) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(word));
  };
  is_unsupported(png_bytes(noise_picture(6, 5, 3, 1), false, false, 16), "x.png", "16 bits");
  is_unsupported(jpeg_of({6, 5, 4, Bytes(120, 9)}, [](jpeg_compress_struct&) {}), "x.jpg", "CMYK");
  Bytes twelve = jpeg_bytes(noise_picture(6, 5, 3, 1));
  twelve[place_of(twelve, {0xff, 0xc0}) + 4] = 12;
  is_unsupported(twelve, "x.jpg", "12");
  Bytes lossless = jpeg_bytes(noise_picture(6, 5, 3, 1));
  lossless[place_of(lossless, {0xff, 0xc0}) + 1] = 0xc3;
  is_unsupported(lossless, "x.jpg", "0xc3");
  for (const auto& [text, word] : {std::pair<std::string, const char*>{"GIF89a", "GIF"},
                                   {"RIFF1234WEBP", "WebP"},
                                   {"BM", "BMP"},
                                   {std::string("II*\0", 4), "TIFF"},
                                   {std::string("\0\0\0 ftypheic", 12), "HEIF"}}) {
    Bytes bytes(text.begin(), text.end());
    bytes.resize(40);
    is_unsupported(bytes, "x.jpg", word);
    is_unsupported(bytes, "x.png", word);
  }
  EXPECT_EQ(refused(Bytes(40, 7), "x.jpg").kind(), ErrorKind::format);
}

TEST(SoundImages, AreReadUnderTheOtherFormatsName) {
  const Picture picture = noise_picture(6, 5, 3, 1);
  EXPECT_EQ(decoded(png_bytes(picture), "x.jpg").pixels, planes(picture, 3));
  const Bytes jpeg = jpeg_bytes(picture);
  EXPECT_EQ(decoded(jpeg, "x.png").pixels, decoded(jpeg, "x.jpg").pixels);
}

TEST(Limits, OfScansAndPixelsCanBeRaised) {
  // A scan a coefficient: some 70.
  const Bytes many = jpeg_of(noise_picture(16, 16, 1, 1), [](jpeg_compress_struct& compress) {
    static std::vector<jpeg_scan_info> scans;
    scans = {{1, {0}, 0, 0, 0, 0}};
    for (int k = 1; k < 64; ++k) scans.push_back({1, {0}, k, k, 0, 1});
    for (int k = 1; k < 64; ++k) scans.push_back({1, {0}, k, k, 1, 0});
    compress.scan_info = scans.data();
    compress.num_scans = static_cast<int>(scans.size());
  });
  EXPECT_THAT(refused(many, "x.jpg").what(), HasSubstr("--max-jpeg-scans"));
  EXPECT_EQ(refused(many, "x.jpg").kind(), ErrorKind::unsupported);
  ReadLimits limits;
  limits.jpeg_scans = 127;
  EXPECT_EQ(decoded(many, "x.jpg", limits).pixels.size(), 256U);
  limits.image_pixels = 255;
  EXPECT_THAT(refused(many, "x.jpg", limits).what(), HasSubstr("--max-image-pixels"));
  EXPECT_THAT(refused(png_bytes(noise_picture(16, 16, 1, 1)), "x.png", limits).what(),
              HasSubstr("--max-image-pixels"));
}

}  // namespace
}  // namespace varphase::test
