// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/image_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/data/cifar.hpp"
#include "tests/src/data/image_files.hpp"

namespace varphase::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

ImageRequest request_for(const std::vector<fs::path>& paths, const ImageHeader& wanted) {
  ImageRequest request;
  request.paths = paths;
  request.wanted = wanted;
  request.threads = 2;
  return request;
}

/// All of a source, read `most` at a time.
ImagePiece read_all(ImageSource& source, std::int64_t most) {
  ImagePiece all;
  for (std::int64_t done = 0; done < source.count(); done += most) {
    const ImagePiece piece = source.next(most);
    EXPECT_LE(piece.set.count(), most);
    EXPECT_EQ(piece.set.pixels.size(),
              static_cast<std::size_t>(piece.set.count() * piece.set.image_size()));
    const auto append = [](auto& to, const auto& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    append(all.set.pixels, piece.set.pixels);
    append(all.set.index, piece.set.index);
    append(all.names, piece.names);
  }
  EXPECT_EQ(source.next(most).set.count(), 0);
  return all;
}

TEST(ImageSource, TakesAFolderInTheOrderOfNamesWhateverTheNesting) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "cat/deep");
  const Picture colour = noise_picture(4, 5, 3, 1), grey = noise_picture(4, 5, 1, 2);
  write_bytes(folder / "z.png", png_bytes(colour));
  write_bytes(folder / "cat/b.png", png_bytes(grey));
  write_bytes(folder / "cat/deep/a.PNG", png_bytes(noise_picture(4, 5, 3, 3)));
  write_bytes(folder / ".hidden.png", Bytes{1});
  write_bytes(folder / "notes.txt", Bytes{1});
  for (const std::int64_t most : {1, 2, 100}) {
    const auto source = open_image_source(request_for({folder.path()}, {4, 5, 3}));
    EXPECT_EQ(source->count(), 3);
    EXPECT_TRUE(source->named());
    const ImagePiece all = read_all(*source, most);
    EXPECT_THAT(all.names, ElementsAre("cat/b.png", "cat/deep/a.PNG", "z.png"));
    EXPECT_THAT(all.set.index, ElementsAre(0, 1, 2));
    Bytes wanted = planes(grey, 3);
    for (const Picture& next : {noise_picture(4, 5, 3, 3), colour}) {
      const Bytes own = planes(next, 3);
      wanted.insert(wanted.end(), own.begin(), own.end());
    }
    EXPECT_EQ(all.set.pixels, wanted);
  }
}

TEST(ImageSource, TakesFilesInTheOrderGiven) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.png", png_bytes(noise_picture(2, 3, 1, 1)));
  write_bytes(folder / "b.jpg", jpeg_bytes(noise_picture(2, 3, 1, 2)));
  const auto source =
      open_image_source(request_for({folder / "b.jpg", folder / "a.png"}, {2, 3, 1}));
  const ImagePiece all = read_all(*source, 10);
  EXPECT_THAT(all.names, ElementsAre((folder / "b.jpg").string(), (folder / "a.png").string()));
  EXPECT_EQ(Bytes(all.set.pixels.begin() + 6, all.set.pixels.end()),
            noise_picture(2, 3, 1, 1).pixels);
}

TEST(ImageSource, NamesAnImageOfAnotherSize) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.png", png_bytes(noise_picture(4, 5, 3, 1)));
  write_bytes(folder / "b.png", png_bytes(noise_picture(6, 5, 3, 1)));
  for (const bool skip : {false, true}) {  // it is no damage
    ImageRequest request = request_for({folder.path()}, {4, 5, 3});
    request.skip_damaged = skip;
    const Error error = error_of([&] { read_all(*open_image_source(request), 10); });
    EXPECT_EQ(error.kind(), ErrorKind::shape);
    EXPECT_THAT(error.what(), HasSubstr((folder / "b.png").string()));
    EXPECT_THAT(error.what(), HasSubstr("3 x 6 x 5"));
    EXPECT_THAT(error.what(), HasSubstr("wants 3 x 4 x 5"));
  }
  const Error colour = error_of([&] {
    read_all(*open_image_source(request_for({folder / "a.png"}, {4, 5, 1})), 10);
  });
  EXPECT_EQ(colour.kind(), ErrorKind::shape);
}

TEST(ImageSource, DamagedImagesAreNamedOrLeftOutAndCounted) {
  const TemporaryFolder folder;
  const Picture good = noise_picture(8, 8, 3, 1);
  Bytes cut = png_bytes(noise_picture(8, 8, 3, 2));
  cut.resize(cut.size() / 2);
  write_bytes(folder / "a.png", png_bytes(good));
  write_bytes(folder / "b.png", cut);
  write_bytes(folder / "c.jpg", Bytes{});
  write_bytes(folder / "d.png", png_bytes(good));
  ImageRequest request = request_for({folder.path()}, {8, 8, 3});
  const Error error = error_of([&] { read_all(*open_image_source(request), 2); });
  EXPECT_EQ(error.kind(), ErrorKind::format);
  EXPECT_THAT(error.what(), HasSubstr((folder / "b.png").string()));
  EXPECT_THAT(error.what(), HasSubstr("--skip-damaged"));

  request.skip_damaged = true;
  for (const std::int64_t most : {1, 2, 10}) {
    const auto source = open_image_source(request);
    const ImagePiece all = read_all(*source, most);
    EXPECT_THAT(all.names, ElementsAre("a.png", "d.png"));
    EXPECT_THAT(all.set.index, ElementsAre(0, 3));  // places stay what they were
    EXPECT_EQ(Bytes(all.set.pixels.begin() + 192, all.set.pixels.end()), planes(good, 3));
    ASSERT_EQ(source->left_out().size(), 2U);
    EXPECT_THAT(source->left_out()[1], HasSubstr("c.jpg (empty file)"));
  }
}

