// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/dataset_files.hpp"

#include <fstream>
#include <random>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

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
  request.files = &array_dataset_files();
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
        Refused{"float", {"train/images", "range '0-255'", "wants 0..1 or 0..255"}},
        Refused{"wide", {"train/images", "wants uint8"}},
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
  request.files = &array_dataset_files();
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
       {std::pair{"alone-linked", "a soft link"}, std::pair{"alone-float", "float32 alone is read"},
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
        write_bytes(folder_ / (std::string(part) + name), image(++seed));
    }
  }
  void TearDown() override { ::unsetenv("VARPHASE_CACHE"); }
  /// All of one size, as files that are not compressed.
  static Bytes image(std::uint32_t seed) {
    Bytes bytes = png_bytes(noise_picture(4, 3, 3, seed));
    bytes.resize(200);
    return bytes;
  }
  /// The sets that are kept, without the notes of which folder had which.
  std::vector<std::filesystem::path> kept() const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(cache_folder())) {
      if (entry.path().extension() == ".h5") files.push_back(entry.path());
    }
    return files;
  }
  Dataset read() const { return read_dataset(request_for(folder_.path())); }
  /// As the files are, whatever is kept.
  Dataset decoded() const {
    DataRequest request = request_for(folder_.path());
    request.files = nullptr;
    return read_dataset(request);
  }
  /// Other pixels under the same name, size and time.
  void change_in_place(const std::string& name, std::uint32_t seed) const {
    const auto time = std::filesystem::last_write_time(folder_ / name);
    const auto size = std::filesystem::file_size(folder_ / name);
    write_bytes(folder_ / name, image(seed));
    ASSERT_EQ(std::filesystem::file_size(folder_ / name), size);
    std::filesystem::last_write_time(folder_ / name, time);
  }
  TemporaryFolder folder_;
  TemporaryFolder cache_;
};

/// Counts how often files in some folders are opened.
class OpenedFiles {
 public:
  explicit OpenedFiles(const std::vector<std::filesystem::path>& folders)
      : watch_(::inotify_init1(IN_NONBLOCK)) {
    for (const auto& folder : folders) ::inotify_add_watch(watch_, folder.c_str(), IN_OPEN);
  }
  ~OpenedFiles() { ::close(watch_); }
  OpenedFiles(const OpenedFiles&) = delete;
  OpenedFiles& operator=(const OpenedFiles&) = delete;
  int count() const {
    int opened = 0;
    alignas(inotify_event) std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = ::read(watch_, buffer.data(), buffer.size())) > 0;) {
      for (ssize_t at = 0; at < got;) {
        inotify_event event{};
        std::memcpy(&event, buffer.data() + at, sizeof event);
        opened += (event.mask & IN_ISDIR) == 0 ? 1 : 0;
        at += static_cast<ssize_t>(sizeof event + event.len);
      }
    }
    return opened;
  }

 private:
  int watch_;
};

TEST_F(Cache, GivesTheSameSetWithoutReadingAnImage) {
  const Dataset first = read();
  ASSERT_EQ(kept().size(), 1U);
  const OpenedFiles opened({folder_ / "train/a", folder_ / "train/b", folder_ / "test/a"});
  const Dataset cached = read();
  EXPECT_EQ(opened.count(), 0);
  EXPECT_EQ(cached.train.pixels, first.train.pixels);
  EXPECT_EQ(cached.test.labels, first.test.labels);
  EXPECT_EQ(cached.train.index, first.train.index);
  EXPECT_EQ(cached.digest, first.digest);
  EXPECT_EQ(cached.class_names, first.class_names);
  EXPECT_EQ(cached.classes, 2);
  decoded();
  EXPECT_GE(opened.count(), 6);
}

TEST_F(Cache, SeesAnImageThatWasChangedInPlace) {
  const std::string before = read().digest;
  for (const std::uint32_t seed : {50U, 51U}) {  // also right after it was read
    change_in_place("train/b/2.png", seed);
    const Dataset changed = read();
    EXPECT_NE(changed.digest, before);
    EXPECT_EQ(changed.digest, decoded().digest);
  }
  change_in_place("train/b/2.png", 4);  // as SetUp made it
  EXPECT_EQ(read().digest, before);
  EXPECT_EQ(kept().size(), 3U);
}

