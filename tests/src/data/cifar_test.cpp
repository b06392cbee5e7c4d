// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/cifar.hpp"

#include <random>
#include <stdlib.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/src/data/idx_files.hpp"

namespace varphase::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::size_t kPixels = 3072;

/// Records whose label bytes are given, with noise for pixels.
Bytes records(const std::vector<Bytes>& labels, std::uint32_t seed) {
  Bytes bytes;
  for (const Bytes& label : labels) {
    bytes.insert(bytes.end(), label.begin(), label.end());
    const Bytes pixels = some_pixels(kPixels, seed++);
    bytes.insert(bytes.end(), pixels.begin(), pixels.end());
  }
  return bytes;
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  write_bytes(path, Bytes(text.begin(), text.end()));
}

class Cifar10 : public testing::Test {
 protected:
  void SetUp() override {
    for (int batch = 1; batch <= 5; ++batch) {
      write_bytes(folder_ / ("data_batch_" + std::to_string(batch) + ".bin"),
                  records({{static_cast<std::uint8_t>(batch)}, {9}},
                          static_cast<std::uint32_t>(100 * batch)));
    }
    write_bytes(folder_ / "test_batch.bin", records({{0}, {7}, {3}}, 900));
  }
  Dataset read(LabelKind labels = LabelKind::fine) const {
    DataRequest request;
    request.data = folder_.path().string();
    request.labels = labels;
    return read_dataset(request);
  }
  Error error() const {
    return error_of([&] { read(); });
  }
  TemporaryFolder folder_;
};

TEST_F(Cifar10, RecordsComeBackInOrder) {
  const Dataset dataset = read();
  EXPECT_EQ(dataset.classes, 10);
  EXPECT_EQ(dataset.train.labels, (std::vector<std::int64_t>{1, 9, 2, 9, 3, 9, 4, 9, 5, 9}));
  EXPECT_EQ(dataset.train.index, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(dataset.test.labels, (std::vector<std::int64_t>{0, 7, 3}));
  EXPECT_EQ(dataset.train.channels * 10000 + dataset.train.height * 100 + dataset.train.width,
            33232);
  const Bytes third = some_pixels(kPixels, 200);  // first record of batch 2
  EXPECT_TRUE(std::equal(third.begin(), third.end(), dataset.train.pixels.begin() + 2 * kPixels));
  EXPECT_TRUE(dataset.class_names.empty());
}

TEST_F(Cifar10, NamesComeFromTheMetaFile) {
  write_text(folder_ / "batches.meta.txt",
             "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n");
  EXPECT_EQ(read().class_names.at(9), "truck");
  write_text(folder_ / "batches.meta.txt", "airplane\n");
  EXPECT_THAT(error().what(),
              AllOf(HasSubstr("batches.meta.txt"), HasSubstr("10"), HasSubstr("got 1")));
}

TEST_F(Cifar10, DamageIsNamed) {
  const Bytes whole = records({{1}, {2}}, 1);
  write_bytes(folder_ / "data_batch_3.bin", Bytes(whole.begin(), whole.end() - 1));
  EXPECT_EQ(error().kind(), ErrorKind::format);
  EXPECT_THAT(error().what(), AllOf(HasSubstr("data_batch_3.bin"), HasSubstr("3073")));
  write_bytes(folder_ / "data_batch_3.bin", records({{1}}, 1));
  EXPECT_THAT(error().what(), AllOf(HasSubstr("data_batch_3.bin"), HasSubstr("1 records")));
  write_bytes(folder_ / "data_batch_3.bin", records({{1}, {10}}, 1));
  EXPECT_THAT(error().what(), AllOf(HasSubstr("label 10 in record 1"), HasSubstr("0 to 9")));
  std::filesystem::remove(folder_ / "data_batch_3.bin");
  EXPECT_EQ(error().kind(), ErrorKind::io);
  EXPECT_THAT(error().what(), HasSubstr("data_batch_3.bin"));
}

TEST_F(Cifar10, HasNoCoarseLabels) {
  EXPECT_EQ(error_of([&] { read(LabelKind::coarse); }).kind(), ErrorKind::usage);
}

TEST_F(Cifar10, TheNamedSetIsThePublishedOne) {
  ::setenv("VARPHASE_DATA", folder_.path().c_str(), 1);
  DataRequest request;
  request.data = "cifar-10";
  const Error missing = error_of([&] { read_dataset(request); });
  EXPECT_EQ(missing.kind(), ErrorKind::io);
  EXPECT_THAT(missing.what(), AllOf(HasSubstr("data_batch_1.bin"), HasSubstr("cifar-10")));
  TemporaryFolder root;
  std::filesystem::create_directory_symlink(folder_.path(), root / "cifar-10-batches-bin");
  ::setenv("VARPHASE_DATA", root.path().c_str(), 1);
  EXPECT_THAT(error_of([&] { read_dataset(request); }).what(), HasSubstr("has 50000 and 10000"));
  ::unsetenv("VARPHASE_DATA");
}

TEST_F(Cifar10, MutationsAreReadOrRefused) {
  const Bytes whole = records({{4}, {9}}, 500);
  std::mt19937 generator(1);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    Bytes bytes = whole;
    const bool cut = i % 2 == 0;
    if (cut) bytes.resize(generator() % whole.size());
    if (!cut)
      bytes[generator() % (i % 4 == 1 ? 1 : bytes.size())] = static_cast<std::uint8_t>(generator());
    write_bytes(folder_ / "data_batch_4.bin", bytes);
    try {
      const Dataset dataset = read();
      ASSERT_FALSE(cut) << bytes.size();
      ASSERT_EQ(dataset.train.count(), 10);
      for (const std::int64_t label : dataset.train.labels) ASSERT_TRUE(label >= 0 && label < 10);
    } catch (const Error& error) {
      ASSERT_THAT(error.what(), HasSubstr("data_batch_4.bin"));
      ++refused;
    }
  }
  EXPECT_GT(refused, 1300);  // every cut, and most of the flips of a label
}

