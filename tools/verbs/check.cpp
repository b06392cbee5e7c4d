// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/check.hpp"

#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "src/base/text_table.hpp"
#include "tools/verbs/verbs.hpp"

namespace varphase {

int run_check(const Options& options) {
  Json list = Json::array();
  std::int64_t whole = 0, other = 0;
  for (const std::string& path : options.paths) {
    for (const CheckedFile& file : check_path(path)) {
      const bool good = file.state == FileState::whole;
      (good ? whole : other) += 1;
      if (options.json) {
        list.push_back({{"path", file.path.string()},
                        {"state", state_name(file.state)},
                        {"kind", file.kind},
                        {"why", file.why},
                        {"bytes", file.bytes}});
      } else {
        print_out("{:9}  {}{}\n", state_name(file.state), file.path.string(),
                  file.why.empty() ? "" : "\n           " + file.why);
      }
    }
  }
  if (options.json) {
    print_json(list);
  } else {
    print_out("{} whole, {} not\n", whole, other);
  }
  return other == 0 ? kSuccess : kFileError;
}

}  // namespace varphase
