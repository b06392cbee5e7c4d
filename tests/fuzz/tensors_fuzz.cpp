// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
// safetensors, NPZ and NPY files, and what import makes of our own exports.
#include <cstring>

#include "analysis/exchange/state_dict.hpp"
#include "checkpoints/npz.hpp"
#include "checkpoints/safetensors.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "tests/fuzz/memory_file.hpp"

namespace varphase::test {
namespace {

void check_round_trip(const TensorFile& file) {
  for (const Array& array : file.arrays)
    must(array.bytes.size() == static_cast<std::size_t>(array.count()) * element_size(array.type));
  std::string bytes;
  if (!reads([&] { bytes = safetensors_header(file.arrays, file.metadata); })) return;
  // The header says where each array's bytes belong: theirs, in the order of its offsets.
  const TensorFile order = [&] {
    std::size_t total = 0;
    for (const Array& array : file.arrays) total += array.bytes.size();
    const std::string empty = bytes + std::string(total, '\0');
    return parse_safetensors(std::as_bytes(std::span(empty)), "again");
  }();
  for (const Array& placed : order.arrays) {
    for (const Array& array : file.arrays) {
      if (array.name == placed.name)
        bytes.append(reinterpret_cast<const char*>(array.bytes.data()), array.bytes.size());
    }
  }
  const TensorFile again = parse_safetensors(std::as_bytes(std::span(bytes)), "again");
  must(again.arrays.size() == file.arrays.size());
  for (const Array& placed : again.arrays) {
    for (const Array& array : file.arrays) {
      if (array.name != placed.name) continue;
      must(array.shape == placed.shape && array.type == placed.type && array.bytes == placed.bytes);
    }
  }
}

}  // namespace
}  // namespace varphase::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace varphase;
  using namespace varphase::test;
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  TensorFile file;
  const std::string_view npy("\x93NUMPY");
  if (size >= npy.size() && std::memcmp(data, npy.data(), npy.size()) == 0) {
    const MemoryFile disk(data, size);
    reads([&] {
      const Array array = read_npy(disk.path(), "x");
      must(array.bytes.size() ==
           static_cast<std::size_t>(array.count()) * element_size(array.type));
    });
    return 0;
  }
  const bool zip = size >= 2 && data[0] == 'P' && data[1] == 'K';
  if (!reads([&] { file = zip ? parse_npz(bytes, "x") : parse_safetensors(bytes, "x"); })) return 0;
  if (zip) {
    const MemoryFile disk(data, size);
    const std::vector<std::vector<std::string>> wanted{{"x_train", "images", "dense1.weight"},
                                                       {"y_train", "dense1.bias"}};
    reads([&] { read_npz_arrays(disk.path(), wanted, {}); });
  }
  // JSON that is no UTF-8 is refused before, so that names survive.
  check_round_trip(file);
  reads([&] { check_snapshot(snapshot_from_metadata(file, "x"), "x"); });
  reads([&] { to_document(sparse_model_from_state_dict(file, "x")); });
  return 0;
}