class Cifar100 : public testing::Test {
 protected:
  void SetUp() override {
    write_bytes(folder_ / "train.bin", records({{0, 5}, {19, 99}, {3, 7}}, 1));
    write_bytes(folder_ / "test.bin", records({{2, 50}}, 9));
  }
  Dataset read(LabelKind labels) const {
    DataRequest request;
    request.data = folder_.path().string();
    request.labels = labels;
    return read_dataset(request);
  }
  TemporaryFolder folder_;
};

TEST_F(Cifar100, FineAndCoarseLabelsAreSaid) {
  const Dataset fine = read(LabelKind::fine);
  EXPECT_EQ(fine.classes, 100);
  EXPECT_EQ(fine.train.labels, (std::vector<std::int64_t>{5, 99, 7}));
  EXPECT_THAT(fine.notes, testing::Contains(HasSubstr("100 fine")));
  const Dataset coarse = read(LabelKind::coarse);
  EXPECT_EQ(coarse.classes, 20);
  EXPECT_EQ(coarse.train.labels, (std::vector<std::int64_t>{0, 19, 3}));
  EXPECT_EQ(coarse.test.labels, (std::vector<std::int64_t>{2}));
  EXPECT_THAT(coarse.notes, testing::Contains(HasSubstr("20 coarse")));
  EXPECT_EQ(coarse.train.pixels, fine.train.pixels);
  EXPECT_NE(coarse.digest, fine.digest);
}

TEST_F(Cifar100, BothLabelsAreChecked) {
  write_bytes(folder_ / "test.bin", records({{20, 50}}, 9));
  EXPECT_THAT(error_of([&] { read(LabelKind::fine); }).what(), HasSubstr("label 20 in record 0"));
  write_bytes(folder_ / "test.bin", records({{2, 100}}, 9));
  EXPECT_THAT(error_of([&] { read(LabelKind::coarse); }).what(),
              HasSubstr("label 100 in record 0"));
  write_bytes(folder_ / "test.bin", {});
  EXPECT_EQ(error_of([&] { read(LabelKind::fine); }).kind(), ErrorKind::format);
}

}  // namespace
}  // namespace varphase::test
