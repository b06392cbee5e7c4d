// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/exchange/pair_modules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/checkpoints/files.hpp"

namespace varphase::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Kind = WeightedModule::Kind;
using Pairs = std::map<std::string, std::string>;
using Modules = std::vector<WeightedModule>;

const Modules kNetwork{{"conv1", Kind::conv, {8, 1, 3, 3}}, {"batch_norm1", Kind::batch_norm, {8}},
                       {"conv2", Kind::conv, {8, 8, 3, 3}}, {"batch_norm2", Kind::batch_norm, {8}},
                       {"conv3", Kind::conv, {8, 8, 3, 3}}, {"batch_norm3", Kind::batch_norm, {8}},
                       {"dense1", Kind::dense, {10, 8}}};

TEST(PairModules, NamesThatAreTheSameDecide) {
  // conv2 and conv3 have one shape; the file's order does not matter.
  Modules file(kNetwork.rbegin(), kNetwork.rend());
  for (const auto& [theirs, ours] : pair_modules(file, kNetwork, {}, "a")) EXPECT_EQ(theirs, ours);
}

TEST(PairModules, NumbersCountAsNumbersNotAsText) {
  const Modules file{{"net.12", Kind::conv, {8, 8, 3, 3}}, {"net.0", Kind::conv, {8, 1, 3, 3}},
                     {"net.9", Kind::conv, {8, 8, 3, 3}},  {"net.1", Kind::batch_norm, {8}},
                     {"net.10", Kind::batch_norm, {8}},    {"net.013", Kind::batch_norm, {8}},
                     {"fc", Kind::dense, {10, 8}}};
  EXPECT_EQ(pair_modules(file, kNetwork, {}, "a"), (Pairs{{"net.0", "conv1"},
                                                          {"net.9", "conv2"},
                                                          {"net.12", "conv3"},
                                                          {"net.1", "batch_norm1"},
                                                          {"net.10", "batch_norm2"},
                                                          {"net.013", "batch_norm3"},
                                                          {"fc", "dense1"}}));
}

TEST(PairModules, TheOnlyOneOfItsShapeNeedsNoName) {
  const Modules network{{"dense1", Kind::dense, {5, 9}}, {"dense2", Kind::dense, {3, 5}}};
  const Modules file{{"head", Kind::dense, {3, 5}}, {"body.proj", Kind::dense, {5, 9}}};
  EXPECT_EQ(pair_modules(file, network, {}, "a"),
            (Pairs{{"head", "dense2"}, {"body.proj", "dense1"}}));
}

TEST(PairModules, SeveralWaysAreRefusedUntilToldWhich) {
  const Modules network{{"dense1", Kind::dense, {5, 5}}, {"dense2", Kind::dense, {5, 5}}};
  const Modules file{{"encoder", Kind::dense, {5, 5}}, {"decoder", Kind::dense, {5, 5}}};
  EXPECT_THAT(error_of(ErrorKind::shape, [&] { pair_modules(file, network, {}, "a.npz"); }),
              AllOf(HasSubstr("a.npz"), HasSubstr("encoder [5, 5], decoder [5, 5]"),
                    HasSubstr("dense1 [5, 5], dense2 [5, 5]"), HasSubstr("--map")));
  // One told, the other follows.
  EXPECT_EQ(pair_modules(file, network, {{"decoder", "dense1"}}, "a.npz"),
            (Pairs{{"decoder", "dense1"}, {"encoder", "dense2"}}));
}

TEST(PairModules, LeftoversAreListedOnBothSides) {
  Modules file = kNetwork;
  file.back().shape = {10, 9};
  file.back().name = "fc";
  EXPECT_THAT(
      error_of(ErrorKind::shape, [&] { pair_modules(file, kNetwork, {}, "a"); }),
      AllOf(HasSubstr("fc [10, 9]"), HasSubstr("dense1 [10, 8]"), HasSubstr("dense layers")));
  file = kNetwork;
  file.push_back({"extra", Kind::dense, {7, 7}});
  EXPECT_THAT(error_of(ErrorKind::shape, [&] { pair_modules(file, kNetwork, {}, "a"); }),
              HasSubstr("no place in the network: extra [7, 7]"));
  file = kNetwork;
  file.erase(file.begin());
  EXPECT_THAT(error_of(ErrorKind::shape, [&] { pair_modules(file, kNetwork, {}, "a"); }),
              AllOf(HasSubstr("convolutions"), HasSubstr("0 of weight shape [8, 1, 3, 3]")));
}

TEST(PairModules, AWrongMapIsToldWithTheNearestName) {
  const auto said = [&](const Pairs& given, ErrorKind kind = ErrorKind::usage) {
    return error_of(kind, [&] { pair_modules(kNetwork, kNetwork, given, "a"); });
  };
  EXPECT_THAT(said({{"cnv1", "conv1"}}), HasSubstr("did you mean 'conv1'"));
  EXPECT_THAT(said({{"conv1", "dense11"}}), HasSubstr("did you mean 'dense1'"));
  EXPECT_THAT(said({{"conv1", "conv1"}, {"conv2", "conv1"}}), HasSubstr("two modules"));
  EXPECT_THAT(said({{"conv1", "dense1"}}, ErrorKind::shape), HasSubstr("convolutions"));
}

}  // namespace
}  // namespace varphase::test
