// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/held_images.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "src/base/error.hpp"

namespace varphase {
namespace {

using Arrays = std::shared_ptr<const std::vector<HeldArray>>;

/// Jobs may run in several threads of the caller.
class HeldTable {
 public:
  std::string add(std::vector<HeldArray> arrays) {
    const std::lock_guard lock(mutex_);
    std::string name = "memory:" + std::to_string(++last_);
    table_[name] = std::make_shared<const std::vector<HeldArray>>(std::move(arrays));
    return name;
  }
  void remove(const std::string& name) {
    Arrays gone;  // outlives the lock: its owner may want another one
    const std::lock_guard lock(mutex_);
    if (const auto found = table_.find(name); found != table_.end()) {
      gone = std::move(found->second);
      table_.erase(found);
    }
  }
  Arrays find(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = table_.find(name);
    return found == table_.end() ? nullptr : found->second;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Arrays> table_;
  std::int64_t last_ = 0;
};

HeldTable& held_table() {
  static HeldTable table;
  return table;
}

Arrays arrays_of(const std::string& name) {
  Arrays arrays = held_table().find(name);
  VARPHASE_CHECK(arrays != nullptr, ErrorKind::io, "{}: the images are no longer held", name);
  return arrays;
}

const HeldArray* first_of(const std::vector<HeldArray>& arrays,
                          std::span<const std::string> names) {
  for (const std::string& name : names) {
    const auto found = std::find_if(arrays.begin(), arrays.end(), [&](const HeldArray& array) {
      return array.about.name == name;
    });
    if (found != arrays.end()) return &*found;
  }
  return nullptr;
}

template <class T>
void copy_values(std::span<const std::byte> from, std::vector<T>& to) {
  to.resize(from.size() / sizeof(T));
  if (!from.empty()) std::memcpy(to.data(), from.data(), to.size() * sizeof(T));
}

/// Entries first .. first + count - 1.
ForeignArray rows_of(const HeldArray& array, std::int64_t first, std::int64_t count) {
  ForeignArray rows = array.about;
  const auto all = static_cast<std::size_t>(std::max<std::int64_t>(rows.shape.front(), 1));
  const std::size_t row = array.host.size() / all, begin = row * static_cast<std::size_t>(first);
  rows.shape.front() = count;
  const auto values = array.host.subspan(begin, row * static_cast<std::size_t>(count));
  if (rows.is_bytes) {
    copy_values(values, rows.bytes);
    if (array.where.data != nullptr) rows.held = {array.where.data + begin, array.where.device};
  } else if (rows.is_real) {
    copy_values(values, rows.reals);
  } else {
    copy_values(values, rows.integers);
  }
  return rows;
}

class HeldRows final : public ForeignRows {
 public:
  HeldRows(Arrays arrays, const HeldArray& array) : arrays_(std::move(arrays)), array_(array) {}
  const ForeignArray& array() const override { return array_.about; }
  ForeignArray rows(std::int64_t first, std::int64_t count) const override {
    return rows_of(array_, first, count);
  }

 private:
  Arrays arrays_;
  const HeldArray& array_;  // of arrays_
};

}  // namespace

std::string hold_images(std::vector<HeldArray> arrays) {
  return held_table().add(std::move(arrays));
}

void release_images(const std::string& name) { held_table().remove(name); }

bool is_held(const std::string& name) { return held_table().find(name) != nullptr; }

std::vector<std::optional<ForeignArray>> read_held(
    const std::string& name, std::span<const std::vector<std::string>> wanted) {
  const Arrays arrays = arrays_of(name);
  std::vector<std::optional<ForeignArray>> found;
  for (const std::vector<std::string>& names : wanted) {
    const HeldArray* array = first_of(*arrays, names);
    found.emplace_back();
    if (array != nullptr) found.back() = rows_of(*array, 0, array->about.shape.front());
  }
  return found;
}

std::unique_ptr<ForeignRows> open_held_rows(const std::string& name,
                                            std::span<const std::string> names) {
  Arrays arrays = arrays_of(name);
  const HeldArray* array = first_of(*arrays, names);
  if (array == nullptr) return nullptr;
  return std::make_unique<HeldRows>(std::move(arrays), *array);
}

}  // namespace varphase
