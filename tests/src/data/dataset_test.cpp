// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/dataset.hpp"

#include <cmath>
#include <cstdlib>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/data/describe.hpp"
#include "tests/src/data/idx_files.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// A folder with 6 training and 4 test images of 2 x 3 pixels, labels 0 1 2 0 1 2 and 2 1 0 0.
class Folder : public testing::Test {
 protected:
  void SetUp() override {
    write("train-images-idx3-ubyte", idx_bytes({6, 2, 3}, some_pixels(36, 1)));
    write("train-labels-idx1-ubyte", idx_bytes({6}, {0, 1, 2, 0, 1, 2}));
    write("t10k-images-idx3-ubyte", idx_bytes({4, 2, 3}, some_pixels(24, 2)));
    write("t10k-labels-idx1-ubyte", idx_bytes({4}, {2, 1, 0, 0}));
  }
  void write(const std::string& name, const Bytes& bytes) const {
    write_bytes(folder_ / name, bytes);
  }
  void rename(const std::string& from, const std::string& to) const {
    std::filesystem::rename(folder_ / from, folder_ / to);
  }
  DataRequest request() const {
    DataRequest request;
    request.data = folder_.path().string();
    return request;
  }
  Error error() const {
    return error_of([&] { read_dataset(request()); });
  }
  TemporaryFolder folder_;
};

TEST_F(Folder, IsReadAsItIs) {
  const Dataset dataset = read_dataset(request());
  EXPECT_EQ(dataset.name, folder_.path().string());
  EXPECT_EQ(dataset.source, folder_.path().string());
  EXPECT_EQ(dataset.classes, 3);
  EXPECT_TRUE(dataset.class_names.empty());
  EXPECT_EQ(dataset.train.pixels, some_pixels(36, 1));
  EXPECT_EQ(dataset.test.pixels, some_pixels(24, 2));
  EXPECT_EQ(dataset.test.labels, (std::vector<std::int64_t>{2, 1, 0, 0}));
  EXPECT_EQ(dataset.validation.count(), 0);
  EXPECT_EQ(dataset.validation.image_size(), 6);
  EXPECT_EQ(&dataset.part(Split::validation), &dataset.validation);
}

TEST_F(Folder, EveryNameInUseIsFound) {
  const std::string digest = read_dataset(request()).digest;
  rename("train-images-idx3-ubyte", "train-images.idx3-ubyte");
  rename("t10k-labels-idx1-ubyte", "test-labels.idx1-ubyte");
  rename("t10k-images-idx3-ubyte", "test-images-idx3-ubyte");
  EXPECT_EQ(read_dataset(request()).digest, digest);
  write("train-labels-idx1-ubyte.gz", gzip_bytes(idx_bytes({6}, {0, 1, 2, 0, 1, 2})));
  std::filesystem::remove(folder_ / "train-labels-idx1-ubyte");
  EXPECT_EQ(read_dataset(request()).digest, digest);
}

TEST_F(Folder, DigestIsThatOfTheDocumentedBytes) {
  // sha256 of the same bytes by Python's hashlib.
  EXPECT_EQ(read_dataset(request()).digest,
            "cb706d0858d7e279996eb5da78a201495e28f5782c44e487ff2c4c83d1b4010e");
}

TEST_F(Folder, DigestSeesEveryByteButNoSplit) {
  const std::string digest = read_dataset(request()).digest;
  DataRequest split = request();
  split.validation = 0.5;
  split.train_limit = 4;
  split.test_limit = 1;
  EXPECT_EQ(read_dataset(split).digest, digest);
  write("t10k-labels-idx1-ubyte", idx_bytes({4}, {2, 1, 0, 1}));
  EXPECT_NE(read_dataset(request()).digest, digest);
}

TEST_F(Folder, LimitComesBeforeTheSplit) {
  DataRequest limited = request();
  limited.validation = 0.5;
  limited.train_limit = 4;
  limited.test_limit = 3;
  const Dataset dataset = read_dataset(limited);
  EXPECT_EQ(dataset.test.count(), 3);
  EXPECT_EQ(dataset.train.count(), 2);
  EXPECT_EQ(dataset.validation.count(), 2);
  EXPECT_EQ(dataset.classes, 3);
  std::set<std::int64_t> seen;
  for (const ImageSet* set : {&dataset.train, &dataset.validation}) {
    for (std::size_t i = 0; i < set->labels.size(); ++i) {
      seen.insert(set->index[i]);
      EXPECT_EQ(set->labels[i], set->index[i] % 3);
      const Bytes pixels = some_pixels(36, 1);
      for (std::size_t p = 0; p < 6; ++p) {
        EXPECT_EQ(set->pixels[i * 6 + p], pixels[static_cast<std::size_t>(set->index[i]) * 6 + p]);
      }
    }
  }
  EXPECT_EQ(seen, (std::set<std::int64_t>{0, 1, 2, 3}));
}

