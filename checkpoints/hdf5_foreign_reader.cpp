// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/hdf5_foreign_reader.hpp"

#include <algorithm>
#include <array>
#include <cstring>

// The 1.10 names, whatever the library's version.
#define H5_USE_110_API  // NOLINT(readability-identifier-naming): HDF5's own name
#include <fmt/ranges.h>
#include <hdf5.h>

#include "checkpoints/hdf5_extent.hpp"
#include "checkpoints/hdf5_session.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

constexpr std::uint64_t kDeflateRatio = 1032;  // deflate cannot pack better than this
constexpr std::uint64_t kChunkSlack = 1U << 20U;
constexpr std::size_t kMaxForeignText = 64;

hid_t memory_type(const Array& array) {
  if (array.type == ElementType::float32) return H5T_NATIVE_FLOAT;
  return array.type == ElementType::uint8 ? H5T_NATIVE_UINT8 : H5T_NATIVE_INT64;
}

}  // namespace

bool has_no_values(const Array& array) {
  return std::find(array.shape.begin(), array.shape.end(), 0) != array.shape.end();
}

std::size_t bytes_of(const Array& array, std::int64_t rows) {
  std::uint64_t bytes = element_size(array.type);
  for (std::size_t axis = 0; axis < array.shape.size(); ++axis)
    bytes = product(bytes, static_cast<std::uint64_t>(axis == 0 ? rows : array.shape[axis]));
  return bytes;
}

std::vector<std::optional<Array>> ForeignReader::describe_all(
    std::span<const std::vector<std::string>> wanted) {
  std::vector<std::optional<Array>> arrays;
  for (const std::vector<std::string>& names : wanted) arrays.push_back(describe_first(names));
  return arrays;
}

void ForeignReader::read_all(const Array& found, std::span<std::byte> into) {
  if (has_no_values(found)) return;
  read_rows(found, 0, found.shape.front(), into);
}

std::optional<Array> ForeignReader::describe_first(std::span<const std::string> names) {
  const Hdf5Handle file = open();
  for (const std::string& name : names) {
    object_ = "/" + name;
    const std::optional<Hdf5Handle> dataset = find(file, name);
    if (dataset) return describe(*dataset, name);
  }
  return std::nullopt;
}

void ForeignReader::read_rows(const Array& found, std::int64_t first, std::int64_t count,
                              std::span<std::byte> into) {
  const Hdf5Handle file = open();
  object_ = "/" + found.name;
  const std::optional<Hdf5Handle> dataset = find(file, found.name);
  if (!dataset) fail("is gone since the file was opened");
  unpacked_ = 0;  // is read again
  const Array array = describe(*dataset, found.name);
  if (array.shape != found.shape || array.type != found.type)
    fail("has changed since the file was opened");
  std::vector<hsize_t> start(array.shape.size(), 0), extent(array.shape.begin(), array.shape.end());
  start[0] = static_cast<hsize_t>(first);
  extent[0] = static_cast<hsize_t>(count);
  if (into.size() != bytes_of(found, count)) fail("has changed since the file was opened");
  const Hdf5Handle space = own(H5Dget_space(dataset->get()), H5Sclose, "H5Dget_space");
  check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, extent.data(),
                            nullptr),
        "H5Sselect_hyperslab");
  const Hdf5Handle memory =
      own(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), H5Sclose,
          "H5Screate_simple");
  check(H5Dread(dataset->get(), memory_type(array), memory.get(), space.get(), H5P_DEFAULT,
                into.data()),
        "reading its values");
}

Hdf5Handle ForeignReader::open() const {
  const Hdf5Handle access = own(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "H5Pcreate");
  check(H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG), "H5Pset_fclose_degree");
  // Read-only file systems, and those without locks, refuse a lock that nobody needs here.
  check(H5Pset_file_locking(access.get(), false, true), "H5Pset_file_locking");
  return own(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose, "opening it as HDF5");
}

void ForeignReader::check(herr_t status, const char* what) const {
  if (status < 0) fail("{} failed: {}", what, hdf5_cause());
}
Hdf5Handle ForeignReader::own(hid_t id, Hdf5Handle::Close close, const char* what) const {
  if (id < 0) fail("{} failed: {}", what, hdf5_cause());
  return {id, close};
}

