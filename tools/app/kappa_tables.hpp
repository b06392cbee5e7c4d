// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/app/kappa_row.hpp"

namespace varphase {

/// What tables hold of one checkpoint's map, without the map.
struct KappaTable {
  std::int64_t epoch = 0;
  std::vector<KappaRow> rows;
  std::string histogram;  // as histogram_csv writes it, with its header
};

/// As bytes that one rank sends to another, and back: every number with all its bits.
std::string to_bytes(const std::vector<KappaTable>& tables);
std::vector<KappaTable> kappa_tables_of(const std::string& bytes);

}  // namespace varphase
