// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/attack_parts.hpp"

#include <fmt/format.h>

#include "src/base/atomic_file.hpp"
#include "src/base/error.hpp"
#include "src/base/log.hpp"
#include "src/base/sha256.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr const char* kRequest = "request";

}  // namespace

AttackParts::AttackParts(fs::path folder, const std::string& request)
    : folder_(std::move(folder)), request_(sha256_hex(request)) {}

fs::path AttackParts::path(std::int64_t batch) const {
  return folder_ / fmt::format("batch_{:05}.h5", batch);
}

std::optional<AttackOutcome> AttackParts::find(std::int64_t batch) const {
  std::error_code error;
  if (!fs::exists(path(batch), error)) return std::nullopt;
  try {
    const Document document = read_document(path(batch), kAttackKind);
    VARPHASE_CHECK(document.text(kRequest) == request_, ErrorKind::format,
                   "{}: of another network, device or request", path(batch).string());
    return outcome_from_document(document, path(batch).string());
  } catch (const Error& damaged) {
    log_warning(fmt::format("{}\n  left aside: the batch is attacked anew", damaged.what()));
    return std::nullopt;
  }
}

std::vector<std::optional<AttackOutcome>> AttackParts::find_all(std::int64_t batches) const {
  std::vector<std::optional<AttackOutcome>> found;
  for (std::int64_t batch = 0; batch < batches; ++batch) found.push_back(find(batch));
  return found;
}

void AttackParts::keep(std::int64_t batch, const AttackOutcome& outcome) const {
  std::error_code error;
  fs::create_directories(folder_, error);
  VARPHASE_CHECK(!error, ErrorKind::io, "{}: cannot be made: {}", folder_.string(),
                 error.message());
  remove_stale_temporaries(folder_);
  try {
    write_document(path(batch), to_document(outcome, {{kRequest, request_}}));
  } catch (const Error& unwritten) {
    fail(unwritten.kind(), "{}\n  the parts before it are kept: the same command goes on from them",
         unwritten.what());
  }
}

void AttackParts::remove(std::int64_t batches) const {
  std::error_code ignored;
  for (std::int64_t batch = 0; batch < batches; ++batch) fs::remove(path(batch), ignored);
  fs::remove(folder_, ignored);
}

}  // namespace varphase
