// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/describe_data_job.hpp"

#include "tools/app/dataset_files.hpp"

namespace varphase {

Dataset read_described(const DescribeDataRequest& request, Job& /*job*/) {
  DataRequest data = data_request(request.config);
  data.threads = static_cast<unsigned>(request.threads);
  return read_dataset(data);
}

}  // namespace varphase
