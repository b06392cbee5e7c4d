// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/exchange/pair_modules.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/ranges.h>

#include "src/base/error.hpp"
#include "src/base/suggest.hpp"

namespace varphase {
namespace {

using Modules = std::vector<WeightedModule>;
using Pairs = std::map<std::string, std::string>;

const char* kind_text(WeightedModule::Kind kind) {
  switch (kind) {
    case WeightedModule::Kind::conv:
      return "convolutions";
    case WeightedModule::Kind::dense:
      return "dense layers";
    case WeightedModule::Kind::batch_norm:
      return "batch norms";
  }
  return "";
}

std::vector<std::string> names_of(const Modules& modules) {
  std::vector<std::string> names;
  for (const WeightedModule& module : modules) names.push_back(module.name);
  return names;
}

std::string list_text(const Modules& modules) {
  std::vector<std::string> rows;
  for (const WeightedModule& module : modules)
    rows.push_back(fmt::format("{} [{}]", module.name, fmt::join(module.shape, ", ")));
  return rows.empty() ? "none" : fmt::format("{}", fmt::join(rows, ", "));
}

/// A name with each run of digits as one '#', and the numbers that stood there.
struct NumberedName {
  std::string stem;
  std::vector<std::string> numbers;
};

NumberedName numbered(std::string_view name) {
  NumberedName found;
  for (std::size_t i = 0; i < name.size();) {
    std::size_t end = i;
    while (end < name.size() && name[end] >= '0' && name[end] <= '9') ++end;
    if (end == i) {
      found.stem += name[i++];
      continue;
    }
    found.stem += '#';
    while (i + 1 < end && name[i] == '0') ++i;
    found.numbers.emplace_back(name.substr(i, end - i));
    i = end;
  }
  return found;
}

bool number_before(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

/// Brings modules whose names differ in numbers alone into their order. @return false for others.
bool sort_by_numbers(Modules& modules) {
  const std::string stem = numbered(modules.front().name).stem;
  for (const WeightedModule& module : modules) {
    if (numbered(module.name).stem != stem) return false;
  }
  std::sort(modules.begin(), modules.end(), [](const WeightedModule& a, const WeightedModule& b) {
    const NumberedName first = numbered(a.name), second = numbered(b.name);
    return std::lexicographical_compare(first.numbers.begin(), first.numbers.end(),
                                        second.numbers.begin(), second.numbers.end(),
                                        number_before);
  });
  return true;
}

Modules of_kind(const Modules& modules, WeightedModule::Kind kind) {
  Modules found;
  for (const WeightedModule& module : modules) {
    if (module.kind == kind) found.push_back(module);
  }
  return found;
}

Modules of_shape(const Modules& modules, const std::vector<std::int64_t>& shape) {
  Modules found;
  for (const WeightedModule& module : modules) {
    if (module.shape == shape) found.push_back(module);
  }
  return found;
}

bool same_names(const Modules& a, const Modules& b) {
  const std::vector<std::string> left = names_of(a), right = names_of(b);
  return std::set<std::string>(left.begin(), left.end()) ==
         std::set<std::string>(right.begin(), right.end());
}

const WeightedModule& by_name(const Modules& modules, const std::string& name,
                              const std::string& side) {
  const auto found =
      std::find_if(modules.begin(), modules.end(),
                   [&](const WeightedModule& module) { return module.name == name; });
  VARPHASE_CHECK(found != modules.end(), ErrorKind::usage, "--map: {} has no '{}'{}", side, name,
                 suggestion(name, names_of(modules)));
  return *found;
}

void remove(Modules& modules, const std::string& name) {
  std::erase_if(modules, [&](const WeightedModule& module) { return module.name == name; });
}

std::string both_sides(const Modules& file, const Modules& network) {
  return fmt::format("  of the file: {}\n  of the network: {}", list_text(file),
                     list_text(network));
}

void pair_kind(Modules file, const Modules& network, WeightedModule::Kind kind,
               const std::string& origin, Pairs& pairs) {
  if (same_names(file, network)) {
    for (const WeightedModule& module : file) pairs[module.name] = module.name;
    return;
  }
  const std::string sides = both_sides(file, network);
  for (const WeightedModule& layer : network) {
    Modules layers = of_shape(network, layer.shape);
    if (layers.front().name != layer.name) continue;  // this shape is done
    Modules modules = of_shape(file, layer.shape);
    VARPHASE_CHECK(
        modules.size() == layers.size(), ErrorKind::shape,
        "{}: its {} do not pair with the network's: {} of weight shape [{}] {} there, the network "
        "wants {}\n{}",
        origin, kind_text(kind), modules.size(), fmt::join(layer.shape, ", "),
        modules.size() == 1 ? "is" : "are", layers.size(), sides);
    VARPHASE_CHECK(
        modules.size() == 1 || sort_by_numbers(modules), ErrorKind::shape,
        "{}: which of its {} of weight shape [{}] is which of the network's? their names differ in "
        "more than numbers\n{}\n  --map NAMES.json says it: {{\"{}\": \"{}\"}}",
        origin, kind_text(kind), fmt::join(layer.shape, ", "), sides, modules.front().name,
        layers.front().name);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      pairs[modules[i].name] = layers[i].name;
      remove(file, modules[i].name);
    }
  }
  VARPHASE_CHECK(file.empty(), ErrorKind::shape,
                 "{}: {} {} of the file have no place in the network: {}\n{}", origin, file.size(),
                 kind_text(kind), list_text(file), sides);
}

}  // namespace

std::map<std::string, std::string> pair_modules(const std::vector<WeightedModule>& file,
                                                const std::vector<WeightedModule>& network,
                                                const std::map<std::string, std::string>& given,
                                                const std::string& origin) {
  Pairs pairs;
  Modules modules = file, layers = network;
  for (const auto& [theirs, ours] : given) {
    const WeightedModule& module = by_name(file, theirs, origin);
    const WeightedModule& layer = by_name(network, ours, "the network");
    const std::vector<std::string> left = names_of(layers);
    const bool free = std::find(left.begin(), left.end(), ours) != left.end();
    VARPHASE_CHECK(free, ErrorKind::usage, "--map: two modules are to be {}", ours);
    VARPHASE_CHECK(module.kind == layer.kind, ErrorKind::shape,
                   "--map: {} is one of the {}, {} of the {}", theirs, kind_text(module.kind), ours,
                   kind_text(layer.kind));
    pairs[theirs] = ours;
    remove(modules, theirs);
    remove(layers, ours);
  }
  for (const WeightedModule::Kind kind :
       {WeightedModule::Kind::conv, WeightedModule::Kind::dense, WeightedModule::Kind::batch_norm})
    pair_kind(of_kind(modules, kind), of_kind(layers, kind), kind, origin, pairs);
  return pairs;
}

}  // namespace varphase
