// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/run_marker.hpp"

#include "checkpoints/run_layout.hpp"
#include "src/base/json.hpp"
#include "src/train/train_config.hpp"
#include "tools/app/members_file.hpp"
#include "tools/app/run_folder.hpp"

namespace varphase {
namespace fs = std::filesystem;

std::optional<RunMarker> read_run_marker(const fs::path& run) {
  const fs::path file = RunLayout{run}.marker();
  if (!fs::exists(file)) return std::nullopt;
  const Json json = read_json_file(file);
  VARPHASE_CHECK(json.is_object() && json.contains("varphase_run"), ErrorKind::format,
                 "{}: is not this program's: there is no \"varphase_run\"", file.string());
  const Json& version = json["varphase_run"];
  VARPHASE_CHECK(!version.is_number_integer() || version.get<std::int64_t>() <= RunMarker::kVersion,
                 ErrorKind::unsupported,
                 "{}: a run of layout {}, this program knows up to {}\n  take a newer version",
                 file.string(), version.dump(), RunMarker::kVersion);
  RunMarker marker;
  try {
    assign_fields(marker, json);
  } catch (const Error& error) {
    fail(ErrorKind::format, "{}: {}", file.string(), error.what());
  }
  return marker;
}

void write_run_marker(const fs::path& run, const RunMarker& marker) {
  write_json_file(RunLayout{run}.marker(), to_json(marker));
}

bool is_run(const fs::path& folder) {
  try {
    if (read_run_marker(folder)) return true;
    if (MembersFile::is_in(folder)) return MembersFile::read(folder).members > 0;
    return fs::exists(RunLayout{folder}.config()) && RunFolder(folder).config().network.is_object();
  } catch (const Error&) {
    return false;
  }
}

}  // namespace varphase
