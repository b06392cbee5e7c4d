// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/hdf5_writer.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <set>

// The 1.10 names, whatever the library's version.
#define H5_USE_110_API  // NOLINT(readability-identifier-naming): HDF5's own name
#include <hdf5.h>

#include "checkpoints/hdf5_extent.hpp"
#include "checkpoints/hdf5_handle.hpp"
#include "checkpoints/hdf5_limits.hpp"
#include "checkpoints/hdf5_place.hpp"
#include "checkpoints/hdf5_session.hpp"
#include "checkpoints/sealed_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

constexpr unsigned kCreationOrder = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;

constexpr std::array<std::string_view, 3> kReserved{"kind", "format_version", "complete"};

/// With HDF5's own cause of a failure.
struct Place : Hdf5Place {
  void check(herr_t status, const char* what) const {
    if (status < 0) fail("{} failed: {}", what, hdf5_cause());
  }
  Hdf5Handle own(hid_t id, Hdf5Handle::Close close, const char* what) const {
    if (id < 0) fail("{} failed: {}", what, hdf5_cause());
    return {id, close};
  }
};

struct StoredType {
  ElementType type;
  hid_t in_file;
  hid_t in_memory;
};

/// Not a constant: HDF5 makes these identifiers when it is opened.
std::array<StoredType, 5> stored_types() {
  return {{{ElementType::float32, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT},
           {ElementType::float64, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE},
           {ElementType::int64, H5T_STD_I64LE, H5T_NATIVE_INT64},
           {ElementType::int32, H5T_STD_I32LE, H5T_NATIVE_INT32},
           {ElementType::uint8, H5T_STD_U8LE, H5T_NATIVE_UINT8}}};
}

StoredType stored_type(ElementType type) {
  for (const StoredType& known : stored_types()) {
    if (known.type == type) return known;
  }
  fail(ErrorKind::format, "element type {} is not known", static_cast<int>(type));
}

std::string shape_text(std::span<const hsize_t> shape) {
  std::string text;
  for (const hsize_t extent : shape) text += fmt::format("{}{}", text.empty() ? "" : ", ", extent);
  return "[" + text + "]";
}

// ---- the file's memory, lent to HDF5's memory driver

/// Bytes that HDF5 lets grow while it writes; ours again after the file is closed.
struct GrowingBytes {
  FileBytes bytes;
};

void* grow(void* old, std::size_t size, H5FD_file_image_op_t, void* data) {
  auto& growing = *static_cast<GrowingBytes*>(data);
  if (old != growing.bytes.data.get()) return nullptr;
  auto* grown = static_cast<std::byte*>(std::realloc(old, size));
  if (grown == nullptr) return nullptr;
  static_cast<void>(growing.bytes.data.release());
  growing.bytes.data.reset(grown);
  // Gaps between objects are never written: without this they would show old memory.
  if (size > growing.bytes.size)
    std::memset(grown + growing.bytes.size, 0, size - growing.bytes.size);
  growing.bytes.size = size;
  return grown;
}

void* refuse_to_lend(std::size_t, H5FD_file_image_op_t, void*) { return nullptr; }
void* copy_nothing(void* into, const void*, std::size_t, H5FD_file_image_op_t, void*) {
  return into;
}
herr_t free_nothing(void*, H5FD_file_image_op_t, void*) { return 0; }
void* same_data(void* data) { return data; }
herr_t keep_data(void*) { return 0; }

/// Access properties of a file that lives in memory only.
Hdf5Handle memory_access(const Place& place, H5FD_file_image_callbacks_t callbacks,
                         std::size_t increment) {
  Hdf5Handle access = place.own(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "H5Pcreate");
  place.check(H5Pset_fapl_core(access.get(), increment, /*backing_store=*/0), "H5Pset_fapl_core");
  place.check(H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG), "H5Pset_fclose_degree");
  place.check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_V110, H5F_LIBVER_V110),
              "H5Pset_libver_bounds");
  place.check(H5Pset_file_image_callbacks(access.get(), &callbacks), "H5Pset_file_image_callbacks");
  return access;
}

// ---- writing

class ImageWriter {
 public:
  explicit ImageWriter(const Document& document) : document_(document) {}