TEST(ImageSource, TakesIdxPlainAndPacked) {
  const TemporaryFolder folder;
  const Bytes values = some_pixels(7 * 4 * 5);
  write_bytes(folder / "images", idx_bytes({7, 4, 5}, values));
  write_bytes(folder / "images.gz", gzip_bytes(idx_bytes({7, 1, 4, 5}, values)));
  for (const char* name : {"images", "images.gz"}) {
    for (const std::int64_t most : {1, 3, 7, 50}) {
      const auto source = open_image_source(request_for({folder / name}, {4, 5, 1}));
      EXPECT_EQ(source->count(), 7);
      EXPECT_FALSE(source->named());
      const ImagePiece all = read_all(*source, most);
      EXPECT_EQ(all.set.pixels, values);
      EXPECT_EQ(all.set.index.back(), 6);
    }
  }
  const Error size = error_of([&] {
    open_image_source(request_for({folder / "images"}, {28, 28, 1}));
  });
  EXPECT_EQ(size.kind(), ErrorKind::shape);
  EXPECT_THAT(size.what(), HasSubstr("1 x 4 x 5"));

  Bytes cut = gzip_bytes(idx_bytes({7, 4, 5}, values));
  cut.resize(cut.size() - 40);
  write_bytes(folder / "cut.gz", cut);
  const Error truncated = error_of([&] {
    read_all(*open_image_source(request_for({folder / "cut.gz"}, {4, 5, 1})), 2);
  });
  EXPECT_EQ(truncated.kind(), ErrorKind::format);
  EXPECT_THAT(truncated.what(), HasSubstr((folder / "cut.gz").string()));
  Bytes more = idx_bytes({7, 4, 5}, values);
  more.push_back(0);
  write_bytes(folder / "more", more);
  EXPECT_THAT(error_of([&] {
                read_all(*open_image_source(request_for({folder / "more"}, {4, 5, 1})), 7);
              }).what(),
              HasSubstr("trailing"));
}

TEST(ImageSource, TakesCifarFiles) {
  const TemporaryFolder folder;
  const Bytes pixels = some_pixels(3 * 3072);
  for (const std::size_t labels : {1, 2}) {
    Bytes file;
    for (std::size_t n = 0; n < 3; ++n) {
      for (std::size_t i = 0; i < labels; ++i) file.push_back(static_cast<std::uint8_t>(n));
      file.insert(file.end(), pixels.begin() + static_cast<std::ptrdiff_t>(n * 3072),
                  pixels.begin() + static_cast<std::ptrdiff_t>((n + 1) * 3072));
    }
    const fs::path path = folder / (labels == 1 ? "test_batch.bin" : "test.bin");
    write_bytes(path, file);
    const auto source = open_image_source(request_for({path}, {32, 32, 3}));
    EXPECT_EQ(source->count(), 3);
    const ImagePiece all = read_all(*source, 2);
    EXPECT_EQ(all.set.pixels, pixels);
    EXPECT_THAT(all.set.index, ElementsAre(0, 1, 2));
    file.pop_back();
    write_bytes(path, file);
    EXPECT_EQ(error_of([&] {
                open_image_source(request_for({path}, {32, 32, 3}));
              }).kind(),
              ErrorKind::format);
  }
}

TEST(ImageSource, SaysWhatItKnowsWhereItFindsNothing) {
  const TemporaryFolder folder;
  write_bytes(folder / "notes.txt", Bytes{'h', 'e', 'l', 'l', 'o'});
  fs::create_directories(folder / "empty");
  write_bytes(folder / "a.png", png_bytes(noise_picture(2, 2, 1, 1)));
  write_bytes(folder / "images", idx_bytes({1, 2, 2}, some_pixels(4)));
  const auto fails = [&](const std::vector<fs::path>& paths) {
    return error_of([&] { open_image_source(request_for(paths, {2, 2, 1})); });
  };
  const Error missing = fails({folder / "no"});
  EXPECT_EQ(missing.kind(), ErrorKind::io);
  for (const ImageSourceKind& kind : image_source_kinds())
    EXPECT_THAT(missing.what(), HasSubstr(kind.name));
  EXPECT_EQ(fails({folder / "notes.txt"}).kind(), ErrorKind::format);
  EXPECT_THAT(fails({folder / "empty"}).what(), HasSubstr("no image in this folder"));
  EXPECT_EQ(fails({folder / "a.png", folder / "images"}).kind(), ErrorKind::usage);
  EXPECT_EQ(fails({folder / "images", folder / "images"}).kind(), ErrorKind::usage);
  EXPECT_EQ(fails({}).kind(), ErrorKind::usage);
}

TEST(ImageSource, DoesNotFollowACircleForEver) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "a");
  fs::create_directory_symlink(folder.path(), folder / "a/back");
  write_bytes(folder / "b.png", png_bytes(noise_picture(2, 2, 1, 1)));
  EXPECT_THAT(error_of([&] {
                open_image_source(request_for({folder.path()}, {2, 2, 1}));
              }).what(),
              HasSubstr("circle"));
}

}  // namespace
}  // namespace varphase::test
