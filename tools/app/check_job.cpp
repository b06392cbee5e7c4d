// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/check_job.hpp"

#include "analysis/kappa/kappa_map.hpp"
#include "analysis/sparse/sparse_model.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"
#include "src/train/train_config.hpp"
#include "tools/app/run_folder.hpp"

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

/// What the jobs that use a file refuse, as far as it can be said without its network.
CheckOptions reading_as_jobs_do() {
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

CheckResult check_files(const CheckRequest& request, CheckJob& job) {
  CheckResult result;
  for (const std::string& path : request.paths) {
    for (const CheckedFile& file : check_path(path, reading_as_jobs_do())) {
      (file.state == FileState::whole       ? result.whole
       : file.state == FileState::temporary ? result.temporary
                                            : result.damaged) += 1;
      result.files.push_back(file);
      job.checked(file);
    }
  }
  return result;
}

}  // namespace varphase
