// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/inspect_job.hpp"

namespace varphase {

std::vector<FileDescription> inspect(const InspectRequest& request, InspectJob& job) {
  std::vector<FileDescription> files;
  for (const std::string& path : request.paths) {
    files.push_back(describe_file(path, request.statistics));
    job.described(files.back());
  }
  return files;
}

}  // namespace varphase
