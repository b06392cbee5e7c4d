// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
// Users' HDF5 files, which the library reads in a child process: whatever it does to that, the
// parent goes on, in time.
#include "checkpoints/hdf5_foreign.hpp"
#include "tests/fuzz/memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace varphase;
  const test::MemoryFile file(data, size);
  const std::vector<std::vector<std::string>> wanted{{"train/images"}, {"train/labels"}};
  test::reads([&] {
    for (const auto& array : read_foreign_arrays(file.path(), wanted, {})) {
      test::must(!array || array->bytes.size() == static_cast<std::size_t>(array->count()) *
                                                      element_size(array->type));
    }
  });
  return 0;
}
