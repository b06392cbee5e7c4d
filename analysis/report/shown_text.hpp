// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>

#include "src/base/json.hpp"

namespace varphase {

// A page shows what people read: of a text no more than this.
inline constexpr std::size_t kMostTextBytes = 2000;

inline constexpr const char* kNotKnown = "–";

/// A number with so many digits behind its point, kNotKnown of null.
std::string number_text(const Json& value, double scale, int digits);

/// The text, cut between two letters and said to be, where it is longer.
std::string shortened(std::string text, std::size_t most = kMostTextBytes);

/// A scalar as people read it; lists and objects as JSON.
std::string shown_text(const Json& value);

/// A share in percent, kNotKnown of null.
std::string percent(const Json& share, int digits = 2);

/// A difference of shares in points: "−0.75", "+1.20", "±0.00".
std::string signed_points(double difference);

/// A number with commas between thousands, kNotKnown of what is none.
std::string count_or_dash(const Json& count);

/// The text under the first of these keys that is there, "" where none is.
std::string first_text(const Json& object, std::initializer_list<const char*> keys);

/// Where the last number of a list is: epochs between are not evaluated.
std::optional<std::size_t> last_known(const Json& values);

}  // namespace varphase
