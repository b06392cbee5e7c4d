// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/sparse/sparse_model.hpp"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <random>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Random effective weights; the same for the same seed.
struct Weights {
  std::vector<float> mean;
  std::vector<float> variance;
  std::vector<std::uint8_t> keep;

  Weights(std::size_t count, unsigned share_in_ten, unsigned seed) {
    std::mt19937 random(seed);
    for (std::size_t i = 0; i < count; ++i) {
      mean.push_back(static_cast<float>(random()) / 4e9F - 0.5F);
      variance.push_back(static_cast<float>(random()) / 4e9F);
      keep.push_back(random() % 10 < share_in_ten ? 1 : 0);
    }
  }
};

const std::vector<std::int64_t> kDenseShape{5, 7};
const std::vector<std::int64_t> kConvShape{3, 2, 2, 2};

SparseModel model_of(const std::string& replace) {
  const Weights dense(35, 3, 1);
  const Weights conv(24, 5, 2);
  SparseModel model;
  model.config = R"({"network": {"classes": 10}})";
  model.epoch = 12;
  model.threshold = 31.6;
  model.layers = {make_pruned_layer("dense1", kDenseShape, replace, "layer", dense.mean,
                                    dense.variance, dense.keep),
                  make_pruned_layer("conv2", kConvShape, replace, "additive", conv.mean,
                                    conv.variance, conv.keep)};
  const std::vector<float> bias{1, 2, 3};
  const std::vector<std::int64_t> batches{120};
  model.parameters = {make_array<float>("dense2/bias", {3}, bias, "out")};
  model.buffers = {make_array<float>("norm1/running_var", {3}, bias, "channel"),
                   make_array<std::int64_t>("norm1/batches", {}, batches)};
  model.provenance = {{"checkpoint", "runs/a/checkpoints/epoch_0012.h5"}, {"criterion", "kappa"}};
  return model;
}

Array& array_of(Document& document, const std::string& name) {
  for (Array& array : document.arrays) {
    if (array.name == name) return array;
  }
  fail(ErrorKind::usage, "the test's document has no {}", name);
}

Attribute& attribute_of(Document& document, const std::string& name) {
  for (auto& [key, value] : document.attributes) {
    if (key == name) return value;
  }
  fail(ErrorKind::usage, "the test's document has no attribute {}", name);
}

template <class T>
void set_entry(Document& document, const std::string& name, std::size_t entry, T value) {
  Array& array = array_of(document, name);
  if ((entry + 1) * sizeof(T) > array.bytes.size()) fail(ErrorKind::usage, "{} is short", name);
  std::memcpy(array.bytes.data() + entry * sizeof(T), &value, sizeof(T));
}

/// Changes one value of one row of the attribute `layers`.
void set_row(Document& document, const std::string& key, const Json& value) {
  Attribute& attribute = attribute_of(document, "layers");
  Json rows = Json::parse(std::get<std::string>(attribute));
  rows[0][key] = value;
  attribute = rows.dump();
}

class EveryRule : public testing::TestWithParam<std::string> {};

TEST_P(EveryRule, EffectiveWeightsFollowTheTableOfMasks) {
  const Weights weights(35, 3, 1);
  const PrunedLayer layer = make_pruned_layer("dense1", kDenseShape, GetParam(), "layer",
                                              weights.mean, weights.variance, weights.keep);
  const EffectiveWeights effective = effective_weights(layer);
  ASSERT_EQ(effective.mean.size(), 35U);
  for (std::size_t i = 0; i < 35; ++i) {
    const bool kept = weights.keep[i] != 0;
    EXPECT_EQ(effective.mean[i], kept || GetParam() == "mean" ? weights.mean[i] : 0.0F);
    EXPECT_EQ(effective.variance[i], kept ? weights.variance[i] : 0.0F);
  }
  EXPECT_EQ(layer.kept(), std::count(weights.keep.begin(), weights.keep.end(), 1));
  EXPECT_DOUBLE_EQ(layer.sparsity(), 1 - static_cast<double>(layer.kept()) / 35);
}

TEST_P(EveryRule, CsrFormsHoldWhatIsKept) {
  const Weights weights(24, 5, 2);
  const PrunedLayer layer = make_pruned_layer("conv2", kConvShape, GetParam(), "layer",
                                              weights.mean, weights.variance, weights.keep);
  const CsrMatrix wanted = csr_from_dense(3, 8, weights.mean, weights.keep);
  EXPECT_EQ(kept_means(layer), wanted.values);
  const CsrMatrix variances = csr_variances(layer);
  EXPECT_EQ(variances.indptr, wanted.indptr);
  EXPECT_EQ(variances.indices, wanted.indices);
  EXPECT_EQ(variances.values, csr_from_dense(3, 8, weights.variance, weights.keep).values);
}

