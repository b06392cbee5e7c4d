// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/image_folder.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/data/image_format.hpp"
#include "tests/src/data/image_files.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ImageFolder : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string part : {"train", "test"}) {
      std::uint32_t seed = part == "train" ? 1 : 100;
      for (const std::string name : {"dog", "cat"}) {  // made in another order than read
        for (const std::string file : {"2.png", "1.png"})
          write(part + "/" + name + "/" + file, png_bytes(noise_picture(6, 5, 3, ++seed)));
      }
    }
  }
  void write(const std::string& name, const Bytes& bytes) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    write_bytes(folder_ / name, bytes);
  }
  Dataset read(bool skip_damaged = false, unsigned threads = 3) const {
    DataRequest request;
    request.data = folder_.path().string();
    request.skip_damaged = skip_damaged;
    request.threads = threads;
    return read_dataset(request);
  }
  Error error(bool skip_damaged = false) const {
    return error_of([&] { read(skip_damaged); });
  }
  TemporaryFolder folder_;
};

TEST_F(ImageFolder, ClassesAndFilesComeInTheOrderOfTheirNames) {
  const Dataset dataset = read();
  EXPECT_EQ(dataset.class_names, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(dataset.classes, 2);
  EXPECT_EQ(dataset.train.labels, (std::vector<std::int64_t>{0, 0, 1, 1}));
  Bytes wanted;
  for (const std::uint32_t seed : {5U, 4U, 3U, 2U}) {
    const Bytes one = planes(noise_picture(6, 5, 3, seed), 3);
    wanted.insert(wanted.end(), one.begin(), one.end());
  }
  EXPECT_EQ(dataset.train.pixels, wanted);
  EXPECT_EQ(read(false, 1).digest, dataset.digest);
}

TEST_F(ImageFolder, EveryFormOfPngIsRead) {
  const Picture colour = noise_picture(6, 5, 3, 40);
  for (const bool alpha : {false, true}) {
    for (const bool interlaced : {false, true}) {
      write("train/cat/1.png", png_bytes(colour, alpha, interlaced));
      const Dataset dataset = read();
      EXPECT_EQ(Bytes(dataset.train.pixels.begin(), dataset.train.pixels.begin() + 90),
                planes(colour, 3));
    }
  }
  write("train/cat/1.png", png_bytes(colour, false, false, 16));
  EXPECT_THAT(error().what(), AllOf(HasSubstr("train/cat/1.png"), HasSubstr("16 bits")));
}

TEST_F(ImageFolder, JpegComesBackWithinItsLoss) {
  // A smooth picture at the best quality: libjpeg's own rounding is all that is lost.
  Picture smooth{16, 16, 3, {}};
  for (int i = 0; i < 256; ++i) {
    for (int c = 0; c < 3; ++c) smooth.pixels.push_back(static_cast<std::uint8_t>(i / 2 + 20 * c));
  }
  for (const bool progressive : {false, true}) {
    for (const char* name : {"a.jpg", "a.JPEG"}) {
      TemporaryFolder folder;
      for (const char* part : {"train/x", "train/y", "test/x", "test/y"}) {
        std::filesystem::create_directories(folder / part);
        write_bytes(folder / (std::string(part) + "/" + name),
                    jpeg_bytes(smooth, 100, progressive));
      }
      DataRequest request;
      request.data = folder.path().string();
      const Dataset dataset = read_dataset(request);
      const Bytes wanted = planes(smooth, 3);
      for (std::size_t i = 0; i < wanted.size(); ++i)
        ASSERT_NEAR(dataset.train.pixels[i], wanted[i], tolerance::kJpegLevels) << i;
    }
  }
}

TEST_F(ImageFolder, GreyBecomesThreeChannelsOnlyBesideColour) {
  const Picture grey = noise_picture(6, 5, 1, 77);
  write("train/cat/1.png", png_bytes(grey));  // the very first
  const Dataset mixed = read();
  EXPECT_EQ(mixed.train.channels, 3);
  EXPECT_EQ(Bytes(mixed.train.pixels.begin(), mixed.train.pixels.begin() + 90), planes(grey, 3));
  for (const std::string part : {"train", "test"}) {
    for (const std::string name : {"dog", "cat"}) {
      for (const std::string file : {"2.png", "1.png"})
        write(part + "/" + name + "/" + file, png_bytes(grey));
    }
  }
  const Dataset alone = read();
  EXPECT_EQ(alone.train.channels, 1);
  EXPECT_EQ(Bytes(alone.train.pixels.begin(), alone.train.pixels.begin() + 30), grey.pixels);
}

TEST_F(ImageFolder, AnotherSizeIsNamed) {
  write("test/dog/2.png", png_bytes(noise_picture(6, 7, 3, 1)));
  EXPECT_EQ(error().kind(), ErrorKind::format);
  EXPECT_THAT(error().what(), AllOf(HasSubstr("1 of 8"), HasSubstr("test/dog/2.png is 6 x 7"),
                                    HasSubstr("train/cat/1.png is 6 x 5")));
  EXPECT_EQ(error(true).kind(), ErrorKind::format);
}

TEST_F(ImageFolder, ClassFoldersAgree) {
  write("test/bird/1.png", png_bytes(noise_picture(6, 5, 3, 1)));
  EXPECT_THAT(error().what(),
              AllOf(HasSubstr("0 only in train"), HasSubstr("1 only in test (bird)")));
  std::filesystem::create_directories(folder_ / "train/bird");
  EXPECT_THAT(error().what(), AllOf(HasSubstr("train/bird"), HasSubstr("no image")));
}

TEST_F(ImageFolder, ValIsTheTestWhereThereIsNone) {
  const std::string digest = read().digest;
  std::filesystem::rename(folder_ / "test", folder_ / "val");
  EXPECT_EQ(read().digest, digest);
  std::filesystem::remove_all(folder_ / "val");
  EXPECT_THAT(error().what(), AllOf(HasSubstr("test"), HasSubstr("no such folder")));
}

TEST_F(ImageFolder, DamagedImagesAreCountedNamedAndLeftOutOnRequest) {
  const Bytes whole = png_bytes(noise_picture(6, 5, 3, 8));
  write("train/cat/2.png", Bytes(whole.begin(), whole.begin() + 60));
  write("train/dog/2.png", {});
  EXPECT_EQ(error().kind(), ErrorKind::format);
  EXPECT_THAT(error().what(),
              AllOf(HasSubstr("2 of 8"), HasSubstr("train/cat/2.png"),
                    HasSubstr("train/dog/2.png (empty file)"), HasSubstr("--skip-damaged")));
  const Dataset dataset = read(true);
  EXPECT_EQ(dataset.train.labels, (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(dataset.train.index, (std::vector<std::int64_t>{0, 2}));
  EXPECT_EQ(dataset.train.pixels.size(), 180U);
  EXPECT_THAT(dataset.notes, testing::ElementsAre(HasSubstr("left out: 2 of 8")));
  write("train/cat/1.png", {});
  EXPECT_THAT(error(true).what(), AllOf(HasSubstr("train/cat"), HasSubstr("all images")));
}

TEST_F(ImageFolder, ATruncatedJpegIsDamaged) {
  const Bytes whole = jpeg_bytes(noise_picture(6, 5, 3, 8));
  write("train/cat/2.jpg", Bytes(whole.begin(), whole.end() - 20));
  EXPECT_THAT(error().what(), AllOf(HasSubstr("train/cat/2.jpg"), HasSubstr("1 of 9")));
}

TEST_F(ImageFolder, BombsAreRefusedBeforeMemoryIsTaken) {
  Bytes jpeg = jpeg_bytes(noise_picture(6, 5, 3, 8));
  for (std::size_t i = 0; i + 8 < jpeg.size(); ++i) {
    if (jpeg[i] == 0xff && jpeg[i + 1] == 0xc0)
      for (std::size_t at = i + 5; at < i + 9; ++at) jpeg[at] = 0xfe;  // 65278 x 65278
  }
  write("train/cat/1.jpg", jpeg);
  Bytes png = png_bytes(noise_picture(6, 5, 3, 8));
  for (const std::size_t at : {17U, 21U}) png[at] = 0x0f;  // 983046 x 983045
  const std::uint32_t sum = static_cast<std::uint32_t>(::crc32(0, png.data() + 12, 17));
  for (std::size_t i = 0; i < 4; ++i) png[29 + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
  write("train/dog/3.png", png);
  EXPECT_THAT(error().what(),
              AllOf(HasSubstr("2 of 10"), HasSubstr("65278 x 65278"), HasSubstr("983046")));
}

TEST_F(ImageFolder, WhatIsNoImageIsNoSet) {
  std::filesystem::create_directories(folder_ / "train/cat/more");
  EXPECT_THAT(error().what(), HasSubstr("a folder inside a class folder"));
  std::filesystem::remove(folder_ / "train/cat/more");
  write("train/cat/notes.txt", {1, 2, 3});
  write("train/.hidden/1.png", {1, 2, 3});
  EXPECT_EQ(read().train.count(), 4);
}

class Mutations : public testing::TestWithParam<std::string> {};

/// Truncations and flipped bytes of one image among sound ones: read, or refused by name.
TEST_P(Mutations, AreReadOrRefused) {
  const bool is_jpeg = GetParam() != "png";
  const Picture picture = noise_picture(16, 16, 3, 3);
  const Bytes whole =
      is_jpeg ? jpeg_bytes(picture, 90, GetParam() == "progressive") : png_bytes(picture);
  const ImageFormat* format = image_format_of(is_jpeg ? "x.jpg" : "x.png");
  ASSERT_NE(format, nullptr);
  Bytes out(3 * 16 * 16);
  const auto read = [&](const Bytes& bytes) {
    const std::unique_ptr<ImageDecoder> decoder = format->open(bytes, {});
    const ImageHeader header = decoder->header();
    if (header.height != 16 || header.width != 16 || header.channels > 3)
      fail(ErrorKind::format, "another size");
    decoder->decode(out.data());
  };
  read(whole);
  const Bytes sound = out;
  std::mt19937 generator(7);
  int refused_cuts = 0, refused_flips = 0, changed = 0;
  for (int i = 0; i < 2000; ++i) {
    Bytes bytes = whole;
    const bool cut = i % 2 == 0;
    if (cut) {
      bytes.resize(generator() % whole.size());
    } else {
      for (int flips = 0; flips < 2; ++flips)
        bytes[generator() %
              (i % 4 == 1 ? std::min<std::size_t>(300, bytes.size()) : bytes.size())] ^=
            static_cast<std::uint8_t>(1U << (generator() % 8));
    }
    try {
      read(bytes);
      ASSERT_FALSE(cut && bytes.size() + 12 < whole.size()) << bytes.size();
      changed += out != sound ? 1 : 0;
    } catch (const Error& error) {
      if (cut || error.kind() != ErrorKind::unsupported) {  // flips make other kinds of image
        ASSERT_EQ(error.kind(), ErrorKind::format);
      }
      (cut ? refused_cuts : refused_flips)++;
    }
  }
  EXPECT_GT(refused_cuts, 950);
  if (!is_jpeg) {  // checksums tell all; JPEG has none
    EXPECT_EQ(changed, 0);
    EXPECT_GT(refused_flips, 950);
  }
}
INSTANTIATE_TEST_SUITE_P(Formats, Mutations, testing::Values("jpeg", "progressive", "png"));

TEST(ImageFormats, EveryOneIsThereAndKnownByItsEndings) {
  for (const ImageFormat& format : image_formats()) {
    EXPECT_TRUE(format.available) << format.name << ": install " << format.package;
    for (const std::string& ending : format.endings)
      EXPECT_EQ(image_format_of("a" + ending), &format);
  }
  EXPECT_EQ(image_format_of("jpg"), nullptr);
  EXPECT_EQ(image_format_of(""), nullptr);
}

}  // namespace
}  // namespace varphase::test