  FileBytes write() {
    std::size_t expected = std::size_t{64} << 10U;
    for (const Array& array : document_.arrays) expected += array.bytes.size() + 1024;
    const H5FD_file_image_callbacks_t callbacks{
        refuse_to_lend, copy_nothing, grow, free_nothing, same_data, keep_data, &growing_};
    {
      const Hdf5Handle access = memory_access(
          place_, callbacks, std::clamp<std::size_t>(expected / 8, 1U << 16U, 1U << 26U));
      const Hdf5Handle creation = place_.own(H5Pcreate(H5P_FILE_CREATE), H5Pclose, "H5Pcreate");
      prepare_group(creation);
      Hdf5Handle file = place_.own(
          H5Fcreate("varphase", H5F_ACC_EXCL, creation.get(), access.get()), H5Fclose, "H5Fcreate");
      fill(file);
      if (!file.close()) place_.fail("H5Fclose failed: {}", hdf5_cause());
    }
    cut_to_end_of_file();
    return std::move(growing_.bytes);
  }

 private:
  void prepare_group(const Hdf5Handle& creation) const {
    place_.check(H5Pset_obj_track_times(creation.get(), false), "H5Pset_obj_track_times");
    place_.check(H5Pset_link_creation_order(creation.get(), kCreationOrder),
                 "H5Pset_link_creation_order");
    place_.check(H5Pset_attr_creation_order(creation.get(), kCreationOrder),
                 "H5Pset_attr_creation_order");
  }

  void fill(const Hdf5Handle& file) {
    const Hdf5Handle root =
        place_.own(H5Gopen2(file.get(), "/", H5P_DEFAULT), H5Gclose, "H5Gopen2");
    write_attribute(root, "kind", document_.kind);
    write_attribute(root, "format_version", std::int64_t{kFormatVersion});
    std::set<std::string> names(kReserved.begin(), kReserved.end());
    for (const auto& [name, value] : document_.attributes) {
      place_.object = fmt::format("attribute {}", printable(name));
      if (!is_name_part(name)) place_.fail("is no name for an attribute");
      if (!names.insert(name).second) place_.fail("is there twice, or reserved");
      write_attribute(root, name.c_str(), value);
    }
    for (const Array& array : document_.arrays) write_array(file, array);
    place_.object = "the whole file";
    // Last, so that it says that all the rest is there.
    write_attribute(root, "complete", std::int64_t{1});
  }