TEST_P(EveryRule, ProvenanceIsReadByItsOlderNamesToo) {
  const SparseModel model = model_of(GetParam());
  Document document = to_document(model);
  int renamed = 0;
  for (auto& [name, value] : document.attributes) {
    if (name.rfind("provenance.", 0) != 0) continue;
    name.replace(0, 11, "provenance_");
    ++renamed;
  }
  EXPECT_EQ(renamed, 2);
  EXPECT_EQ(sparse_model_from_document(document, "a.h5").provenance, model.provenance);
}

TEST_P(EveryRule, ADocumentAndBackIsTheSameModel) {
  const SparseModel model = model_of(GetParam());
  const SparseModel back = sparse_model_from_document(to_document(model), "a.h5");
  EXPECT_EQ(back.config, model.config);
  EXPECT_EQ(back.epoch, 12);
  EXPECT_EQ(back.threshold, 31.6);
  EXPECT_EQ(back.provenance, model.provenance);
  ASSERT_EQ(back.layers.size(), 2U);
  for (std::size_t l = 0; l < 2; ++l) {
    EXPECT_EQ(back.layers[l].layer, model.layers[l].layer);
    EXPECT_EQ(back.layers[l].shape, model.layers[l].shape);
    EXPECT_EQ(back.layers[l].replace, GetParam());
    EXPECT_EQ(back.layers[l].parameterization, model.layers[l].parameterization);
    EXPECT_EQ(back.layers[l].mask, model.layers[l].mask);
    EXPECT_EQ(back.layers[l].mean, model.layers[l].mean);
    EXPECT_EQ(back.layers[l].variance, model.layers[l].variance);
  }
  ASSERT_EQ(back.parameters.size(), 1U);
  EXPECT_EQ(back.parameters[0].name, "dense2/bias");
  EXPECT_EQ(back.parameters[0].dims, "out");
  EXPECT_EQ(back.parameters[0].bytes, model.parameters[0].bytes);
  ASSERT_EQ(back.buffers.size(), 2U);
  EXPECT_EQ(back.buffers[1].name, "norm1/batches");
}

