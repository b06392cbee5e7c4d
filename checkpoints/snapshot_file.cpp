// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/snapshot_file.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/ranges.h>

#include "checkpoints/array_values.hpp"
#include "checkpoints/file_kind.hpp"
#include "checkpoints/provenance.hpp"
#include "src/base/bit_mask.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kMetrics = "metrics.";
constexpr std::array<std::string_view, 3> kMoments{"/exp_avg", "/exp_avg_sq", "/momentum_buffer"};

struct Section {
  std::string_view prefix;
  std::vector<Array> Snapshot::*arrays;
};
constexpr std::array<Section, 4> kSections{{{"parameters/", &Snapshot::parameters},
                                            {"buffers/", &Snapshot::buffers},
                                            {"optimizer/", &Snapshot::optimizer},
                                            {"masks/", &Snapshot::masks}}};
constexpr std::string_view kKept = "/kept";

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

void check_parameter(const Array& array, const std::string& origin) {
  VARPHASE_CHECK(
      array.type == ElementType::float32 || array.type == ElementType::float64, ErrorKind::format,
      "{}: parameter {} holds whole numbers, wants float32 or float64", origin, array.name);
  check_array_values(array, fmt::format("{}: parameter {}", origin, array.name));
}

void check_moment(const Array& array,
                  const std::unordered_map<std::string_view, const Array*>& parameters,
                  const std::string& origin) {
  for (const std::string_view moment : kMoments) {
    const std::string_view name = array.name;
    if (name.size() <= moment.size() || name.substr(name.size() - moment.size()) != moment)
      continue;
    const auto found = parameters.find(name.substr(0, name.size() - moment.size()));
    VARPHASE_CHECK(found != parameters.end(), ErrorKind::format,
                   "{}: optimizer array {} belongs to no parameter of the file", origin, name);
    VARPHASE_CHECK(
        found->second->shape == array.shape && found->second->type == array.type, ErrorKind::format,
        "{}: optimizer array {} has shape [{}], its parameter has [{}]; shape and element type "
        "must be the "
        "same",
        origin, name, fmt::join(array.shape, ", "), fmt::join(found->second->shape, ", "));
    return;
  }
  fail(ErrorKind::format,
       "{}: optimizer array {} is none of exp_avg, exp_avg_sq, momentum_buffer of a parameter",
       origin, array.name);
}

/// What a mask is over: its layer's means, or its log variances where it has no means.
/// @throws Error format where there is neither.
const Array& weight_of(const Array& mask, const Snapshot& snapshot, const std::string& origin) {
  const std::string_view name = mask.name;
  const bool named = name.size() > kKept.size() && name.substr(name.size() - kKept.size()) == kKept;
  VARPHASE_CHECK(named, ErrorKind::format, "{}: mask {} wants a name of the form layer/kept",
                 origin, name);
  const std::string layer(name.substr(0, name.size() - kKept.size()));
  for (const char* weight : {"/mean", "/log_sigma2"}) {
    for (const Array& array : snapshot.parameters) {
      if (array.name == layer + weight) return array;
    }
  }
  fail(ErrorKind::format, "{}: mask {} belongs to no variance layer of the file", origin, name);
}

void check_mask(const Array& mask, const Snapshot& snapshot, const std::string& origin) {
  const Array& weight = weight_of(mask, snapshot, origin);
  VARPHASE_CHECK(mask.type == ElementType::uint8 && mask.shape == weight.shape, ErrorKind::format,
                 "{}: mask {} has shape [{}], wants a uint8 for each weight of {}, [{}]", origin,
                 mask.name, fmt::join(mask.shape, ", "), weight.name,
                 fmt::join(weight.shape, ", "));
}

/// A bit a weight, as files have it.
Array packed(const Array& mask) {
  const BitMask bits = pack_mask(mask.as<std::uint8_t>());
  return make_array<std::uint8_t>(mask.name, {static_cast<std::int64_t>(bits.size())}, bits);
}

/// A byte a weight, checked: what a file holds is not to be trusted.
Array unpacked(const Array& bits, const Snapshot& snapshot, const std::string& origin) {
  const Array& weight = weight_of(bits, snapshot, origin);
  const std::int64_t count = weight.count();
  VARPHASE_CHECK(
      bits.type == ElementType::uint8 && bits.shape.size() == 1 && bits.shape[0] == (count + 7) / 8,
      ErrorKind::format, "{}: mask {} has shape [{}], wants {} bytes for {} weights", origin,
      bits.name, fmt::join(bits.shape, ", "), (count + 7) / 8, count);
  const auto bytes = bits.as<std::uint8_t>();
  VARPHASE_CHECK(count % 8 == 0 || bytes.back() >> (count % 8) == 0, ErrorKind::format,
                 "{}: mask {} has bits set beyond the last of {} weights", origin, bits.name,
                 count);
  return make_array<std::uint8_t>(bits.name, weight.shape, unpack_mask(bytes, count), weight.dims);
}

}  // namespace

