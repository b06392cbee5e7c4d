// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/dataset_files.hpp"

#include <fstream>
#include <random>
#include <stdlib.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/data/image_cache.hpp"
#include "src/data/image_source.hpp"
#include "tests/checkpoints/python.hpp"
#include "tests/src/data/image_files.hpp"

namespace varphase::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// The sets of hdf5_sets.py, written by h5py once.
const TemporaryFolder& sets() {
  static const TemporaryFolder folder;
  static const Finished written = run_python(
      "'" VARPHASE_SOURCE_DIR "/tests/tools/hdf5_sets.py' '" + folder.path().string() + "'");
  if (written.status != 0) throw std::runtime_error(written.output);
  return folder;
}

DataRequest request_for(const std::filesystem::path& path) {
  DataRequest request;
  request.data = path.string();
  request.files = &hdf5_dataset_files();
  return request;
}

class SameSet : public testing::TestWithParam<std::string> {};

TEST_P(SameSet, WhateverTheLayout) {
  const Dataset dataset = read_dataset(request_for(sets() / (GetParam() + ".h5")));
  const Bytes train = some_pixels(6 * 60, 1);
  if (GetParam() == "grey") {
    EXPECT_EQ(dataset.train.channels, 1);
    EXPECT_EQ(Bytes(dataset.train.pixels.begin() + 20, dataset.train.pixels.begin() + 40),
              Bytes(train.begin() + 60, train.begin() + 80));
  } else if (GetParam() == "three-by-three") {
    EXPECT_EQ(dataset.train.pixels[3], train[0]);  // the second row repeats the first
    EXPECT_EQ(dataset.train.pixels[9], train[20]);
  } else {
    EXPECT_EQ(dataset.train.pixels, train);
    EXPECT_EQ(dataset.test.pixels, some_pixels(4 * 60, 2));
  }
  EXPECT_EQ(dataset.train.labels, (std::vector<std::int64_t>{0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(dataset.test.labels, (std::vector<std::int64_t>{2, 1, 0, 0}));
  EXPECT_EQ(dataset.classes, 3);
}
INSTANTIATE_TEST_SUITE_P(Layouts, SameSet,
                         testing::Values("nchw", "nhwc", "latest", "flat", "val", "labels-u1",
                                         "labels-big-endian", "chunked", "packed", "said",
                                         "said-fixed", "grey", "three-by-three"));

struct Refused {
  std::string name;
  std::vector<std::string> words;
};

class RefusedSet : public testing::TestWithParam<Refused> {};

TEST_P(RefusedSet, SaysWhy) {
  const auto path = sets() / (GetParam().name + ".h5");
  const Error error = error_of([&] { read_dataset(request_for(path)); });
  EXPECT_EQ(error.kind(), ErrorKind::format);
  EXPECT_THAT(error.what(), HasSubstr(path.string()));
  for (const std::string& word : GetParam().words) EXPECT_THAT(error.what(), HasSubstr(word));
}
INSTANTIATE_TEST_SUITE_P(
    Sets, RefusedSet,
    testing::Values(
        Refused{"ambiguous", {"train/images", "layout"}}, Refused{"no-labels", {"test/labels"}},
        Refused{"float", {"whole numbers"}}, Refused{"wide", {"train/images", "wants uint8"}},
        Refused{"count", {"train/labels is [5]", "6 images"}},
        Refused{"negative", {"train/labels[0] is -1"}},
        Refused{"huge-label", {"train/labels[1] is 1000000000"}}, Refused{"rank", {"rank 3 or 4"}},
        Refused{"five-channels", {"no axis has"}}, Refused{"lzf", {"filter 32000"}},
        Refused{"layout", {"'NWHC'"}}, Refused{"linked", {"an external link"}},
        Refused{"soft", {"a soft link"}}, Refused{"virtual", {"virtual dataset"}},
        Refused{"external", {"external storage"}}, Refused{"unwritten", {"0 of 6 chunks"}},
        Refused{"bomb", {"1000000000", "can hold"}}),
    [](const auto& param) {
      std::string name = param.param.name;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST(Hdf5Set, WantsTheProgramsReader) {
  DataRequest request = request_for(sets() / "nchw.h5");
  request.files = nullptr;
  EXPECT_EQ(error_of([&] { read_dataset(request); }).kind(), ErrorKind::usage);
}

// HDF5 itself has no checksum here: a flipped pixel is a pixel. Nothing may crash, hang or change
// what the shapes say.
TEST(Hdf5Set, MutationsAreReadOrRefused) {
  TemporaryFolder folder;
  std::mt19937 generator(3);
  int refused_cuts = 0, cuts = 0, refused_flips = 0;
  for (const std::string name : {"nchw", "packed", "latest", "said"}) {
    std::ifstream file(sets() / (name + ".h5"), std::ios::binary);
    const Bytes whole{std::istreambuf_iterator<char>(file), {}};
    for (int i = 0; i < 500; ++i) {
      Bytes bytes = whole;
      if (i % 2 == 0) {
        ++cuts;
        bytes.resize(generator() % whole.size());
      } else {
        const std::size_t range =
            i % 4 == 1 ? bytes.size() : std::min<std::size_t>(2000, bytes.size());
        for (int edit = 0; edit < 3; ++edit)
          bytes[generator() % range] = static_cast<std::uint8_t>(generator());
      }
      write_bytes(folder / "set.h5", bytes);
      try {
        const Dataset dataset = read_dataset(request_for(folder / "set.h5"));
        ASSERT_EQ(dataset.train.pixels.size(),
                  static_cast<std::size_t>(dataset.train.count() * dataset.train.image_size()));
      } catch (const Error& error) {
        ASSERT_THAT(error.what(), HasSubstr((folder / "set.h5").string()));
        (i % 2 == 0 ? refused_cuts : refused_flips)++;
      }
    }
  }
  EXPECT_EQ(refused_cuts, cuts);
  EXPECT_GT(refused_flips, 100);
}

ImageRequest images_of(const std::string& name) {
  ImageRequest request;
  request.paths = {sets() / (name + ".h5")};
  request.wanted = {4, 5, 3};
  request.files = &hdf5_dataset_files();
  return request;
}

TEST(Hdf5Images, AreReadPieceByPieceWhateverTheLayout) {
  const Bytes wanted = some_pixels(4 * 60, 2);
  for (const std::string name : {"alone", "nchw", "nhwc", "packed", "chunked", "flat", "latest"}) {
    for (const std::int64_t most : {1, 3, 10}) {
      const auto source = open_image_source(images_of(name));
      ASSERT_EQ(source->count(), 4) << name;
      Bytes pixels;
      std::vector<std::int64_t> index;
      for (std::int64_t done = 0; done < source->count(); done += most) {
        const ImagePiece piece = source->next(most);
        EXPECT_LE(piece.set.count(), most);
        pixels.insert(pixels.end(), piece.set.pixels.begin(), piece.set.pixels.end());
        index.insert(index.end(), piece.set.index.begin(), piece.set.index.end());
      }
      EXPECT_EQ(pixels, wanted) << name;
      EXPECT_EQ(index, (std::vector<std::int64_t>{0, 1, 2, 3}));
    }
  }
}

TEST(Hdf5Images, AreRefusedWithTheReason) {
  for (const auto& [name, word] :
       {std::pair{"alone-linked", "a soft link"}, std::pair{"alone-float", "whole numbers"},
        std::pair{"alone-wide", "wants uint8"}, std::pair{"alone-none", "holds none of images"},
        std::pair{"alone-empty", "no images"}}) {
    const Error error = error_of([&] { open_image_source(images_of(name)); });
    EXPECT_THAT(error.what(), AllOf(HasSubstr(word), HasSubstr(std::string(name) + ".h5")));
  }
  ImageRequest request = images_of("alone");
  request.wanted = {5, 4, 3};
  const Error size = error_of([&] { open_image_source(request); });
  EXPECT_EQ(size.kind(), ErrorKind::shape);
  EXPECT_THAT(size.what(), HasSubstr("alone.h5: images of 3 x 4 x 5"));
}

TEST(Hdf5Images, AFileThatChangesMeanwhileIsSaidToHave) {
  TemporaryFolder folder;
  std::filesystem::copy_file(sets() / "alone.h5", folder / "set.h5");
  ImageRequest request = images_of("alone");
  request.paths = {folder / "set.h5"};
  const auto source = open_image_source(request);
  std::filesystem::copy_file(sets() / "alone-empty.h5", folder / "set.h5",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(error_of([&] { source->next(2); }).what(), HasSubstr("has changed"));
}

class Cache : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("VARPHASE_CACHE", (cache_ / "deep/er").c_str(), 1);
    std::uint32_t seed = 0;
    for (const char* part : {"train/a", "train/b", "test/a", "test/b"}) {
      std::filesystem::create_directories(folder_ / part);
      for (const char* name : {"/1.png", "/2.png"})
        write_bytes(folder_ / (std::string(part) + name),
                    png_bytes(noise_picture(4, 3, 3, ++seed)));
    }
  }
  void TearDown() override { ::unsetenv("VARPHASE_CACHE"); }
  std::vector<std::filesystem::path> kept() const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(cache_folder()))
      files.push_back(entry.path());
    return files;
  }
  Dataset read() const { return read_dataset(request_for(folder_.path())); }
  TemporaryFolder folder_;
  TemporaryFolder cache_;
};

TEST_F(Cache, GivesTheSameSetWithoutDecoding) {
  const Dataset decoded = read();
  ASSERT_EQ(kept().size(), 1U);
  // The same names, sizes and times with other bytes: only the cache can still give the old images.
  const auto file = folder_ / "train/a/1.png";
  const auto time = std::filesystem::last_write_time(file);
  const auto size = std::filesystem::file_size(file);
  write_bytes(file, Bytes(size, 0));
  std::filesystem::last_write_time(file, time);
  const Dataset cached = read();
  EXPECT_EQ(cached.train.pixels, decoded.train.pixels);
  EXPECT_EQ(cached.test.labels, decoded.test.labels);
  EXPECT_EQ(cached.train.index, decoded.train.index);
  EXPECT_EQ(cached.digest, decoded.digest);
  EXPECT_EQ(cached.class_names, decoded.class_names);
  EXPECT_EQ(cached.classes, 2);
  // Another time is another set.
  std::filesystem::last_write_time(file, time + std::chrono::seconds(1));
  EXPECT_THAT(error_of([&] { read(); }).what(), HasSubstr("train/a/1.png"));
}

TEST_F(Cache, ADamagedOneIsMadeAnew) {
  const std::string digest = read().digest;
  const auto file = kept().front();
  std::ifstream stream(file, std::ios::binary);
  const Bytes whole{std::istreambuf_iterator<char>(stream), {}};
  for (const Bytes& bytes :
       {Bytes(whole.begin(), whole.begin() + 500), Bytes(1000, 7), Bytes(), [&] {
          Bytes flipped = whole;
          flipped[flipped.size() / 2] ^= 1U;
          return flipped;
        }()}) {
    write_bytes(file, bytes);
    testing::internal::CaptureStderr();
    EXPECT_EQ(read().digest, digest);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("made anew"));
    std::ifstream again(file, std::ios::binary);
    EXPECT_EQ((Bytes{std::istreambuf_iterator<char>(again), {}}), whole);
  }
  EXPECT_EQ(kept().size(), 1U);
}

TEST_F(Cache, AFolderThatCannotBeWrittenCostsOnlyTheCache) {
  write_bytes(cache_ / "file", {1});
  ::setenv("VARPHASE_CACHE", (cache_ / "file").c_str(), 1);
  testing::internal::CaptureStderr();
  EXPECT_EQ(read().train.count(), 4);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("not kept"));
}

TEST(CacheFolder, FollowsTheVariables) {
  ::setenv("VARPHASE_CACHE", "/own", 1);
  EXPECT_EQ(cache_folder(), "/own");
  ::unsetenv("VARPHASE_CACHE");
  ::setenv("XDG_CACHE_HOME", "/shared", 1);
  EXPECT_EQ(cache_folder(), "/shared/varphase");
  ::unsetenv("XDG_CACHE_HOME");
  ::setenv("HOME", "/home/somebody", 1);
  EXPECT_EQ(cache_folder(), "/home/somebody/.cache/varphase");
}

}  // namespace
}  // namespace varphase::test