TEST_P(EveryRule, OneAlphaStandsForItsVariances) {
  for (const float alpha : {2057.3F, 1e-3F, 0.7F}) {
    Weights weights(35, 5, 3);
    for (std::size_t i = 0; i < weights.mean.size(); ++i) {
      const float square = weights.mean[i] * weights.mean[i];
      weights.variance[i] = alpha * square;
    }
    const auto made = [&] {
      SparseModel model = model_of(GetParam());
      model.layers = {make_pruned_layer("dense1", kDenseShape, GetParam(), "layer", weights.mean,
                                        weights.variance, weights.keep)};
      return model;
    };
    const SparseModel model = made();
    Document document = to_document(model);
    ASSERT_NE(document.find_array("layers/dense1/alpha"), nullptr);
    EXPECT_EQ(document.find_array("layers/dense1/variance"), nullptr);
    EXPECT_EQ(sparse_model_from_document(document, "a.h5").layers[0].variance,
              model.layers[0].variance);
    std::int64_t bytes = 0;
    for (const Array& array : document.arrays)
      bytes += static_cast<std::int64_t>(array.bytes.size());
    EXPECT_EQ(stored_bytes(model), bytes);
    for (const float bad :
         {-1.0F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      Document other = document;
      set_entry(other, "layers/dense1/alpha", 0, bad);
      EXPECT_THROW(sparse_model_from_document(other, "a.h5"), Error) << bad;
    }
    document.arrays.push_back(make_array<float>("layers/dense1/variance", {model.layers[0].kept()},
                                                model.layers[0].variance));
    EXPECT_THROW(sparse_model_from_document(document, "a.h5"), Error);
    // One variance off by a unit in its last place: all are written.
    const auto kept = std::find(weights.keep.begin(), weights.keep.end(), 1) - weights.keep.begin();
    float& off = weights.variance[static_cast<std::size_t>(kept)];
    off = std::nextafter(off, 0.0F);
    EXPECT_EQ(to_document(made()).find_array("layers/dense1/alpha"), nullptr);
  }
}

TEST_P(EveryRule, StatedBytesAreThoseOfTheArrays) {
  for (const unsigned share : {0U, 1U, 5U, 10U}) {
    const Weights weights(35, share, 3);
    SparseModel model = model_of(GetParam());
    model.layers = {make_pruned_layer("dense1", kDenseShape, GetParam(), "layer", weights.mean,
                                      weights.variance, weights.keep)};
    const Document document = to_document(model);
    std::int64_t layer = 0;
    std::int64_t all = 0;
    for (const Array& array : document.arrays) {
      const auto bytes = static_cast<std::int64_t>(array.bytes.size());
      all += bytes;
      if (array.name.rfind("layers/", 0) == 0) layer += bytes;
    }
    EXPECT_EQ(stored_bytes(GetParam(), kDenseShape, model.layers[0].kept(), false), layer);
    EXPECT_EQ(stored_bytes(model), all);
    EXPECT_EQ(dense_bytes(model), 35 * 4 + all - layer);
    EXPECT_EQ(sparse_model_from_document(document, "a.h5").layers[0].mask, model.layers[0].mask);
  }
}

TEST_P(EveryRule, SharesOfLayerAndNetwork) {
  const SparseModel model = model_of(GetParam());
  const auto kept = static_cast<double>(model.layers[0].kept() + model.layers[1].kept());
  EXPECT_EQ(model.network_weights(), 35 + 24 + 3);
  EXPECT_DOUBLE_EQ(model.sparsity(), (59 - kept) / 62);
  EXPECT_EQ(compression(0.75), 4);
  EXPECT_NEAR(compression(0.98), 50, tolerance::kDoubleBackward);
  EXPECT_TRUE(std::isinf(compression(1)));
  EXPECT_EQ(&model.layer("conv2"), &model.layers[1]);
  EXPECT_THROW(model.layer("conv1"), Error);
}

TEST_P(EveryRule, WithoutAThresholdThereIsNoAttribute) {
  SparseModel model = model_of(GetParam());
  model.threshold = std::numeric_limits<double>::quiet_NaN();
  const Document document = to_document(model);
  for (const auto& [name, value] : document.attributes) EXPECT_NE(name, "threshold");
  EXPECT_TRUE(std::isnan(sparse_model_from_document(document, "a.h5").threshold));
}

TEST_P(EveryRule, EveryTruncatedOrForeignArrayIsRefused) {
  const Document whole = to_document(model_of(GetParam()));
  for (std::size_t a = 0; a < whole.arrays.size(); ++a) {
    const std::vector<std::function<void(Document&)>> faults{
        [a](Document& d) { d.arrays[a].bytes.pop_back(); },
        [a](Document& d) { d.arrays[a].bytes.clear(); },
        [a](Document& d) { d.arrays[a].bytes.push_back(std::byte{0}); },
        [a](Document& d) { d.arrays[a].shape.push_back(2); },
        [a](Document& d) { d.arrays[a].shape.assign(2, std::int64_t{1} << 62); },
        [a](Document& d) { d.arrays[a].shape.assign(1, -1); },
        [a](Document& d) { d.arrays.push_back(d.arrays[a]); },
        [a](Document& d) { d.arrays[a].name += "x/y"; },
        [a](Document& d) { d.arrays[a].name = "elsewhere"; }};
    for (std::size_t f = 0; f < faults.size(); ++f) {
      Document document = whole;
      faults[f](document);
      try {
        sparse_model_from_document(document, "a.h5");
        ADD_FAILURE() << whole.arrays[a].name << ", fault " << f << " was not seen";
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::format) << error.what();
        EXPECT_THAT(error.what(), HasSubstr("a.h5"));
      }
    }
  }
}

