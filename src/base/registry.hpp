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

/// An explicit table from name to value (a factory, a rule), in the order in which it was written.
template <class Value>
class Registry {
 public:
  Registry(std::string what, std::initializer_list<std::pair<std::string, Value>> rows)
      : what_(std::move(what)), rows_(rows) {}

  /// @throws Error usage with unknown_name's message.
  const Value& at(std::string_view name) const {
    for (const auto& [known, value] : rows_) {
      if (known == name) return value;
    }
    throw Error(ErrorKind::usage, unknown_name(what_, name, names()));
  }

  bool contains(std::string_view name) const {
    for (const auto& row : rows_) {
      if (row.first == name) return true;
    }
    return false;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> list;
    list.reserve(rows_.size());
    for (const auto& row : rows_) list.push_back(row.first);
    return list;
  }

 private:
  std::string what_;
  std::vector<std::pair<std::string, Value>> rows_;
};

}  // namespace varphase