TEST_F(Cache, SeesFilesThatChangedPlaces) {
  const std::string before = read().digest;
  const auto one = folder_ / "train/a/1.png", two = folder_ / "train/b/1.png";
  const auto time = std::filesystem::last_write_time(one);
  std::filesystem::last_write_time(two, time);
  std::filesystem::rename(one, folder_ / "aside");
  std::filesystem::rename(two, one);
  std::filesystem::rename(folder_ / "aside", two);
  EXPECT_NE(read().digest, before);
  EXPECT_EQ(read().digest, decoded().digest);
}

TEST_F(Cache, SeesAChangeThroughAnotherNameOfTheFile) {
  std::filesystem::create_hard_link(folder_ / "train/a/1.png", folder_ / "elsewhere.png");
  std::filesystem::remove(folder_ / "train/a/2.png");
  std::filesystem::create_symlink("../../linked.png", folder_ / "train/a/2.png");
  write_bytes(folder_ / "linked.png", image(9));
  std::string before = read().digest;
  for (const char* name : {"elsewhere.png", "linked.png"}) {
    change_in_place(name, 60);
    const std::string after = read().digest;
    EXPECT_NE(after, before);
    EXPECT_EQ(after, decoded().digest);
    before = after;
  }
}

TEST_F(Cache, TellsFoldersApartThatLookAlike) {
  const TemporaryFolder other;
  std::filesystem::copy(folder_.path(), other.path(), std::filesystem::copy_options::recursive);
  write_bytes(other / "train/a/1.png", image(70));
  const auto time = std::filesystem::file_time_type();
  for (const auto& folder : {folder_.path(), other.path()}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
      std::filesystem::last_write_time(entry.path(), time);
  }
  const std::string one = read().digest;
  const std::string two = read_dataset(request_for(other.path())).digest;
  EXPECT_NE(one, two);
  EXPECT_EQ(read().digest, one);
  EXPECT_EQ(read_dataset(request_for(other.path())).digest, two);
  EXPECT_EQ(kept().size(), 2U);
}

TEST_F(Cache, FindsTheSetOfARenamedFolderAndOfACopy) {
  const std::string digest = read().digest;
  const auto made = std::filesystem::last_write_time(kept().front());
  const TemporaryFolder other;
  std::filesystem::copy(folder_.path(), other / "copy", std::filesystem::copy_options::recursive);
  std::filesystem::rename(other / "copy", other / "renamed");
  // As on another machine: sets are there, and no note that knows its files.
  for (const auto& entry : std::filesystem::directory_iterator(cache_folder())) {
    if (entry.path().extension() == ".txt") std::filesystem::remove(entry.path());
  }
  const Dataset found = read_dataset(request_for(other / "renamed"));
  EXPECT_EQ(found.digest, digest);
  EXPECT_EQ(found.source, (other / "renamed").string());
  ASSERT_EQ(kept().size(), 1U);
  EXPECT_EQ(std::filesystem::last_write_time(kept().front()), made);
  std::filesystem::rename(other / "renamed", other / "again");
  const OpenedFiles opened({other / "again/train/a"});
  EXPECT_EQ(read_dataset(request_for(other / "again")).digest, digest);
  EXPECT_EQ(opened.count(), 0);
}

TEST_F(Cache, AskedForOtherwiseIsAnotherSet) {
  const std::string digest = read().digest;
  DataRequest request = request_for(folder_.path());
  request.form = {1, 2, 2};
  const Dataset small = read_dataset(request);
  EXPECT_EQ(small.train.image_size(), 4);
  EXPECT_EQ(read_dataset(request).digest, small.digest);
  EXPECT_EQ(read().digest, digest);
}

TEST_F(Cache, ANoteOfAnotherKindIsNotFollowed) {
  const std::string digest = read().digest;
  for (const std::string text : {"", "/etc/passwd", "images-x.h5",
                                 "images-0123456789abcdef-"
                                 "0123456789abcdef0123456789abcdef.h5\n"}) {
    for (const auto& entry : std::filesystem::directory_iterator(cache_folder())) {
      if (entry.path().extension() == ".txt")
        write_bytes(entry.path(), Bytes(text.begin(), text.end()));
    }
    EXPECT_EQ(read().digest, digest);
  }
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
