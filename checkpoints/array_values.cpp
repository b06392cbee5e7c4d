// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/array_values.hpp"

#include <cmath>
#include <limits>
#include <string_view>

#include "src/base/error.hpp"

namespace varphase {
namespace {

// Of batch norm; PyTorch's name, behind "<layer>/" here and "<module>." there.
constexpr std::string_view kRunningVariance = "running_var";

bool is_variance(std::string_view name) {
  if (!name.ends_with(kRunningVariance)) return false;
  name.remove_suffix(kRunningVariance.size());
  return name.empty() || name.back() == '/' || name.back() == '.';
}

template <class T>
void check_floats(const Array& array, const std::string& what) {
  const std::span<const T> values = array.as<T>();
  const T least = is_variance(array.name) ? T{0} : std::numeric_limits<T>::lowest();
  unsigned bad = 0;  // no early end: so the loop vectorizes
  for (const T value : values)
    bad += value >= least && value <= std::numeric_limits<T>::max() ? 0 : 1;
  if (bad == 0) return;
  for (std::size_t i = 0; i < values.size(); ++i) {
    VARPHASE_CHECK(std::isfinite(values[i]), ErrorKind::numeric,
                   "{} is {} at entry {} of {}, wants finite numbers\n  the training had diverged: "
                   "take an earlier epoch",
                   what, values[i], i, values.size());
    VARPHASE_CHECK(values[i] >= least, ErrorKind::numeric,
                   "{} is {} at entry {} of {}, a variance is never negative", what, values[i], i,
                   values.size());
  }
}

}  // namespace

void check_array_values(const Array& array, const std::string& what) {
  if (array.type == ElementType::float32) check_floats<float>(array, what);
  if (array.type == ElementType::float64) check_floats<double>(array, what);
}

}  // namespace varphase
