// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/partial_sums.hpp"

#include <fstream>

#include <gmock/gmock.h>

#include "analysis/curvature/network_diagonal.hpp"
#include "checkpoints/document.hpp"
#include "tests/analysis/curvature/random_images.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/temporary_folder.hpp"

namespace varphase {
namespace {

namespace fs = std::filesystem;

/// Small, since it takes three chunks of images to be interrupted between them.
Json small_spec() {
  return Json::parse(R"({"input": [1, 4, 4], "classes": 3, "layers": [
    {"variance_conv2d": {"out": 2, "kernel": 2}}, "softplus",
    {"variance_dense": {"out": 3}}, "tanh", {"dense": {"out": 3}}]})");
}

/// A pass of several chunks that is stopped and begun again.
class Resumed : public testing::Test {
 protected:
  Resumed() : network_(random_float_network(small_spec(), 3)) {
    images_ = random_images(network_, 300, 4);  // chunks of 128
    request_.layers = {network_.position("conv1"), network_.position("dense1")};
    place_.folder = folder_.path() / "partial";
    place_.name = "epoch_0003";
    place_.origin = {{"checkpoint", "a"}};
    place_.say = [this](const std::string& text) { said_ = text; };
  }

  std::vector<LayerDiagonal> whole() {
    return stream_network_diagonal(network_, images_, request_, [](std::int64_t) {});
  }
  /// @return sums, or nothing where the pass was stopped after so many chunks.
  std::optional<std::vector<LayerDiagonal>> pass(int chunks,
                                                 std::vector<std::int64_t>* factors = nullptr) {
    place_.stop = [&] { return --chunks == 0; };
    PartialFiles files(place_);
    told_ = 0;
    try {
      auto sums = stream_network_diagonal(
          network_, images_, request_, [&](std::int64_t n) { told_ += n; }, factors, &files);
      files.remove();
      return sums;
    } catch (const Interrupted&) {
      return std::nullopt;
    }
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    if (fs::exists(place_.folder)) {
      for (const auto& entry : fs::directory_iterator(place_.folder)) found.push_back(entry.path());
    }
    return found;
  }
  static void expect_same_bits(const std::vector<LayerDiagonal>& got,
                               const std::vector<LayerDiagonal>& wanted) {
    ASSERT_EQ(got.size(), wanted.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      for (at::Tensor LayerDiagonal::*sum :
           {&LayerDiagonal::hessian, &LayerDiagonal::error_variance, &LayerDiagonal::gauss_newton,
            &LayerDiagonal::gradient, &LayerDiagonal::fisher}) {
        ASSERT_EQ((got[i].*sum).defined(), (wanted[i].*sum).defined());
        if (!(got[i].*sum).defined()) continue;
        EXPECT_TRUE(at::equal(got[i].*sum, wanted[i].*sum)) << i;
      }
    }
  }
  /// A whole pass takes nothing over, and says so by saying nothing.
  void expect_anew(const std::vector<LayerDiagonal>& wanted) {
    const auto got = pass(-1);
    ASSERT_TRUE(got);
    EXPECT_EQ(said_, "");
    expect_same_bits(*got, wanted);
  }

  test::TemporaryFolder folder_;
  Network network_;
  DeviceImages images_;
  NetworkDiagonalRequest request_;
  PartialPlace place_;
  std::string said_;
  std::int64_t told_ = 0;
};