TEST_P(EveryRule, LayerArraysCannotBeLeftOut) {
  const Document whole = to_document(model_of(GetParam()));
  for (std::size_t a = 0; a < whole.arrays.size(); ++a) {
    if (whole.arrays[a].name.rfind("layers/", 0) != 0) continue;
    Document document = whole;
    document.arrays.erase(document.arrays.begin() + static_cast<long>(a));
    EXPECT_THROW(sparse_model_from_document(document, "a.h5"), Error) << whole.arrays[a].name;
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, EveryRule, testing::Values("mean", "zero"),
                         [](const auto& rule) { return rule.param; });

struct Fault {
  const char* name;
  const char* replace;
  const char* message;
  std::function<void(Document&)> make;
};

TEST(PrunedDocument, EveryContradictionIsNamed) {
  const std::vector<Fault> faults{
      {"kind", "zero", "is a kappa map, wants a pruned file",
       [](Document& d) { d.kind = "kappa"; }},
      {"config", "zero", "config",
       [](Document& d) { attribute_of(d, "config") = std::string("{"); }},
      {"config type", "zero", "config", [](Document& d) { attribute_of(d, "config") = 1.0; }},
      {"config list", "zero", "config",
       [](Document& d) { attribute_of(d, "config") = std::string("[1]"); }},
      {"epoch", "zero", "epoch -1",
       [](Document& d) { attribute_of(d, "epoch") = std::int64_t{-1}; }},
      {"threshold", "zero", "threshold",
       [](Document& d) { attribute_of(d, "threshold") = std::nan(""); }},
      {"threshold", "zero", "threshold",
       [](Document& d) { attribute_of(d, "threshold") = HUGE_VAL; }},
      {"rows", "zero", "layers",
       [](Document& d) { attribute_of(d, "layers") = std::string("{}"); }},
      {"rows", "zero", "layers",
       [](Document& d) { attribute_of(d, "layers") = std::string("[7]"); }},
      {"rows", "zero", "layers",
       [](Document& d) { attribute_of(d, "layers") = std::string("[{}]"); }},
      {"name", "zero", "no name", [](Document& d) { set_row(d, "layer", "../x"); }},
      {"rule", "zero", "'zeros'", [](Document& d) { set_row(d, "replace", "zeros"); }},
      {"other rule", "zero", "mask", [](Document& d) { set_row(d, "replace", "mean"); }},
      {"other rule", "mean", "mean", [](Document& d) { set_row(d, "replace", "zero"); }},
      {"kept", "zero", "kept", [](Document& d) { set_row(d, "kept", 3); }},
      {"kept", "mean", "kept", [](Document& d) { set_row(d, "kept", 3); }},
      {"rank", "zero", "2 to 4", [](Document& d) { set_row(d, "shape", {35}); }},
      {"huge", "zero", "at most",
       [](Document& d) {
         set_row(d, "shape", {1LL << 40, 1LL << 40});
       }},
      {"negative", "zero", "positive",
       [](Document& d) {
         set_row(d, "shape", {-5, -7});
       }},
      {"rows of indptr", "zero", "indptr",
       [](Document& d) {
         set_row(d, "shape", {7, 5});
       }},
      {"fewer columns", "zero", "wants",
       [](Document& d) {
         set_row(d, "shape", {5, 2});
       }},
      {"transposed", "mean", "shape",
       [](Document& d) {
         set_row(d, "shape", {7, 5});
       }},
      {"index", "zero", "index 7",
       [](Document& d) { set_entry<std::int32_t>(d, "layers/dense1/indices", 0, 7); }},
      {"index", "zero", "index -1",
       [](Document& d) { set_entry<std::int32_t>(d, "layers/dense1/indices", 1, -1); }},
      {"indptr", "zero", "indptr",
       [](Document& d) { set_entry<std::int32_t>(d, "layers/dense1/indptr", 2, 1 << 30); }},
      {"NaN mean", "zero", "finite",
       [](Document& d) { set_entry(d, "layers/dense1/mean", 2, kNaN); }},
      {"infinite mean", "mean", "finite",
       [](Document& d) { set_entry(d, "layers/dense1/mean", 30, kInfinity); }},
      {"NaN variance", "mean", "finite",
       [](Document& d) { set_entry(d, "layers/conv2/variance", 0, kNaN); }},
      {"negative variance", "zero", "never negative",
       [](Document& d) { set_entry(d, "layers/conv2/variance", 0, -1e-9F); }},
      {"NaN parameter", "zero", "finite",
       [](Document& d) { set_entry(d, "parameters/dense2/bias", 0, kNaN); }},
      {"unused bits", "mean", "beyond",
       [](Document& d) {
         // Bit 35 instead of a bit that is set, so that the count still agrees.
         auto& mask = array_of(d, "layers/dense1/mask").bytes;
         for (std::byte& byte : mask) {
           if (byte == std::byte{0}) continue;
           byte &= static_cast<std::byte>(std::to_integer<unsigned>(byte) - 1U);
           break;
         }
         mask.back() |= std::byte{1 << 3};
       }},
      {"a bit more", "mean", "kept",
       [](Document& d) { array_of(d, "layers/dense1/mask").bytes[0] ^= std::byte{1}; }},
      {"parameter name", "zero", "no name",
       [](Document& d) { array_of(d, "parameters/dense2/bias").name = "parameters//bias"; }},
      {"parameter name", "zero", "such as",
       [](Document& d) { array_of(d, "parameters/dense2/bias").name = "parameters/bias"; }},
  };
  for (const Fault& fault : faults) {
    Document document = to_document(model_of(fault.replace));
    fault.make(document);
    try {
      sparse_model_from_document(document, "a.h5");
      ADD_FAILURE() << "not seen: " << fault.name << ", " << fault.message;
    } catch (const Error& error) {
      const bool number = std::string_view(fault.name) == "NaN parameter";
      EXPECT_EQ(error.kind(), number ? ErrorKind::numeric : ErrorKind::format) << fault.name;
      EXPECT_THAT(error.what(), HasSubstr(fault.message)) << fault.name;
      EXPECT_THAT(error.what(), HasSubstr("a.h5")) << fault.name;
    }
  }
}

TEST(PrunedLayer, WhatCannotBePackedIsRefused) {
  const std::vector<float> two{1, 2};
  const std::vector<std::uint8_t> keep{1, 0};
  const auto make = [&](const std::string& rule, const std::vector<std::int64_t>& shape,
                        const std::vector<float>& mean, const std::vector<float>& variance) {
    try {
      make_pruned_layer("d", shape, rule, "layer", mean, variance, keep);
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::io;  // stands for: none was thrown
  };
  EXPECT_EQ(make("zero", {1, 2}, two, two), ErrorKind::io);
  EXPECT_EQ(make("nought", {1, 2}, two, two), ErrorKind::usage);
  EXPECT_EQ(make("zero", {2, 2}, two, two), ErrorKind::shape);
  EXPECT_EQ(make("zero", {2}, two, two), ErrorKind::shape);
  EXPECT_EQ(make("zero", {1, 2}, {kNaN, 1}, two), ErrorKind::numeric);
  EXPECT_EQ(make("zero", {1, 2}, two, {-1, 1}), ErrorKind::numeric);
  // What the rule drops is not looked at.
  EXPECT_EQ(make("zero", {1, 2}, {1, kNaN}, {1, -1}), ErrorKind::io);
  EXPECT_EQ(make("mean", {1, 2}, {1, kNaN}, two), ErrorKind::numeric);
}

TEST(SparseModelFile, AFileAndBackIsTheSameModelAlsoWhereNothingIsKept) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / fmt::format("varphase_pruned_{}.h5", ::getpid());
  for (const std::string replace : {"mean", "zero"}) {
    for (const unsigned share : {0U, 3U, 10U}) {
      const Weights weights(35, share, 4);
      SparseModel model = model_of(replace);
      model.layers[0] = make_pruned_layer("dense1", kDenseShape, replace, "layer", weights.mean,
                                          weights.variance, weights.keep);
      const std::int64_t bytes = write_document(path, to_document(model));
      EXPECT_GT(bytes, stored_bytes(model));
      const SparseModel back = sparse_model_from_document(read_document(path, "pruned"), "a.h5");
      EXPECT_EQ(back.layers[0].mask, model.layers[0].mask);
      EXPECT_EQ(back.layers[0].mean, model.layers[0].mean);
      EXPECT_EQ(back.layers[0].variance, model.layers[0].variance);
      EXPECT_EQ(back.parameters[0].bytes, model.parameters[0].bytes);
      EXPECT_EQ(back.buffers[1].shape, model.buffers[1].shape);
    }
  }
  std::filesystem::remove(path);
}

TEST(SparseModelFile, TwoLayersOfOneNameAreNotWritten) {
  SparseModel model = model_of("zero");
  model.layers.push_back(model.layers.front());
  EXPECT_THROW(to_document(model), Error);
  model = model_of("zero");
  model.parameters.push_back(model.parameters.front());
  EXPECT_THROW(to_document(model), Error);
  model = model_of("zero");
  model.layers[0].variance.pop_back();
  EXPECT_THROW(to_document(model), Error);
}

TEST(StoredBytes, OfTheUsualLayer) {
  // 500 x 800 at 98 %: 8,000 kept.
  EXPECT_EQ(stored_bytes("zero", {500, 800}, 8000, false), 501 * 4 + 3 * 8000 * 4);
  EXPECT_EQ(stored_bytes("zero", {500, 800}, 8000, true), 501 * 4 + 2 * 8000 * 4 + 4);
  EXPECT_EQ(stored_bytes("mean", {500, 800}, 8000, false), 50000 + 400000 * 4 + 8000 * 4);
  EXPECT_THROW(stored_bytes("zero", {5, 7}, 36, false), Error);
}

}  // namespace
}  // namespace varphase::test
