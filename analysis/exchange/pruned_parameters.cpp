// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/exchange/pruned_parameters.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include <fmt/ranges.h>

#include "src/base/error.hpp"

namespace varphase {
namespace {

constexpr std::string_view kOriginal = "_orig";
constexpr std::string_view kMask = "_mask";

std::optional<std::string> without_ending(const std::string& name, std::string_view ending) {
  if (name.size() <= ending.size() || !name.ends_with(ending) ||
      name[name.size() - ending.size() - 1] == '.')
    return std::nullopt;
  return name.substr(0, name.size() - ending.size());
}

template <class T>
std::vector<std::uint8_t> marks_of(const Array& array, const std::string& origin) {
  std::vector<std::uint8_t> marks;
  for (const T value : array.as<T>()) {
    VARPHASE_CHECK(value == T{0} || value == T{1}, ErrorKind::shape,
                   "{}: tensor {} holds {}, a mask holds 0 and 1 alone", origin, array.name, value);
    marks.push_back(value == T{1} ? 1 : 0);
  }
  return marks;
}

std::vector<std::uint8_t> marks_of(const Array& mask, const std::string& origin) {
  switch (mask.type) {
    case ElementType::float32:
      return marks_of<float>(mask, origin);
    case ElementType::float64:
      return marks_of<double>(mask, origin);
    case ElementType::int64:
      return marks_of<std::int64_t>(mask, origin);
    case ElementType::int32:
      return marks_of<std::int32_t>(mask, origin);
    case ElementType::uint8:
      return marks_of<std::uint8_t>(mask, origin);
  }
  return {};
}

template <class T>
Array kept_values(const Array& original, const std::vector<std::uint8_t>& marks,
                  const std::string& name) {
  const auto values = original.as<T>();
  std::vector<T> kept(values.begin(), values.end());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (marks[i] == 0) kept[i] = T{0};
  }
  return make_array<T>(name, original.shape, kept);
}

Array kept_values(const Array& original, const std::vector<std::uint8_t>& marks,
                  const std::string& name, const std::string& origin) {
  VARPHASE_CHECK(original.type == ElementType::float32 || original.type == ElementType::float64,
                 ErrorKind::shape, "{}: tensor {} holds whole numbers, wants floating point",
                 origin, original.name);
  return original.type == ElementType::float32 ? kept_values<float>(original, marks, name)
                                               : kept_values<double>(original, marks, name);
}

}  // namespace

JoinedParameters join_pruned_parameters(const TensorFile& file, const std::string& origin) {
  std::map<std::string, const Array*> originals, masks, others;
  for (const Array& array : file.arrays) {
    if (const auto name = without_ending(array.name, kOriginal)) {
      originals[*name] = &array;
    } else if (const auto masked = without_ending(array.name, kMask)) {
      masks[*masked] = &array;
    } else {
      others[array.name] = &array;
    }
  }
  for (const auto& [name, mask] : masks)
    VARPHASE_CHECK(
        originals.contains(name), ErrorKind::shape,
        "{}: tensor {} without {}{}: a pruned parameter of torch.nn.utils.prune has both", origin,
        mask->name, name, kOriginal);
  JoinedParameters joined;
  joined.file.metadata = file.metadata;
  for (const Array& array : file.arrays) {
    if (without_ending(array.name, kMask)) continue;
    const std::optional<std::string> name = without_ending(array.name, kOriginal);
    if (!name) {
      joined.file.arrays.push_back(array);
      continue;
    }
    const auto mask = masks.find(*name);
    VARPHASE_CHECK(mask != masks.end(), ErrorKind::shape,
                   "{0}: tensor {1} without {2}{3}: a pruned parameter of torch.nn.utils.prune has "
                   "both, and no other reparameterization is read\n  make the parameter whole "
                   "before it is saved",
                   origin, array.name, *name, kMask);
    VARPHASE_CHECK(!others.contains(*name), ErrorKind::shape,
                   "{0}: tensor {1} beside {1}{2} and {1}{3}: which one is meant?", origin, *name,
                   kOriginal, kMask);
    VARPHASE_CHECK(mask->second->shape == array.shape, ErrorKind::shape,
                   "{}: tensor {} has shape [{}], {} [{}]", origin, mask->second->name,
                   fmt::join(mask->second->shape, ", "), array.name, fmt::join(array.shape, ", "));
    const std::vector<std::uint8_t> marks = marks_of(*mask->second, origin);
    joined.file.arrays.push_back(kept_values(array, marks, *name, origin));
    if (std::find(marks.begin(), marks.end(), 0) == marks.end()) continue;
    const std::size_t dot = name->rfind('.');
    const std::string module = dot == std::string::npos ? "" : name->substr(0, dot);
    const std::string leaf = name->substr(dot + 1);
    if (module.empty() || (leaf != "weight" && leaf != "mean")) {
      joined.dropped.insert(*name);
      continue;
    }
    VARPHASE_CHECK(!others.contains(module + ".mask"), ErrorKind::shape,
                   "{}: tensor {} beside {}.mask: which one is meant?", origin, mask->second->name,
                   module);
    joined.file.arrays.push_back(
        make_array<std::uint8_t>(module + ".mask", array.shape, std::span(marks)));
    joined.masked.insert(module);
  }
  return joined;
}

}  // namespace varphase
