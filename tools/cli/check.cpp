// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/check.hpp"

#include "analysis/kappa/kappa_map.hpp"
#include "analysis/sparse/sparse_model.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "src/base/text_table.hpp"
#include "src/train/train_config.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/cli/verbs.hpp"

namespace varphase {
namespace {

void check_config(const std::string& text, const std::string& path) {
  RunConfig config;
  try {
    assign_fields(config, parse_json(text, "JSON"));
  } catch (const Error& error) {
    fail(error.kind(), "{}: attribute config: {}", path, error.what());
  }
}

/// What the verbs that use a file refuse, as far as it can be said without its network.
CheckOptions reading_as_verbs_do() {
  CheckOptions options;
  options.readers = {{kCheckpointKind,
                      [](Document document, const std::string& path) {
                        const Snapshot snapshot = snapshot_from_document(std::move(document), path);
                        check_config(snapshot.config, path);
                        check_is_of_its_run(path, snapshot.config);
                      }},
                     {"pruned",
                      [](const Document& document, const std::string& path) {
                        check_config(sparse_model_from_document(document, path).config, path);
                      }},
                     {"kappa", [](const Document& document, const std::string& path) {
                        kappa_from_document(document, path);
                      }}};
  return options;
}

}  // namespace

int run_check(const Options& options) {
  Json list = Json::array();
  std::int64_t whole = 0, other = 0, temporary = 0;
  for (const std::string& path : options.paths) {
    for (const CheckedFile& file : check_path(path, reading_as_verbs_do())) {
      const bool good = file.state == FileState::whole;
      // What a writer left behind, or writes just now, is no damage.
      (good ? whole : file.state == FileState::temporary ? temporary : other) += 1;
      if (options.json) {
        list.push_back({{"path", text_of_bytes(file.path.string())},
                        {"state", state_name(file.state)},
                        {"kind", text_of_bytes(file.kind)},
                        {"why", terminal_text(file.why)},
                        {"bytes", file.bytes}});
      } else {
        print_out("{:9}  {}{}\n", state_name(file.state), shown(file.path),
                  file.why.empty() ? "" : "\n           " + file.why);
      }
    }
  }
  if (options.json) {
    print_json(list);
  } else {
    print_out("{} whole, {} not{}\n", whole, other,
              temporary == 0 ? "" : fmt::format(", {} temporary", temporary));
  }
  return other == 0 ? kSuccess : kFileError;
}

}  // namespace varphase
