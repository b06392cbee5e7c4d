// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <stdlib.h>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "checkpoints/document.hpp"
#include "checkpoints/sealed_file.hpp"
#include "src/base/error.hpp"
#include "src/base/snapshot.hpp"
#include "tests/checkpoints/same_document.hpp"
#include "tests/support/temporary_folder.hpp"

namespace varphase::test {

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  // In place where the size stays: truncating makes some file systems wait for the disk.
  std::error_code missing;
  const bool in_place = std::filesystem::file_size(path, missing) == bytes.size();
  std::ofstream file(path, std::ios::binary | (in_place ? std::ios::in : std::ios::trunc));
  file << bytes;
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path.string());
}

/// A file whose HDF5 part is `hdf5`, with the trailer that belongs to it.
inline std::string seal(const std::string& hdf5, std::uint32_t format = kFormatVersion) {
  const Trailer trailer = make_trailer(std::as_bytes(std::span(hdf5)), format);
  return hdf5 + std::string(reinterpret_cast<const char*>(trailer.data()), trailer.size());
}

inline std::string without_trailer(const std::string& file) {
  return file.substr(0, file.size() - kTrailerBytes);
}

inline Array normal_array(const std::string& name, std::vector<std::int64_t> shape, unsigned seed) {
  Array array{name, ElementType::float32, std::move(shape), {}, "out,in", "1"};
  std::vector<float> values(static_cast<std::size_t>(array.count()));
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  const bool variance = name.ends_with("running_var");
  for (float& value : values) value = variance ? std::abs(normal(generator)) : normal(generator);
  array.bytes.resize(values.size() * sizeof(float));
  if (!values.empty()) std::memcpy(array.bytes.data(), values.data(), array.bytes.size());
  return array;
}

/// A checkpoint of a small network: `weights` entries in its largest layer.
inline Snapshot small_snapshot(std::int64_t epoch, std::int64_t weights = 600) {
  Snapshot snapshot;
  snapshot.epoch = epoch;
  snapshot.step = 120 * epoch;
  snapshot.config = R"({"network":{"input":[1,28,28],"classes":10},"epochs":24})";
  snapshot.provenance = {{"version", "0.1.0"}, {"command", "varphase train"}};
  snapshot.metrics = {{"nll", 0.25 * static_cast<double>(epoch)}, {"accuracy_ensemble", 0.86}};
  const auto seed = static_cast<unsigned>(epoch);
  snapshot.parameters = {normal_array("conv1/weight", {5, 1, 3, 3}, seed + 1),
                         normal_array("dense1/mean", {10, weights / 10}, seed + 2),
                         normal_array("dense1/log_alpha", {}, seed + 3)};
  snapshot.buffers = {normal_array("batch_norm1/running_mean", {5}, seed + 4)};
  for (const Array& parameter : snapshot.parameters) {
    for (const char* moment : {"/exp_avg", "/exp_avg_sq"}) {
      snapshot.optimizer.push_back(
          normal_array(parameter.name + moment, parameter.shape, seed + 5));
    }
  }
  return snapshot;
}

inline void expect_equal(const Array& got, const Array& wanted) {
  EXPECT_EQ(got.name, wanted.name);
  EXPECT_EQ(got.type, wanted.type) << wanted.name;
  EXPECT_EQ(got.shape, wanted.shape) << wanted.name;
  EXPECT_EQ(got.dims, wanted.dims) << wanted.name;
  EXPECT_EQ(got.unit, wanted.unit) << wanted.name;
  EXPECT_TRUE(got.bytes == wanted.bytes) << wanted.name;  // bits: NaN equals itself
}

inline void expect_equal(const std::vector<Array>& got, const std::vector<Array>& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) expect_equal(got[i], wanted[i]);
}

/// The message of the Error of this kind that `act` must throw; "" and a failed test where it
/// throws none.
template <class Act>
std::string error_of(ErrorKind kind, Act&& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(kind)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

}  // namespace varphase::test
