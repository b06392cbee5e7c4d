// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/error.hpp"
#include "src/data/describe.hpp"
#include "tools/dataset_files.hpp"
#include "tools/verbs/verbs.hpp"

namespace varphase {

int run_data(const Options& options) {
  const Dataset dataset = read_dataset(
      {options.data, options.validation, 0, 0, label_kind_from_name(options.labels),
       options.skip_damaged, static_cast<unsigned>(options.threads), &hdf5_dataset_files()});
  if (options.json) {
    fmt::print("{}\n", describe(dataset).dump(2));
  } else {
    fmt::print("{}", description_text(dataset));
  }
  return kSuccess;
}

}  // namespace varphase
