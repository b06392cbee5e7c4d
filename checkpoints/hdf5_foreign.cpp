// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/hdf5_foreign.hpp"

#include <algorithm>
#include <optional>
#include <unistd.h>

#include "checkpoints/file_bytes.hpp"
#include "checkpoints/hdf5_foreign_reader.hpp"
#include "checkpoints/hdf5_session.hpp"
#include "checkpoints/isolated.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/json.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

double machine_bytes() {
  return static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// HDF5 meets a user's file in a child process alone: it dies or hangs of some. What the child says
// is checked by the parent: descriptions as JSON, values in memory that both see.

Json to_json(const Array& array) {
  return {{"name", text_of_bytes(array.name)},
          {"bytes", array.type == ElementType::uint8},
          {"real", array.type == ElementType::float32},
          {"shape", array.shape},
          {"dims", array.dims},
          {"unit", array.unit}};
}

Array array_from_json(const Json& json) {
  Array array;
  array.name = bytes_of_text(json.at("name").get<std::string>());
  array.type = json.at("bytes").get<bool>()  ? ElementType::uint8
               : json.at("real").get<bool>() ? ElementType::float32
                                             : ElementType::int64;
  array.shape = json.at("shape").get<std::vector<std::int64_t>>();
  array.dims = json.at("dims").get<std::string>();
  array.unit = json.at("unit").get<std::string>();
  return array;
}

/// Runs `work` with a reader of the file in a child. @return what it returns.
/// @throws Error that it throws; format where the child does not come to its end.
template <class Work>
Json in_child(const fs::path& path, const ReadLimits& limits, const Work& work) {
  // A folder, a pipe or a device is said to be one before HDF5 waits for it.
  const std::uint64_t bytes = InputFile(path).size();
  constexpr double kBytesASecond = 10e6, kProcessorSeconds = 3;
  const double transfer = static_cast<double>(bytes) / kBytesASecond;
  const Hdf5Session session;  // the child's too: no other thread is within HDF5 when it begins
  const Isolated child = run_isolated(
      path.string(), 60 + transfer,
      [&]() -> std::string {
        try {
          ForeignReader reader(path.string(), bytes, limits);
          return Json{{"result", work(reader)}}.dump(-1, ' ', false,
                                                     Json::error_handler_t::replace);
        } catch (const Error& error) {
          return Json{{"kind", static_cast<int>(error.kind())}, {"error", error.what()}}.dump(
              -1, ' ', false, Json::error_handler_t::replace);
        } catch (const std::exception& error) {
          return "";
        }
      },
      kProcessorSeconds + 8 * transfer);
  VARPHASE_CHECK(child.trouble.empty() && !child.said.empty(), ErrorKind::format,
                 "{}: is damaged: HDF5 {}\n  write it anew", path.string(),
                 child.trouble.empty() ? "fails on it" : child.trouble);
  const Json said = parse_json(child.said, path.string());
  if (said.contains("error"))
    throw Error(static_cast<ErrorKind>(said.at("kind").get<int>()),
                said.at("error").get<std::string>());
  return said.at("result");
}

/// That a machine has the memory.
void check_memory(const fs::path& path, const std::string& name, std::uint64_t bytes) {
  VARPHASE_CHECK(static_cast<double>(bytes) < 0.8 * machine_bytes(), ErrorKind::device,
                 "{}: /{}: {} bytes, more memory than this machine has", path.string(), name,
                 bytes);
}

constexpr std::int64_t kPieceBytes = 64 << 20;  // of a large array at a time

}  // namespace

std::vector<std::optional<Array>> read_foreign_arrays(
    const fs::path& path, std::span<const std::vector<std::string>> wanted,
    const ReadLimits& limits) {
  const Json described = in_child(path, limits, [&](ForeignReader& reader) {
    Json list = Json::array();
    for (const std::optional<Array>& array : reader.describe_all(wanted))
      list.push_back(array ? to_json(*array) : Json());
    return list;
  });
  std::vector<std::optional<Array>> arrays;
  for (const Json& row : described) {
    arrays.emplace_back();
    if (row.is_null()) continue;
    Array array = array_from_json(row);
    const std::size_t bytes = has_no_values(array) ? 0 : bytes_of(array, array.shape.front());
    check_memory(path, array.name, bytes);
    SharedBytes shared(bytes);
    in_child(path, limits, [&](ForeignReader& reader) {
      reader.read_all(array, shared.span());
      return Json();
    });
    array.bytes.resize(bytes);
    shared.move_out(0, array.bytes);
    arrays.back() = std::move(array);
  }
  return arrays;
}

std::optional<Array> find_foreign_array(const fs::path& path, std::span<const std::string> names,
                                        const ReadLimits& limits) {
  const Json described = in_child(path, limits, [&](ForeignReader& reader) {
    const std::optional<Array> found = reader.describe_first(names);
    if (!found) return Json();
    if (!has_no_values(*found)) {
      // All of it, so that what is damaged is said before the work.
      const std::int64_t rows = found->shape.front();
      const auto row_bytes = static_cast<std::int64_t>(bytes_of(*found, 1));
      const std::int64_t piece = std::max<std::int64_t>(1, kPieceBytes / row_bytes);
      std::vector<std::byte> values;
      for (std::int64_t first = 0; first < rows; first += piece) {
        const std::int64_t count = std::min(piece, rows - first);
        values.resize(bytes_of(*found, count));
        reader.read_rows(*found, first, count, values);
      }
    }
    return to_json(*found);
  });
  if (described.is_null()) return std::nullopt;
  return array_from_json(described);
}

Array read_foreign_rows(const fs::path& path, const Array& found, std::int64_t first,
                        std::int64_t count, const ReadLimits& limits) {
  SharedBytes shared(bytes_of(found, count));
  in_child(path, limits, [&](ForeignReader& reader) {
    reader.read_rows(found, first, count, shared.span());
    return Json();
  });
  Array rows = found;
  rows.shape[0] = count;
  rows.bytes.resize(shared.span().size());
  shared.move_out(0, rows.bytes);
  return rows;
}

}  // namespace varphase
