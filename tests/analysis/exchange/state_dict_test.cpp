// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/exchange/state_dict.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoints/safetensors.hpp"
#include "tests/checkpoints/files.hpp"

namespace varphase::test {
namespace {

using testing::HasSubstr;

/// A pruned model with a dense and a convolutional layer; some kept weights are 0 themselves.
SparseModel pruned_model(const std::string& replace) {
  SparseModel model;
  model.config = R"({"network":{"input":[1,8,8]},"data":{},"train":{}})";
  model.epoch = 12;
  if (replace == "mean") model.threshold = 31.622776601683793;
  std::mt19937 generator(4);
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{7, 5}, {3, 2, 3, 3}}) {
    const auto count = static_cast<std::size_t>(shape.size() == 2 ? 35 : 54);
    std::vector<float> mean(count), variance(count);
    std::vector<std::uint8_t> keep(count);
    std::normal_distribution<float> normal;
    for (std::size_t i = 0; i < count; ++i) {
      keep[i] = generator() % 4 == 0 ? 1 : 0;
      mean[i] = i % 11 == 0 ? 0.0F : normal(generator);
      variance[i] = mean[i] * mean[i];
    }
    model.layers.push_back(make_pruned_layer(shape.size() == 2 ? "dense1" : "conv2", shape, replace,
                                             "layer", mean, variance, keep));
  }
  model.parameters = {normal_array("conv1/weight", {2, 1, 3, 3}, 1),
                      normal_array("batch_norm1/weight", {2}, 2)};
  model.buffers = {normal_array("batch_norm1/running_mean", {2}, 3),
                   normal_array("batch_norm1/running_var", {2}, 4)};
  model.provenance = {{"checkpoint", "runs/a/epoch_0012.h5"}, {"repair", "batch-norm"}};
  return model;
}

void expect_same_model(const SparseModel& got, const SparseModel& wanted) {
  EXPECT_EQ(got.config, wanted.config);
  EXPECT_EQ(got.epoch, wanted.epoch);
  EXPECT_EQ(std::memcmp(&got.threshold, &wanted.threshold, sizeof got.threshold), 0);
  EXPECT_EQ(got.provenance, wanted.provenance);
  ASSERT_EQ(got.layers.size(), wanted.layers.size());
  for (std::size_t i = 0; i < got.layers.size(); ++i) {
    const PrunedLayer &a = got.layers[i], &b = wanted.layers[i];
    EXPECT_EQ(a.layer, b.layer);
    EXPECT_EQ(a.shape, b.shape);
    EXPECT_EQ(a.replace, b.replace);
    EXPECT_EQ(a.parameterization, b.parameterization);
    EXPECT_EQ(a.mask, b.mask);
    const auto same_bits = [](const std::vector<float>& x, const std::vector<float>& y) {
      return x.size() == y.size() && std::memcmp(x.data(), y.data(), 4 * x.size()) == 0;
    };
    EXPECT_TRUE(same_bits(a.mean, b.mean));
    EXPECT_TRUE(same_bits(a.variance, b.variance));
  }
  const auto sorted = [](std::vector<Array> arrays) {
    std::sort(arrays.begin(), arrays.end(),
              [](const Array& a, const Array& b) { return a.name < b.name; });
    for (Array& array : arrays) array.dims = array.unit = "";
    return arrays;
  };
  expect_equal(sorted(got.parameters), sorted(wanted.parameters));
  expect_equal(sorted(got.buffers), sorted(wanted.buffers));
}

/// By way of a file.
TensorFile there_and_back(const TensorFile& file) {
  const TemporaryFolder folder;
  write_safetensors(folder / "a", file.arrays, file.metadata);
  return read_tensor_file(folder / "a");
}

TEST(StateDict, APrunedModelComesBackBitForBit) {
  for (const std::string replace : {"zero", "mean"}) {
    for (const SparseForm form : {SparseForm::dense, SparseForm::csr}) {
      const TensorFile file = there_and_back(state_dict(pruned_model(replace), form));
      EXPECT_EQ(state_dict_kind(file), "pruned");
      expect_same_model(sparse_model_from_state_dict(file, "a"), pruned_model(replace));
    }
  }
}

