// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/error.hpp"
#include "src/base/suggest.hpp"

namespace varphase {

/// The values of an enum and how users write them: one table for both directions.
///
///     const EnumNames<Split>& split_names() {
///       static const EnumNames<Split> table{"split", {{Split::train, "train"}, {Split::test, "test"}}};
///       return table;
///     }
template <class Enum>
class EnumNames {
 public:
  /// @param what the values are, for messages ("split")
  EnumNames(std::string what, std::initializer_list<std::pair<Enum, std::string>> rows)
      : what_(std::move(what)), rows_(rows) {}

  /// The value of a name that a user gave.
  /// @throws Error usage with unknown_name's message.
  Enum value(std::string_view name) const {
    for (const auto& row : rows_) {
      if (row.second == name) return row.first;
    }
    throw Error(ErrorKind::usage, unknown_name(what_, name, names()));
  }

  /// @throws Error usage where the table has no such value, which is a mistake of the program.
  const std::string& name(Enum value) const {
    for (const auto& row : rows_) {
      if (row.first == value) return row.second;
    }
    fail(ErrorKind::usage, "this {} has no name", what_);
  }

  /// In the table's order.
  std::vector<std::string> names() const {
    std::vector<std::string> list;
    list.reserve(rows_.size());
    for (const auto& row : rows_) list.push_back(row.second);
    return list;
  }

 private:
  std::string what_;
  std::vector<std::pair<Enum, std::string>> rows_;
};

}  // namespace varphase