/// The object at the end of a path of hard links; none where a part of it is missing.
std::optional<Hdf5Handle> ForeignReader::find(const Hdf5Handle& file,
                                              const std::string& name) const {
  Hdf5Handle here = own(H5Oopen(file.get(), "/", H5P_DEFAULT), H5Oclose, "H5Oopen");
  std::optional<Hdf5Handle> found;
  for (std::size_t start = 0; start < name.size();) {
    const std::size_t slash = std::min(name.find('/', start), name.size());
    const std::string part = name.substr(start, slash - start);
    const hid_t at = found ? found->get() : here.get();
    if (H5Iget_type(at) != H5I_GROUP) return std::nullopt;
    const htri_t exists = H5Lexists(at, part.c_str(), H5P_DEFAULT);
    check(exists, "looking for it");
    if (exists == 0) return std::nullopt;
    H5L_info_t link{};
    check(H5Lget_info(at, part.c_str(), &link, H5P_DEFAULT), "H5Lget_info");
    if (link.type != H5L_TYPE_HARD) {
      fail("{} is {} link, only hard links are followed: copy the data into this file", part,
           link.type == H5L_TYPE_SOFT ? "a soft" : "an external");
    }
    Hdf5Handle next = own(H5Oopen(at, part.c_str(), H5P_DEFAULT), H5Oclose, "opening it");
    found.emplace(std::move(next));
    start = slash + 1;
  }
  return found;
}

/// Type, shape and layout, after it is sure that the file holds every value; `bytes` stay empty.
Array ForeignReader::describe(const Hdf5Handle& dataset, const std::string& name) {
  if (H5Iget_type(dataset.get()) != H5I_DATASET) fail("is a group, wants a dataset");
  // The way of storage comes first: a virtual or external dataset is not even asked for its
  // shape.
  const Hdf5Handle creation =
      own(H5Dget_create_plist(dataset.get()), H5Pclose, "H5Dget_create_plist");
  const bool packed = check_storage(creation);
  const Hdf5Handle type = own(H5Dget_type(dataset.get()), H5Tclose, "H5Dget_type");
  const ElementType element_type = element_of(type);
  const std::size_t element = H5Tget_size(type.get());
  const std::vector<std::uint64_t> shape = shape_of(dataset);
  check_size(dataset, creation, shape, element, packed);
  Array array;
  array.name = name;
  array.type = element_type;
  array.shape.assign(shape.begin(), shape.end());
  array.dims = text_of(dataset, "layout");
  array.unit = text_of(dataset, "range");
  return array;
}

/// As what values of a type are read.
ElementType ForeignReader::element_of(const Hdf5Handle& type) const {
  const H5T_class_t kind = H5Tget_class(type.get());
  const std::size_t size = H5Tget_size(type.get());
  if (kind == H5T_FLOAT) {
    if (H5Tequal(type.get(), H5T_IEEE_F32LE) <= 0 && H5Tequal(type.get(), H5T_IEEE_F32BE) <= 0) {
      fail(
          "holds floating-point numbers of {} bytes, of which float32 alone is read\n  write it "
          "with .astype('float32')",
          size);
    }
    return ElementType::float32;
  }
  if (kind != H5T_INTEGER || size == 0 || size > 8)
    fail("is no array of whole numbers or float32 (images uint8 or float32, labels integers)");
  const bool bytes = size == 1 && H5Tget_sign(type.get()) == H5T_SGN_NONE;
  return bytes ? ElementType::uint8 : ElementType::int64;
}

/// @return whether the values are packed by deflate.
bool ForeignReader::check_storage(const Hdf5Handle& creation) const {
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  if (layout == H5D_VIRTUAL) fail("is a virtual dataset, its values lie in other files");
  if (H5Pget_external_count(creation.get()) != 0)
    fail("has external storage, its values lie in other files");
  bool packed = false;
  const int filters = H5Pget_nfilters(creation.get());
  check(filters, "H5Pget_nfilters");
  for (int i = 0; i < filters; ++i) {
    unsigned flags = 0;
    unsigned config = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter = H5Pget_filter2(creation.get(), static_cast<unsigned>(i), &flags,
                                               &values, nullptr, 0, nullptr, &config);
    if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE &&
        filter != H5Z_FILTER_FLETCHER32) {
      fail("has filter {}; deflate (gzip), shuffle and fletcher32 are read",
           static_cast<int>(filter));
    }
    if (filter == H5Z_FILTER_DEFLATE && packed) fail("is packed twice");
    packed = packed || filter == H5Z_FILTER_DEFLATE;
  }
  return packed;
}

std::vector<std::uint64_t> ForeignReader::shape_of(const Hdf5Handle& dataset) const {
  const Hdf5Handle space = own(H5Dget_space(dataset.get()), H5Sclose, "H5Dget_space");
  const int rank = H5Sget_simple_extent_ndims(space.get());
  if (H5Sget_simple_extent_type(space.get()) != H5S_SIMPLE || rank < 1 || rank > kMaxRank)
    fail("has rank {}, wants 1 to 4", rank);
  std::vector<hsize_t> extents(static_cast<std::size_t>(rank));
  check(H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr),
        "H5Sget_simple_extent_dims");
  return {extents.begin(), extents.end()};
}