  void write_attribute(const Hdf5Handle& object, const char* name, const Attribute& value) const {
    if (const auto* text = std::get_if<std::string>(&value)) {
      if (text->size() > kMaxText)
        place_.fail("{} bytes of text, at most {} fit", text->size(), kMaxText);
      if (text->find('\0') != std::string::npos)
        place_.fail("a text with a zero byte cannot be stored");
      const Hdf5Handle type = place_.own(H5Tcopy(H5T_C_S1), H5Tclose, "H5Tcopy");
      place_.check(H5Tset_size(type.get(), std::max<std::size_t>(text->size(), 1)), "H5Tset_size");
      place_.check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "H5Tset_cset");
      place_.check(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), "H5Tset_strpad");
      put_attribute(object, name, type.get(), type.get(), text->c_str());
    } else if (const auto* whole = std::get_if<std::int64_t>(&value)) {
      put_attribute(object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, whole);
    } else {
      put_attribute(object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &std::get<double>(value));
    }
  }

  void put_attribute(const Hdf5Handle& object, const char* name, hid_t in_file, hid_t in_memory,
                     const void* value) const {
    const Hdf5Handle space = place_.own(H5Screate(H5S_SCALAR), H5Sclose, "H5Screate");
    Hdf5Handle attribute =
        place_.own(H5Acreate2(object.get(), name, in_file, space.get(), H5P_DEFAULT, H5P_DEFAULT),
                   H5Aclose, "H5Acreate2");
    place_.check(H5Awrite(attribute.get(), in_memory, value), "H5Awrite");
    if (!attribute.close()) place_.fail("H5Aclose failed: {}", hdf5_cause());
  }

  void write_array(const Hdf5Handle& file, const Array& array) {
    place_.object = fmt::format("array {}", printable(array.name));
    make_groups(file, array.name);
    const std::size_t element = element_size(array.type);
    std::vector<hsize_t> shape;
    std::uint64_t count = 1;
    for (const std::int64_t extent : array.shape) {
      if (extent < 0) place_.fail("extent {} in its shape", extent);
      shape.push_back(static_cast<hsize_t>(extent));
      count = product(count, shape.back());
    }
    if (shape.size() > kMaxRank) place_.fail("rank {}, at most {}", shape.size(), kMaxRank);
    if (product(count, element) != array.bytes.size()) {
      place_.fail("{} bytes for shape {} of {} bytes each", array.bytes.size(), shape_text(shape),
                  element);
    }
    // HDF5 knows no checksum of a scalar: it is stored as a list of one, and says so.
    const bool scalar = shape.empty();
    if (scalar) shape = {1};
    const std::vector<std::uint64_t> extents(shape.begin(), shape.end());
    const std::vector<std::uint64_t> parts = chunk_of(extents, element);
    const std::vector<hsize_t> chunk(parts.begin(), parts.end());
    std::vector<hsize_t> most = shape;  // a chunk must fit, also where an extent is 0
    for (hsize_t& extent : most) extent = std::max<hsize_t>(extent, 1);

    const int rank = static_cast<int>(shape.size());
    const StoredType type = stored_type(array.type);
    const Hdf5Handle space =
        place_.own(H5Screate_simple(rank, shape.data(), most.data()), H5Sclose, "H5Screate_simple");
    const Hdf5Handle creation = place_.own(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "H5Pcreate");
    place_.check(H5Pset_chunk(creation.get(), rank, chunk.data()), "H5Pset_chunk");
    place_.check(H5Pset_fletcher32(creation.get()), "H5Pset_fletcher32");
    place_.check(H5Pset_alloc_time(creation.get(), H5D_ALLOC_TIME_LATE), "H5Pset_alloc_time");
    place_.check(H5Pset_fill_time(creation.get(), H5D_FILL_TIME_NEVER), "H5Pset_fill_time");
    place_.check(H5Pset_obj_track_times(creation.get(), false), "H5Pset_obj_track_times");
    Hdf5Handle dataset =
        place_.own(H5Dcreate2(file.get(), array.name.c_str(), type.in_file, space.get(),
                              H5P_DEFAULT, creation.get(), H5P_DEFAULT),
                   H5Dclose, "H5Dcreate2");
    write_attribute(dataset, "dims", array.dims);
    write_attribute(dataset, "unit", array.unit);
    if (scalar) write_attribute(dataset, "scalar", std::int64_t{1});
    if (count > 0) {
      place_.check(H5Dwrite(dataset.get(), type.in_memory, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                            array.bytes.data()),
                   "H5Dwrite");
    }
    if (!dataset.close()) place_.fail("H5Dclose failed: {}", hdf5_cause());
  }

  /// Makes the groups above a dataset and checks every part of its path.
  void make_groups(const Hdf5Handle& file, const std::string& name) {
    std::size_t depth = 0;
    for (std::size_t start = 0;;) {
      const std::size_t slash = std::min(name.find('/', start), name.size());
      if (!is_name_part(std::string_view(name).substr(start, slash - start)) || depth > kMaxDepth) {
        place_.fail("is no name: wants parts of 1 to {} printable bytes, joined by '/'", kMaxName);
      }
      const std::string up_to_here = name.substr(0, slash);
      if (slash == name.size()) {
        if (groups_.contains(up_to_here) || !datasets_.insert(up_to_here).second)
          place_.fail("is there twice");
        return;
      }
      if (datasets_.contains(up_to_here))
        place_.fail("lies below {}, which is an array", up_to_here);
      if (groups_.insert(up_to_here).second) {
        const Hdf5Handle creation = place_.own(H5Pcreate(H5P_GROUP_CREATE), H5Pclose, "H5Pcreate");
        prepare_group(creation);
        place_.own(
            H5Gcreate2(file.get(), up_to_here.c_str(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
            H5Gclose, "H5Gcreate2");
      }
      start = slash + 1;
      ++depth;
    }
  }

  /// The memory driver rounds its size up; the superblock holds the true one.
  void cut_to_end_of_file() {
    const std::uint64_t end = hdf5_end(growing_.bytes.span()).value_or(0);
    if (end == 0 || end > growing_.bytes.size) {
      place_.fail("HDF5 made {} bytes, its superblock wants {}", growing_.bytes.size, end);
    }
    growing_.bytes.size = end;
  }

  const Document& document_;
  GrowingBytes growing_;
  Place place_{{"", "the whole file"}};
  std::set<std::string> groups_;
  std::set<std::string> datasets_;
};

}  // namespace

FileBytes hdf5_bytes(const Document& document) {
  const Hdf5Session session;
  return ImageWriter(document).write();
}

}  // namespace varphase