void check_snapshot(const Snapshot& snapshot, const std::string& origin) {
  VARPHASE_CHECK(snapshot.epoch >= 0 && snapshot.step >= 0, ErrorKind::format,
                 "{}: epoch {} and step {}, wants numbers from 0 on", origin, snapshot.epoch,
                 snapshot.step);
  VARPHASE_CHECK(parse_json(snapshot.config, origin + ": attribute config").is_object(),
                 ErrorKind::format, "{}: attribute config is no JSON object", origin);
  for (const Section& section : kSections) {
    std::set<std::string_view> names;
    for (const Array& array : snapshot.*section.arrays) {
      const std::size_t slash = array.name.find('/');
      VARPHASE_CHECK(slash != std::string::npos && slash > 0 && slash + 1 < array.name.size(),
                     ErrorKind::format, "{}: array '{}' of {} wants a name of the form layer/name",
                     origin, array.name, section.prefix);
      VARPHASE_CHECK(names.insert(array.name).second, ErrorKind::format,
                     "{}: array {}{} is there twice", origin, section.prefix, array.name);
    }
  }
  std::unordered_map<std::string_view, const Array*> parameters;
  for (const Array& array : snapshot.parameters) {
    check_parameter(array, origin);
    parameters[array.name] = &array;
  }
  for (const Array& array : snapshot.buffers)
    check_array_values(array, fmt::format("{}: buffer {}", origin, array.name));
  for (const Array& array : snapshot.optimizer) check_moment(array, parameters, origin);
  for (const Array& mask : snapshot.masks) check_mask(mask, snapshot, origin);
}

Document to_document(Snapshot snapshot) {
  for (Array& mask : snapshot.masks) mask = packed(mask);
  Document document;
  document.kind = kCheckpointKind;
  document.attributes.emplace_back("epoch", snapshot.epoch);
  document.attributes.emplace_back("step", snapshot.step);
  document.attributes.emplace_back("config", std::move(snapshot.config));
  for (const auto& [name, value] : snapshot.metrics) {
    document.attributes.emplace_back(fmt::format("{}{}", kMetrics, name), value);
  }
  for (auto& [name, value] : snapshot.provenance) {
    document.attributes.emplace_back(fmt::format("{}{}", kProvenance, name), std::move(value));
  }
  for (const Section& section : kSections) {
    for (Array& array : snapshot.*section.arrays) {
      array.name.insert(0, section.prefix);
      document.arrays.push_back(std::move(array));
    }
  }
  return document;
}

Snapshot snapshot_from_document(Document document, const std::string& origin) {
  require_kind(origin, document.kind, {kCheckpointKind});
  Snapshot snapshot;
  try {
    snapshot.epoch = document.integer("epoch");
    snapshot.step = document.integer("step");
    snapshot.config = document.text("config");
  } catch (const Error& error) {
    fail(error.kind(), "{}: {}", origin, error.what());
  }
  for (auto& [name, value] : document.attributes) {
    if (starts_with(name, kMetrics)) {
      const double* number = std::get_if<double>(&value);
      VARPHASE_CHECK(number != nullptr, ErrorKind::format, "{}: attribute {} wants a float64",
                     origin, name);
      snapshot.metrics[name.substr(kMetrics.size())] = *number;
    } else if (starts_with(name, kProvenance)) {
      auto* text = std::get_if<std::string>(&value);
      VARPHASE_CHECK(text != nullptr, ErrorKind::format, "{}: attribute {} wants a text", origin,
                     name);
      snapshot.provenance[name.substr(kProvenance.size())] = std::move(*text);
    } else {
      VARPHASE_CHECK(name == "epoch" || name == "step" || name == "config", ErrorKind::format,
                     "{}: attribute {} is not known in a checkpoint", origin, name);
    }
  }
  for (Array& array : document.arrays) {
    const auto section = std::find_if(
        kSections.begin(), kSections.end(),
        [&array](const Section& candidate) { return starts_with(array.name, candidate.prefix); });
    VARPHASE_CHECK(
        section != kSections.end(), ErrorKind::format,
        "{}: dataset /{} is not known in a checkpoint, wants parameters/, buffers/, optimizer/ or "
        "masks/",
        origin, array.name);
    array.name.erase(0, section->prefix.size());
    (snapshot.*(section->arrays)).push_back(std::move(array));
  }
  for (Array& mask : snapshot.masks) mask = unpacked(mask, snapshot, origin);
  check_snapshot(snapshot, origin);
  return snapshot;
}

std::int64_t write_snapshot(const fs::path& path, Snapshot snapshot) {
  check_snapshot(snapshot, path.string());
  return write_document(path, to_document(std::move(snapshot)));
}

Snapshot read_snapshot(const fs::path& path) {
  return snapshot_from_document(read_document(path, kCheckpointKind), path.string());
}

}  // namespace varphase