TEST_F(Folder, MissingFilesAreNamed) {
  std::filesystem::remove(folder_ / "t10k-labels-idx1-ubyte");
  EXPECT_EQ(error().kind(), ErrorKind::io);
  EXPECT_THAT(error().what(), AllOf(HasSubstr("t10k-labels-idx1-ubyte"), HasSubstr(".gz")));
}

TEST_F(Folder, TestLabelsLieInsideTheTrainingLabels) {
  write("t10k-labels-idx1-ubyte", idx_bytes({4}, {2, 1, 3, 0}));
  EXPECT_EQ(error().kind(), ErrorKind::usage);
  EXPECT_THAT(error().what(), AllOf(HasSubstr("test label 3"), HasSubstr("0 to 2")));
}

TEST_F(Folder, OneClassIsNone) {
  write("train-labels-idx1-ubyte", idx_bytes({6}, Bytes(6, 0)));
  EXPECT_EQ(error().kind(), ErrorKind::usage);
}

TEST_F(Folder, TrainAndTestHaveOneShape) {
  write("t10k-images-idx3-ubyte", idx_bytes({4, 3, 2}, some_pixels(24)));
  EXPECT_EQ(error().kind(), ErrorKind::format);
  EXPECT_THAT(error().what(), AllOf(HasSubstr("1 x 2 x 3"), HasSubstr("1 x 3 x 2")));
}

TEST_F(Folder, AFileIsNoFolder) {
  DataRequest file;
  file.data = (folder_ / "train-images-idx3-ubyte").string();
  EXPECT_THAT(error_of([&] { read_dataset(file); }).what(), HasSubstr("pass the folder"));
  file.data = (folder_ / "nothing").string();
  EXPECT_EQ(error_of([&] { read_dataset(file); }).kind(), ErrorKind::io);
}

TEST_F(Folder, DescriptionCountsWhatIsThere) {
  DataRequest split = request();
  split.validation = 0.34;
  const Dataset dataset = read_dataset(split);
  const Json json = describe(dataset);
  EXPECT_EQ(json["classes"], 3);
  EXPECT_EQ(json["shape"], (Json{1, 2, 3}));
  EXPECT_EQ(json["digest"], dataset.digest);
  EXPECT_EQ(json["parts"]["test"]["images"], 4);
  EXPECT_EQ(json["parts"]["test"]["labels"], (Json{2, 1, 1}));
  EXPECT_EQ(json["parts"]["train"]["images"], 4);
  EXPECT_EQ(json["parts"]["validation"]["images"], 2);

  double sum = 0;
  double squares = 0;
  for (const double pixel : dataset.test.pixels) {
    sum += pixel / 255;
    squares += pixel / 255 * pixel / 255;
  }
  const double mean = sum / 24;
  EXPECT_NEAR(json["parts"]["test"]["mean"], mean, tolerance::kDoubleSum);
  EXPECT_NEAR(json["parts"]["test"]["std"], std::sqrt(squares / 24 - mean * mean),
              tolerance::kDoubleSum);

  const std::string text = description_text(dataset);
  EXPECT_THAT(text,
              AllOf(HasSubstr(dataset.digest), HasSubstr("3 classes"), HasSubstr("validation")));
}

TEST_F(Folder, AnEmptyPartIsDescribedToo) {
  const Json json = describe(read_dataset(request()));
  EXPECT_EQ(json["parts"]["validation"]["images"], 0);
  EXPECT_FALSE(json["parts"]["validation"].contains("mean"));
}

/// The tests that look for sets by name choose the root themselves.
class Named : public Folder {
 protected:
  void SetUp() override {
    Folder::SetUp();
    const char* old = std::getenv("VARPHASE_DATA");
    if (old != nullptr) old_root_ = old;
  }
  void TearDown() override {
    if (old_root_.empty()) {
      ::unsetenv("VARPHASE_DATA");
    } else {
      ::setenv("VARPHASE_DATA", old_root_.c_str(), 1);
    }
  }
  std::string old_root_;
};