/// That the file holds every one of the values.
void ForeignReader::check_size(const Hdf5Handle& dataset, const Hdf5Handle& creation,
                               const std::vector<std::uint64_t>& shape, std::size_t element,
                               bool packed) {
  const std::uint64_t room = product(file_bytes_, packed ? kDeflateRatio : 1);
  std::uint64_t count = 1;
  for (const std::uint64_t extent : shape) count = product(count, extent);
  if (std::find(shape.begin(), shape.end(), 0U) != shape.end()) return;
  const std::uint64_t bytes = product(count, element);
  if (bytes > room) {
    fail("declares [{}] values of {} bytes, more than the file's {} bytes can hold",
         fmt::join(shape, ", "), element, file_bytes_);
  }
  if (H5Pget_layout(creation.get()) != H5D_CHUNKED) {
    const std::uint64_t stored = H5Dget_storage_size(dataset.get());
    if (stored != bytes) {
      fail("holds {} bytes, its shape [{}] wants {}: values were never written", stored,
           fmt::join(shape, ", "), bytes);
    }
    return;
  }
  check_chunks(dataset, creation, shape, element, packed);
}

void ForeignReader::check_chunks(const Hdf5Handle& dataset, const Hdf5Handle& creation,
                                 const std::vector<std::uint64_t>& shape, std::size_t element,
                                 bool packed) {
  const std::uint64_t room = product(file_bytes_, packed ? kDeflateRatio : 1);
  std::vector<hsize_t> chunk(shape.size());
  check(H5Pget_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data()), "H5Pget_chunk");
  std::uint64_t chunks = 1;
  std::uint64_t chunk_bytes = element;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (chunk[axis] == 0) fail("has chunks of extent 0");
    chunk_bytes = product(chunk_bytes, chunk[axis]);
    chunks = product(chunks, shape[axis] / chunk[axis] + (shape[axis] % chunk[axis] != 0 ? 1 : 0));
  }
  if (chunk_bytes > room + kChunkSlack) {
    fail("has chunks of {} bytes, more than the file's {} bytes can hold", chunk_bytes,
         file_bytes_);
  }
  if (packed) {
    // Whole chunks are unpacked, of which the shape may use a corner.
    unpacked_ += std::min(product(chunks, chunk_bytes), UINT64_MAX / 16);
    check_unpacked(fmt::format("{}: {}", path_, object_), unpacked_, file_bytes_, limits_);
  }
  const Hdf5Handle space = own(H5Dget_space(dataset.get()), H5Sclose, "H5Dget_space");
  hsize_t written = 0;
  check(H5Dget_num_chunks(dataset.get(), space.get(), &written), "counting its chunks");
  if (written != chunks) fail("has {} of {} chunks: values were never written", written, chunks);
}

/// A text attribute, of fixed or variable length; "" where there is none.
std::string ForeignReader::text_of(const Hdf5Handle& dataset, const char* attribute_name) const {
  const htri_t exists = H5Aexists(dataset.get(), attribute_name);
  check(exists, "H5Aexists");
  if (exists == 0) return "";
  const Hdf5Handle attribute =
      own(H5Aopen(dataset.get(), attribute_name, H5P_DEFAULT), H5Aclose, "H5Aopen");
  const Hdf5Handle space = own(H5Aget_space(attribute.get()), H5Sclose, "H5Aget_space");
  const Hdf5Handle type = own(H5Aget_type(attribute.get()), H5Tclose, "H5Aget_type");
  const std::size_t size = H5Tget_size(type.get());
  if (H5Sget_simple_extent_npoints(space.get()) != 1 || H5Tget_class(type.get()) != H5T_STRING ||
      size == 0 || size > kMaxForeignText) {
    fail("attribute {} is no text of up to {} bytes", attribute_name, kMaxForeignText);
  }
  std::array<char, kMaxForeignText + 1> text{};
  if (H5Tis_variable_str(type.get()) > 0) {
    char* variable = nullptr;
    check(H5Aread(attribute.get(), type.get(), &variable), "H5Aread");
    if (variable == nullptr) return "";
    std::memcpy(text.data(), variable, ::strnlen(variable, kMaxForeignText));
    H5free_memory(variable);
  } else {
    check(H5Aread(attribute.get(), type.get(), text.data()), "H5Aread");
  }
  return printable(text.data());
}

}  // namespace varphase