TEST(StateDict, TorchsOwnInt64IndicesAreTakenToo) {
  TensorFile file = state_dict(pruned_model("zero"), SparseForm::csr);
  for (Array& array : file.arrays) {
    if (array.type != ElementType::int32) continue;
    const auto narrow = array.as<std::int32_t>();
    array = make_array<std::int64_t>(array.name, array.shape,
                                     std::vector<std::int64_t>(narrow.begin(), narrow.end()));
  }
  expect_same_model(sparse_model_from_state_dict(file, "a"), pruned_model("zero"));
}

TEST(StateDict, ChangedSparseTensorsAreRefused) {
  const auto refusal = [](SparseForm form, const std::string& tensor, auto&& change) {
    TensorFile file = state_dict(pruned_model("zero"), form);
    const auto found = std::find_if(file.arrays.begin(), file.arrays.end(),
                                    [&](const Array& array) { return array.name == tensor; });
    EXPECT_NE(found, file.arrays.end()) << tensor;
    change(file, *found);
    return error_of(ErrorKind::format, [&] { sparse_model_from_state_dict(file, "a.st"); });
  };
  const auto set = [](auto value, std::size_t at) {
    return [=](TensorFile&, Array& array) {
      std::memcpy(array.bytes.data() + at * sizeof value, &value, sizeof value);
    };
  };
  EXPECT_THAT(refusal(SparseForm::csr, "dense1.col_indices", set(std::int32_t{99}, 0)),
              HasSubstr("dense1"));
  EXPECT_THAT(refusal(SparseForm::csr, "dense1.crow_indices", set(std::int32_t{99}, 1)),
              HasSubstr("indptr"));
  EXPECT_THAT(refusal(SparseForm::csr, "dense1.variance_values", set(-1.0F, 0)),
              HasSubstr("never negative"));
  EXPECT_THAT(refusal(SparseForm::csr, "dense1.mean_values", set(std::nanf(""), 0)),
              HasSubstr("finite"));
  EXPECT_THAT(refusal(SparseForm::csr, "dense1.mean_values",
                      [](TensorFile&, Array& array) { array.name = "dense1.mean_vals"; }),
              HasSubstr("dense1.mean_values is missing"));
  EXPECT_THAT(refusal(SparseForm::csr, "dense1.mean_values",
                      [](TensorFile& file, Array&) {
                        file.metadata["varphase.layers"] = R"([{"layer":"dense1"}])";
                      }),
              HasSubstr("varphase.layers"));
  EXPECT_THAT(refusal(SparseForm::csr, "dense1.mean_values",
                      [](TensorFile& file, Array&) { file.metadata.erase("varphase.config"); }),
              HasSubstr("varphase.config"));
  const auto dropped = [](Array& mask) {
    std::size_t at = 0;
    while (mask.as<std::uint8_t>()[at] != 0) ++at;
    return at;
  };
  EXPECT_THAT(refusal(SparseForm::dense, "dense1.mask",
                      [&](TensorFile& file, Array& mask) {
                        for (Array& array : file.arrays) {
                          if (array.name == "dense1.variance")
                            set(1.0F, dropped(mask))(file, array);
                        }
                      }),
              HasSubstr("not 0"));
  EXPECT_THAT(refusal(SparseForm::dense, "dense1.mask",
                      [&](TensorFile&, Array& mask) { mask.bytes[dropped(mask)] = std::byte{1}; }),
              HasSubstr("kept"));
}

/// A file's bytes with one to three places changed, or cut.
std::string mutated(std::string bytes, std::mt19937& generator, bool cut = true) {
  const std::string digits = "0123456789[]{}\\\",:-.eFI";
  for (std::size_t edit = 0; edit < 1 + generator() % 3; ++edit) {
    const std::size_t at = generator() % bytes.size();
    switch (cut ? generator() % 4 : 2 * (generator() % 2)) {
      case 0:
        bytes[at] = digits[generator() % digits.size()];
        break;
      case 1:
        bytes.resize(std::max<std::size_t>(1, at));
        break;
      default:
        bytes[at] ^= static_cast<char>(1U << (generator() % 8));
    }
  }
  return bytes;
}

