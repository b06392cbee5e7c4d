// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/inspect.hpp"

#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {

int run_inspect(const Options& options) {
  Json list = Json::array();
  for (const std::string& path : options.paths) {
    const FileDescription description = describe_file(path, options.statistics);
    if (options.json) {
      list.push_back(description_json(description));
    } else {
      print_out("{}", description_text(description, options.wide));
    }
  }
  if (options.json) print_json(list);
  return kSuccess;
}

}  // namespace varphase