TEST_F(Resumed, HasTheBitsOfAPassInOneGo) {
  const std::pair<CurvatureMethod, bool> forms[] = {{CurvatureMethod::exact, false},
                                                    {CurvatureMethod::sampled_residual, true}};
  for (const auto& [method, others] : forms) {
    request_.method = method;
    request_.others = others;
    const std::vector<LayerDiagonal> wanted = whole();
    EXPECT_FALSE(pass(1));
    ASSERT_EQ(files().size(), 1U);
    EXPECT_FALSE(pass(1));  // of the rest
    EXPECT_THAT(said_, testing::HasSubstr("goes on after 128 of 300 images"));
    std::vector<std::int64_t> factors;
    const auto got = pass(-1, &factors);
    ASSERT_TRUE(got);
    EXPECT_THAT(said_, testing::HasSubstr("goes on after 256 of 300 images"));
    EXPECT_EQ(told_, 300);  // what was done before counts as done
    EXPECT_EQ(factors.size(), 2U);
    expect_same_bits(*got, wanted);
    EXPECT_TRUE(files().empty());
    EXPECT_FALSE(fs::exists(place_.folder));
  }
}

TEST_F(Resumed, AfterItsLastImageToo) {
  const std::vector<LayerDiagonal> wanted = whole();
  EXPECT_FALSE(pass(3));  // all summed, nothing written
  std::vector<std::int64_t> factors;
  const auto got = pass(-1, &factors);
  ASSERT_TRUE(got);
  expect_same_bits(*got, wanted);
  EXPECT_EQ(factors.size(), 2U);
}

TEST_F(Resumed, FromWhatAKilledProcessLeft) {
  place_.seconds = 0;  // a save after every chunk
  const std::vector<LayerDiagonal> wanted = whole();
  {
    place_.stop = nullptr;
    PartialFiles files(place_);
    std::int64_t chunks = 0;
    const auto die = [&](std::int64_t) {
      if (++chunks == 2) throw std::runtime_error("killed");
    };
    EXPECT_THROW(stream_network_diagonal(network_, images_, request_, die, nullptr, &files),
                 std::runtime_error);
  }
  const auto got = pass(-1);
  ASSERT_TRUE(got);
  EXPECT_THAT(said_, testing::HasSubstr("goes on after"));
  expect_same_bits(*got, wanted);
}

TEST_F(Resumed, NotSavedBeforeItsTime) {
  place_.seconds = 1e9;
  PartialFiles files(place_);
  stream_network_diagonal(
      network_, images_, request_, [](std::int64_t) {}, nullptr, &files);
  EXPECT_FALSE(fs::exists(place_.folder));
}

TEST_F(Resumed, AnewWhereTheFileIsDamaged) {
  const std::vector<LayerDiagonal> wanted = whole();
  EXPECT_FALSE(pass(2));
  const fs::path file = files().at(0);
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(2000).put('x');
  expect_anew(wanted);
}

TEST_F(Resumed, AnewWhereTheSumsAreForeign) {
  // Another checkpoint's file under this one's name.
  EXPECT_FALSE(pass(2));
  const fs::path name = files().at(0);
  fs::rename(name, folder_.path() / "other.h5");
  place_.origin = {{"checkpoint", "b"}};
  const std::vector<LayerDiagonal> wanted = whole();
  EXPECT_FALSE(pass(1));
  EXPECT_NE(files().at(0), name);  // passes of other checkpoints do not meet
  fs::rename(folder_.path() / "other.h5", files().at(0));
  expect_anew(wanted);
}

TEST_F(Resumed, AnewWhereAShapeIsWrong) {
  const std::vector<LayerDiagonal> wanted = whole();
  EXPECT_FALSE(pass(2));
  Document document = read_document(files().at(0), "partial");
  for (Array& array : document.arrays) {
    if (array.name == "sums/1/hessian") std::swap(array.shape[0], array.shape[1]);
  }
  write_document(files().at(0), document);
  expect_anew(wanted);
}

TEST_F(Resumed, OfAnotherRequestBesideIt) {
  EXPECT_FALSE(pass(2));
  request_.smoothing = {true, 2.0};
  ASSERT_TRUE(pass(-1));
  EXPECT_EQ(files().size(), 1U);  // the first one waits
  request_.smoothing = {};
  EXPECT_FALSE(pass(1));
  EXPECT_THAT(said_, testing::HasSubstr("goes on after 256"));
}

}  // namespace
}  // namespace varphase
