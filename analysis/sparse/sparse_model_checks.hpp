// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/sparse/sparse_model.hpp"
#include "src/base/error.hpp"

namespace varphase {

// Groups of a file's arrays; in a model they keep names of different kinds apart.
inline constexpr std::string_view kLayersGroup = "layers/";
inline constexpr std::string_view kParametersGroup = "parameters/";
inline constexpr std::string_view kBuffersGroup = "buffers/";
inline constexpr std::int64_t kMostWeights = 2147483647;  // of CSR's 32-bit indices

// What makes a pruned model, or a part of one, valid. `what` and `path` name it in messages.

/// Checks that a rule is "mean" or "zero". @throws Error of `kind`.
void check_rule(const std::string& replace, ErrorKind kind, const std::string& what);

/// The number of weights of a shape that comes from a file or a caller. @throws Error of `kind` where it is no weight's
/// shape.
std::int64_t weight_count(const std::vector<std::int64_t>& shape, ErrorKind kind,
                          const std::string& what);

/// Checks that all values are finite. @throws Error of `kind`.
void check_finite(std::span<const float> values, ErrorKind kind, const std::string& what);
/// Checks that all values are finite and none is negative.
void check_variance(std::span<const float> values, ErrorKind kind, const std::string& what);

/// Checks a name that becomes a part of a path inside a file. @throws Error format.
void check_name(const std::string& name, const std::string& what);

/// Checks a whole model. @throws Error format where it contradicts itself.
void check_model(const SparseModel& model, const std::string& path);

}  // namespace varphase