TEST_F(Named, UnknownNamesAreErrorsWithASuggestion) {
  DataRequest wrong;
  wrong.data = "fashon-mnist";
  const Error error = error_of([&] { read_dataset(wrong); });
  EXPECT_EQ(error.kind(), ErrorKind::io);  // it may be a path as well
  EXPECT_THAT(error.what(), HasSubstr("did you mean 'fashion-mnist'"));
  wrong.data = "";
  EXPECT_EQ(error_of([&] { read_dataset(wrong); }).kind(), ErrorKind::usage);
}

TEST_F(Named, TheErrorSaysWhereItLookedAndWhatToDo) {
  ::setenv("VARPHASE_DATA", folder_.path().c_str(), 1);
  DataRequest mnist;
  mnist.data = "mnist";
  const Error set = error_of([&] { read_dataset(mnist); });
  EXPECT_EQ(set.kind(), ErrorKind::io);
  EXPECT_THAT(set.what(), AllOf(HasSubstr((folder_ / "mnist").string()), HasSubstr("--data")));
  ::unsetenv("VARPHASE_DATA");
  EXPECT_THAT(error_of([&] { read_dataset(mnist); }).what(), HasSubstr("is not set"));
}

TEST_F(Named, TheRootComesFirst) {
  ::setenv("VARPHASE_DATA", folder_.path().c_str(), 1);
  const std::filesystem::path own = folder_ / "fashion-mnist";
  std::filesystem::create_directory(own);
  write_bytes(own / "train-images-idx3-ubyte", idx_bytes({10, 1, 1}, some_pixels(10)));
  write_bytes(own / "train-labels-idx1-ubyte", idx_bytes({10}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  write_bytes(own / "t10k-images-idx3-ubyte", idx_bytes({1, 1, 1}, {7}));
  write_bytes(own / "t10k-labels-idx1-ubyte", idx_bytes({1}, {9}));
  const Dataset dataset = read_dataset({});
  EXPECT_EQ(dataset.name, "fashion-mnist");
  EXPECT_EQ(dataset.source, own.string());
  EXPECT_EQ(dataset.class_names.at(9), "Ankle boot");
  EXPECT_EQ(dataset.train.count(), 10);

  write_bytes(own / "train-labels-idx1-ubyte", idx_bytes({10}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 10}));
  EXPECT_THAT(error_of([&] { read_dataset({}); }).what(), HasSubstr("has 10 classes"));
}

TEST(FashionMnist, IsTheRealOne) {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) {
    GTEST_SKIP() << "Debian's package dataset-fashion-mnist is not installed";
  }
  ::unsetenv("VARPHASE_DATA");
  const Dataset dataset = read_dataset({});
  EXPECT_EQ(dataset.train.count(), 60000);
  EXPECT_EQ(dataset.test.count(), 10000);
  EXPECT_EQ(dataset.digest, "0d6987d2702b5d1751f18cf7fa0e1441edd4b687b931582c660d19057f5ca3e9");
  const Json json = describe(dataset);
  // The values that are widely used to normalise it.
  EXPECT_NEAR(json["parts"]["train"]["mean"], 0.2860, tolerance::kPublishedDigits);
  EXPECT_NEAR(json["parts"]["train"]["std"], 0.3530, tolerance::kPublishedDigits);
  for (const auto& count : json["parts"]["train"]["labels"]) EXPECT_EQ(count, 6000);
}

TEST(SyntheticDataset, IsTheSameOnEveryMachine) {
  DataRequest request;
  request.data = "synthetic-digits";
  const Dataset dataset = read_dataset(request);
  EXPECT_EQ(dataset.classes, 10);
  EXPECT_EQ(dataset.source, "drawn");
  EXPECT_EQ(dataset.train.count(), 6000);
  EXPECT_EQ(dataset.test.count(), 1000);
  EXPECT_EQ(dataset.digest, "889402557eb716b333deed0d61171ca761f354a77b2ac7c2eeda51a28401e2a7");
}

TEST(SplitNames, GoThereAndBack) {
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    EXPECT_EQ(split_from_name(split_name(split)), split);
  }
  EXPECT_THAT(error_of([] { split_from_name("tset"); }).what(), HasSubstr("'test'"));
}

}  // namespace
}  // namespace varphase::test
