// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "src/data/describe.hpp"
#include "tools/app/dataset_files.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {

int run_data(const Options& options) {
  DataConfig config;
  set_reading_fields(config, options);
  config.data = options.data;
  config.validation = options.validation;
  config.labels = options.labels;
  config.skip_damaged = options.skip_damaged;
  DataRequest request = data_request(config);
  request.threads = static_cast<unsigned>(options.threads);
  const Dataset dataset = read_dataset(request);
  if (options.json) {
    print_json(describe(dataset));
  } else {
    print_out("{}", description_text(dataset));
  }
  return kSuccess;
}

}  // namespace varphase
