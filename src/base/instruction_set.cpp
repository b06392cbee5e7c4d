// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/instruction_set.hpp"

#include <cstdint>
#include <cstdlib>

#include <hwy/targets.h>

#include "src/base/error.hpp"
#include "src/base/suggest.hpp"

namespace varphase {
namespace {

struct Row {
  const char* name;
  std::int64_t target;  // Highway's bit
};

constexpr const char* kLeast = "baseline";

// Best first. Highway takes the first of a mask, so a choice is this row and those after it.
constexpr Row kRows[] = {
#if HWY_ARCH_X86
    {"avx512", HWY_AVX3},
    {"avx2", HWY_AVX2},
    {kLeast, HWY_SSE4},
#else
    {"neon", HWY_NEON},
#endif
};

std::vector<Row> detected() {
  const std::int64_t targets = hwy::SupportedTargets();
  std::vector<Row> rows;
  for (const Row& row : kRows) {
    if ((targets & row.target) != 0) rows.push_back(row);
  }
  VARPHASE_CHECK(!rows.empty(), ErrorKind::unsupported,
                 "this processor lacks {}, the least that the CPU kernels need",
                 HWY_ARCH_X86 ? "SSE4.2 with AES" : "NEON with AES");
  return rows;
}

/// Asks Highway once: every time it answers it also forgets what was chosen.
const std::vector<Row>& supported() {
  static const std::vector<Row> rows = detected();
  return rows;
}

Row& chosen() {
  static Row row = supported().front();
  return row;
}

}  // namespace

std::vector<std::string> instruction_sets() {
  std::vector<std::string> names;
  for (const Row& row : supported()) names.emplace_back(row.name);
  return names;
}

std::string instruction_set() { return chosen().name; }

void choose_instruction_set(const std::string& name) {
  const std::vector<Row>& rows = supported();
  std::int64_t mask = 0;
  const Row* found = nullptr;
  for (const Row& row : rows) {
    const bool is_last = &row == &rows.back();
    if (found == nullptr && (name == row.name || (is_last && name == kLeast))) found = &row;
    if (found != nullptr) mask |= row.target;
  }
  VARPHASE_CHECK(found != nullptr, ErrorKind::usage,
                 "this processor and this build have no instruction set '{}'{}", name,
                 suggestion("", instruction_sets()));
  chosen() = *found;
  hwy::GetChosenTarget().Update(mask);
}

void choose_instruction_set_by_environment() {
  const char* name = std::getenv("VARPHASE_SIMD");
  if (name == nullptr || *name == '\0') {
    // A newer Highway has sets beyond those of the table: what runs is what is named.
    choose_instruction_set(supported().front().name);
    return;
  }
  try {
    choose_instruction_set(name);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("VARPHASE_SIMD: {}", error.what()));
  }
}

}  // namespace varphase
