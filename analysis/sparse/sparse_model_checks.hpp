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

/// @throws Error of that kind for a rule that is neither mean nor zero.
void check_rule(const std::string& replace, ErrorKind kind, const std::string& what);

/// The number of weights of a shape that comes from outside.
std::int64_t weight_count(const std::vector<std::int64_t>& shape, ErrorKind kind,
                          const std::string& what);

void check_finite(std::span<const float> values, ErrorKind kind, const std::string& what);
/// Finite and never negative.
void check_variance(std::span<const float> values, ErrorKind kind, const std::string& what);

/// Names become paths inside a file. @throws Error format.
void check_name(const std::string& name, const std::string& what);

/// The whole model. @throws Error format where it contradicts itself.
void check_model(const SparseModel& model, const std::string& path);

}  // namespace varphase
