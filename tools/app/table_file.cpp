// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/table_file.hpp"

#include "src/base/atomic_file.hpp"
#include "tools/app/output_file.hpp"

namespace varphase {

void write_table_file(const std::filesystem::path& path, const std::function<Json()>& json,
                      const std::function<std::string()>& csv) {
  make_output_folder(path);
  if (path.extension() == ".csv") {
    write_text_atomically(path, csv());
  } else {
    write_json_file(path, json());
  }
}

}  // namespace varphase
