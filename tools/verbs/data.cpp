// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/console.hpp"
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
    print_json(describe(dataset));
  } else {
    print_out("{}", description_text(dataset));
  }
  return kSuccess;
}

}  // namespace varphase