/// Whether a model that was read is what its file holds: written again, the tensors are the same.
bool holds(const SparseModel& model, const TensorFile& file, SparseForm form) {
  const TensorFile again = state_dict(model, form);
  if (again.arrays.size() != file.arrays.size()) return false;
  return std::all_of(again.arrays.begin(), again.arrays.end(), [&](const Array& array) {
    const auto same = std::find_if(file.arrays.begin(), file.arrays.end(),
                                   [&](const Array& read) { return read.name == array.name; });
    return same != file.arrays.end() && same->shape == array.shape && same->type == array.type &&
           same->bytes == array.bytes;
  });
}

TEST(StateDict, TwentyThousandMutatedSparseTensorFilesAreReadRightOrRefused) {
  std::mt19937 generator(5);
  int read_right = 0, refused = 0;
  for (const SparseForm form : {SparseForm::csr, SparseForm::dense}) {
    const TensorFile good = state_dict(pruned_model("zero"), form);
    const TemporaryFolder folder;
    write_safetensors(folder / "a", good.arrays, good.metadata);
    const std::string bytes = read_bytes(folder / "a");
    for (int i = 0; i < 10'000; ++i) {
      const std::string other = mutated(bytes, generator);
      try {
        const TensorFile file = parse_safetensors(std::as_bytes(std::span(other)), "a");
        ASSERT_TRUE(holds(sparse_model_from_state_dict(file, "a"), file, form)) << i;
        ++read_right;
      } catch (const Error& error) {
        // Or a number that no network computes with, such as a negative variance.
        ASSERT_TRUE(error.kind() == ErrorKind::format || error.kind() == ErrorKind::numeric)
            << error.what();
        ++refused;
      }
    }
  }
  EXPECT_GT(read_right, 500);  // other weights, other texts
  EXPECT_GT(refused, 5'000);
}

TEST(StateDict, NoneOfTwentyThousandMutatedPrunedFilesIsTaken) {
  const TemporaryFolder folder;
  write_document(folder / "a.h5", to_document(pruned_model("zero")));
  const std::string bytes = read_bytes(folder / "a.h5");
  std::mt19937 generator(6);
  for (int i = 0; i < 20'000; ++i) {
    // Cut files are damage_test's; files of one length are written in place, without the disk.
    const std::string other = mutated(bytes, generator, false);
    if (other == bytes) continue;
    write_bytes(folder / "b.h5", other);
    try {
      read_document(folder / "b.h5", "pruned");
      FAIL() << "mutation " << i << " was read";
    } catch (const Error& error) {
      ASSERT_EQ(static_cast<int>(error.kind()), static_cast<int>(ErrorKind::format))
          << error.what();
    }
  }
}

TEST(StateDict, ACheckpointHasTorchsNamesAndKeepsWhatBelongsToIt) {
  const Snapshot snapshot = small_snapshot(3);
  const TensorFile file = there_and_back(state_dict(snapshot));
  EXPECT_EQ(state_dict_kind(file), "checkpoint");
  std::vector<std::string> names;
  for (const Array& array : file.arrays) names.push_back(array.name);
  EXPECT_THAT(names, testing::UnorderedElementsAre("conv1.weight", "dense1.mean",
                                                   "dense1.log_alpha", "batch_norm1.running_mean",
                                                   "batch_norm1.num_batches_tracked"));
  const Snapshot back = snapshot_from_metadata(file, "a");
  EXPECT_EQ(back.epoch, snapshot.epoch);
  EXPECT_EQ(back.step, snapshot.step);
  EXPECT_EQ(back.config, snapshot.config);
  EXPECT_EQ(back.metrics, snapshot.metrics);
  EXPECT_EQ(back.provenance, snapshot.provenance);
}

}  // namespace
}  // namespace varphase::test
