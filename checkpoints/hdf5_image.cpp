// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/hdf5_image.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <optional>
#include <set>

// The 1.10 names, whatever the library's version.
#define H5_USE_110_API  // NOLINT(readability-identifier-naming): HDF5's own name
#include <hdf5.h>

#include "checkpoints/hdf5_extent.hpp"
#include "checkpoints/hdf5_handle.hpp"
#include "checkpoints/hdf5_session.hpp"
#include "checkpoints/sealed_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20U;
constexpr std::size_t kMaxDepth = 16;        // groups above a dataset
constexpr std::size_t kMaxObjects = 100000;  // groups and datasets of a file
constexpr std::size_t kMaxAttributes = 4096;
constexpr std::size_t kMaxName = 255;  // bytes of one part of a path
constexpr std::size_t kMaxText = std::size_t{16} << 20U;
constexpr std::size_t kFletcherBytes = 4;
constexpr unsigned kCreationOrder = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;

constexpr std::array<std::string_view, 3> kReserved{"kind", "format_version", "complete"};

/// Where in which file we are, for errors.
struct Place {
  std::string path;    // "" while writing
  std::string object;  // "dataset /parameters/dense1/mean"

  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    const std::string said = fmt::format(text, std::forward<Args>(args)...);
    if (path.empty()) varphase::fail(ErrorKind::format, "{}: {}", object, said);
    varphase::fail(
        ErrorKind::format,
        "{}: {}: {}\n  the file was not made by this program, or changed after it was: varphase "
        "check {} tells which files are whole",
        path, object, said, path);
  }
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

bool is_name_part(std::string_view part) {
  return !part.empty() && part.size() <= kMaxName && part != "." && part != ".." &&
         std::none_of(part.begin(), part.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte < 0x20 || byte == 0x7f || c == '/';
         });
}

// ---- the image's memory, lent to HDF5's memory driver

/// Bytes that HDF5 lets grow while it writes; ours again after the file is closed.
struct GrowingImage {
  FileBytes bytes;
};

void* grow(void* old, std::size_t size, H5FD_file_image_op_t, void* data) {
  auto& image = *static_cast<GrowingImage*>(data);
  if (old != image.bytes.data.get()) return nullptr;
  auto* grown = static_cast<std::byte*>(std::realloc(old, size));
  if (grown == nullptr) return nullptr;
  static_cast<void>(image.bytes.data.release());
  image.bytes.data.reset(grown);
  // Gaps between objects are never written: without this they would show old memory.
  if (size > image.bytes.size) std::memset(grown + image.bytes.size, 0, size - image.bytes.size);
  image.bytes.size = size;
  return grown;
}

void* lend(std::size_t, H5FD_file_image_op_t, void* data) {
  return const_cast<std::byte*>(static_cast<const std::span<const std::byte>*>(data)->data());
}
void* refuse_to_lend(std::size_t, H5FD_file_image_op_t, void*) { return nullptr; }
void* copy_nothing(void* into, const void*, std::size_t, H5FD_file_image_op_t, void*) {
  return into;
}
void* refuse_to_grow(void*, std::size_t, H5FD_file_image_op_t, void*) { return nullptr; }
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

/// Rows that fill about kChunkBytes, all chunks nearly equal so that the last one wastes little.
std::vector<hsize_t> chunk_of(const std::vector<hsize_t>& shape, std::size_t element) {
  std::vector<hsize_t> chunk(shape.size(), 1);
  std::uint64_t inner = element;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const hsize_t extent = std::max<hsize_t>(shape[axis], 1);
    const hsize_t fits = std::max<hsize_t>(kChunkBytes / inner, 1);
    const hsize_t parts = (extent + fits - 1) / fits;
    chunk[axis] = (extent + parts - 1) / parts;
    if (parts > 1) break;  // outer axes stay 1
    inner *= extent;
  }
  return chunk;
}

class ImageWriter {
 public:
  explicit ImageWriter(const Document& document) : document_(document) {}

  FileBytes write() {
    std::size_t expected = std::size_t{64} << 10U;
    for (const Array& array : document_.arrays) expected += array.bytes.size() + 1024;
    const H5FD_file_image_callbacks_t callbacks{refuse_to_lend, copy_nothing, grow,   free_nothing,
                                                same_data,      keep_data,    &image_};
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
    return std::move(image_.bytes);
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
    const std::vector<hsize_t> chunk = chunk_of(shape, element);
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
    const std::uint64_t end = hdf5_end(image_.bytes.span()).value_or(0);
    if (end == 0 || end > image_.bytes.size) {
      place_.fail("HDF5 made {} bytes, its superblock wants {}", image_.bytes.size, end);
    }
    image_.bytes.size = end;
  }

  const Document& document_;
  GrowingImage image_;
  Place place_{"", "the whole file"};
  std::set<std::string> groups_;
  std::set<std::string> datasets_;
};

// ---- reading

class ImageReader {
 public:
  ImageReader(std::span<const std::byte> image, const std::string& path, bool with_values)
      : image_(image), with_values_(with_values), place_{path, "the whole file"} {}

  Document read() {
    // Older superblocks lead into code that has no checksums.
    const std::optional<std::uint64_t> end = hdf5_end(image_);
    if (!end) place_.fail("does not start with a superblock of version 3");
    if (*end != image_.size())
      place_.fail("its superblock wants {} bytes, got {}", *end, image_.size());
    const H5FD_file_image_callbacks_t callbacks{
        lend, copy_nothing, refuse_to_grow, free_nothing, same_data, keep_data, &image_};
    const Hdf5Handle access = memory_access(place_, callbacks, std::size_t{1} << 16U);
    place_.check(
        H5Pset_file_image(access.get(), const_cast<std::byte*>(image_.data()), image_.size()),
        "H5Pset_file_image");
    const Hdf5Handle file = place_.own(H5Fopen("varphase", H5F_ACC_RDONLY, access.get()), H5Fclose,
                                       "opening it as HDF5");
    const Hdf5Handle root = place_.own(H5Oopen(file.get(), "/", H5P_DEFAULT), H5Oclose, "H5Oopen");
    const H5O_info_t info = first_visit(root);
    read_root_attributes(root, info);
    read_group(root, "", 0);
    return std::move(document_);
  }

 private:
  /// Refuses an object that was met before, so that no loop of hard links is followed.
  H5O_info_t first_visit(const Hdf5Handle& object) {
    H5O_info_t info{};
    place_.check(H5Oget_info2(object.get(), &info, H5O_INFO_BASIC | H5O_INFO_NUM_ATTRS),
                 "H5Oget_info");
    if (!visited_.insert(info.addr).second) place_.fail("is an object that has another name too");
    if (visited_.size() > kMaxObjects) place_.fail("more than {} objects", kMaxObjects);
    if (info.num_attrs > kMaxAttributes) {
      place_.fail("{} attributes, at most {}", static_cast<std::uint64_t>(info.num_attrs),
                  kMaxAttributes);
    }
    return info;
  }

  void read_root_attributes(const Hdf5Handle& root, const H5O_info_t& info) {
    for (auto& [name, value] : read_attributes(root, info)) {
      if (name == "kind" && std::holds_alternative<std::string>(value)) {
        document_.kind = std::get<std::string>(value);
      } else if (name == "format_version" || name == "complete") {
        const std::int64_t wanted = name == "complete" ? 1 : kFormatVersion;
        const auto* got = std::get_if<std::int64_t>(&value);
        if (got == nullptr || *got != wanted) {
          place_.fail("attribute {} is {}, wants {}", name,
                      got != nullptr ? std::to_string(*got) : "no whole number", wanted);
        }
        (name == "complete" ? complete_ : versioned_) = true;
      } else {
        document_.attributes.emplace_back(std::move(name), std::move(value));
      }
    }
    if (document_.kind.empty() || !versioned_ || !complete_) {
      place_.fail("attribute {} is missing", document_.kind.empty() ? "kind"
                                             : versioned_           ? "complete"
                                                                    : "format_version");
    }
  }

  struct Link {
    std::string name;
    H5L_type_t type;
  };
  struct Links {
    std::vector<Link> list;
    bool too_many = false;
  };

  std::vector<Link> links_of(const Hdf5Handle& group) {
    const Hdf5Handle creation =
        place_.own(H5Gget_create_plist(group.get()), H5Pclose, "H5Gget_create_plist");
    unsigned order = 0;
    place_.check(H5Pget_link_creation_order(creation.get(), &order), "H5Pget_link_creation_order");
    const H5_index_t index =
        (order & H5P_CRT_ORDER_TRACKED) != 0 ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
    Links links;
    // No exception may pass through HDF5.
    const auto collect = [](hid_t, const char* name, const H5L_info_t* info,
                            void* data) noexcept -> herr_t {
      auto& found = *static_cast<Links*>(data);
      found.too_many = found.list.size() >= kMaxObjects;
      if (found.too_many) return 1;
      found.list.push_back({name, info->type});
      return 0;
    };
    hsize_t position = 0;
    place_.check(H5Literate(group.get(), index, H5_ITER_INC, &position, collect, &links),
                 "listing its links");
    if (links.too_many) place_.fail("more than {} links", kMaxObjects);
    return std::move(links.list);
  }

  void read_group(const Hdf5Handle& group, const std::string& prefix, std::size_t depth) {
    if (depth > kMaxDepth) place_.fail("more than {} groups inside each other", kMaxDepth);
    for (const Link& link : links_of(group)) {
      const std::string name = prefix + link.name;
      place_.object = fmt::format("object /{}", printable(name));
      if (!is_name_part(link.name)) place_.fail("is no name that Varphase writes");
      if (link.type != H5L_TYPE_HARD) {
        place_.fail("is {} link, only hard links are read", link.type == H5L_TYPE_SOFT ? "a soft"
                                                            : link.type == H5L_TYPE_EXTERNAL
                                                                ? "an external"
                                                                : "an unknown kind of");
      }
      const Hdf5Handle object =
          place_.own(H5Oopen(group.get(), link.name.c_str(), H5P_DEFAULT), H5Oclose, "opening it");
      const H5O_info_t info = first_visit(object);
      if (info.type == H5O_TYPE_GROUP) {
        place_.object = fmt::format("group /{}", printable(name));
        if (info.num_attrs != 0) place_.fail("has attributes; only the file and its datasets have");
        read_group(object, name + "/", depth + 1);
      } else if (info.type == H5O_TYPE_DATASET) {
        place_.object = fmt::format("dataset /{}", printable(name));
        read_dataset(object, info, name);
      } else {
        place_.fail("is neither a group nor a dataset");
      }
    }
  }

  void read_dataset(const Hdf5Handle& dataset, const H5O_info_t& info, const std::string& name) {
    Array array;
    array.name = name;
    // The way of storage comes first: a virtual or external dataset is not even asked for its
    // shape.
    const Hdf5Handle creation =
        place_.own(H5Dget_create_plist(dataset.get()), H5Pclose, "H5Dget_create_plist");
    check_storage(creation);
    const Hdf5Handle type = place_.own(H5Dget_type(dataset.get()), H5Tclose, "H5Dget_type");
    const StoredType stored = known_type(type);
    array.type = stored.type;
    const std::vector<hsize_t> shape = shape_of(dataset);
    const std::uint64_t bytes = check_size(dataset, creation, shape, element_size(stored.type));
    array.shape.assign(shape.begin(), shape.end());
    for (auto& [key, value] : read_attributes(dataset, info)) {
      auto* text = std::get_if<std::string>(&value);
      if (key == "dims" && text != nullptr) {
        array.dims = std::move(*text);
      } else if (key == "unit" && text != nullptr) {
        array.unit = std::move(*text);
      } else if (key == "scalar" && text == nullptr && shape.size() == 1 && shape.front() == 1) {
        array.shape.clear();
      } else {
        place_.fail("attribute {} is not known here", printable(key));
      }
    }
    if (with_values_ && bytes > 0) {
      array.bytes.resize(bytes);
      place_.check(H5Dread(dataset.get(), stored.in_memory, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                           array.bytes.data()),
                   "reading its values");
    }
    document_.arrays.push_back(std::move(array));
  }

  void check_storage(const Hdf5Handle& creation) {
    const H5D_layout_t layout = H5Pget_layout(creation.get());
    if (layout == H5D_VIRTUAL) place_.fail("is a virtual dataset, its values lie in other files");
    const int external = H5Pget_external_count(creation.get());
    if (external != 0) place_.fail("has external storage, its values lie in other files");
    if (layout != H5D_CHUNKED) place_.fail("is not chunked, so that it has no checksum");
    const int filters = H5Pget_nfilters(creation.get());
    if (filters != 1) place_.fail("has {} filters, wants one (fletcher32)", filters);
    unsigned flags = 0;
    unsigned config = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter =
        H5Pget_filter2(creation.get(), 0, &flags, &values, nullptr, 0, nullptr, &config);
    if (filter != H5Z_FILTER_FLETCHER32)
      place_.fail("has filter {}, wants fletcher32", static_cast<int>(filter));
  }

  StoredType known_type(const Hdf5Handle& type) {
    for (const StoredType& known : stored_types()) {
      const htri_t equal = H5Tequal(type.get(), known.in_file);
      place_.check(equal, "H5Tequal");
      if (equal > 0) return known;
    }
    place_.fail(
        "has another element type than little-endian float32, float64, int64, int32, uint8");
  }

  std::vector<hsize_t> shape_of(const Hdf5Handle& dataset) {
    const Hdf5Handle space = place_.own(H5Dget_space(dataset.get()), H5Sclose, "H5Dget_space");
    const int rank = H5Sget_simple_extent_ndims(space.get());
    if (H5Sget_simple_extent_type(space.get()) != H5S_SIMPLE || rank < 1 || rank > kMaxRank) {
      place_.fail("has rank {}, wants 1 to {}", rank, kMaxRank);
    }
    std::vector<hsize_t> shape(static_cast<std::size_t>(rank));
    place_.check(H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr),
                 "H5Sget_simple_extent_dims");
    return shape;
  }

  /// Bytes of the values, after it is sure that the file holds every one of them.
  std::uint64_t check_size(const Hdf5Handle& dataset, const Hdf5Handle& creation,
                           const std::vector<hsize_t>& shape, std::size_t element) {
    std::vector<hsize_t> chunk(shape.size());
    place_.check(H5Pget_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data()),
                 "H5Pget_chunk");
    std::uint64_t bytes = element;
    std::uint64_t chunks = 1;
    std::uint64_t chunk_bytes = element;
    bool empty = false;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      empty = empty || shape[axis] == 0;
      if (chunk[axis] == 0) place_.fail("has chunks of extent 0");
      bytes = product(bytes, shape[axis]);
      chunk_bytes = product(chunk_bytes, chunk[axis]);
      chunks =
          product(chunks, shape[axis] / chunk[axis] + (shape[axis] % chunk[axis] != 0 ? 1 : 0));
    }
    if (empty) bytes = chunks = 0;
    for (const hsize_t extent : shape) {
      if (extent > static_cast<hsize_t>(std::numeric_limits<std::int64_t>::max()))
        bytes = ~std::uint64_t{0};
    }
    total_bytes_ = bytes > image_.size() ? bytes : total_bytes_ + bytes;
    if (total_bytes_ > image_.size() || chunk_bytes > image_.size() + kChunkBytes) {
      place_.fail("declares shape {} in chunks {}, more than the file's {} bytes can hold",
                  shape_text(shape), shape_text(chunk), image_.size());
    }
    const std::uint64_t stored = H5Dget_storage_size(dataset.get());
    const std::uint64_t wanted = product(chunks, chunk_bytes + kFletcherBytes);
    if (stored != wanted) {
      place_.fail("holds {} bytes, its shape {} wants {}", stored, shape_text(shape), wanted);
    }
    return bytes;
  }

  std::vector<std::pair<std::string, Attribute>> read_attributes(const Hdf5Handle& object,
                                                                 const H5O_info_t& info) {
    std::vector<std::string> names;
    const auto collect = [](hid_t, const char* name, const H5A_info_t*,
                            void* data) noexcept -> herr_t {
      static_cast<std::vector<std::string>*>(data)->emplace_back(name);
      return 0;
    };
    hsize_t position = 0;
    // Where the order of creation is not tracked, HDF5 takes that of the names.
    place_.check(
        H5Aiterate2(object.get(), H5_INDEX_CRT_ORDER, H5_ITER_INC, &position, collect, &names),
        "listing its attributes");
    if (names.size() != info.num_attrs) place_.fail("its list of attributes is damaged");
    std::vector<std::pair<std::string, Attribute>> attributes;
    attributes.reserve(names.size());
    for (const std::string& name : names)
      attributes.emplace_back(name, read_attribute(object, name));
    return attributes;
  }

  Attribute read_attribute(const Hdf5Handle& object, const std::string& name) {
    if (!is_name_part(name))
      place_.fail("attribute {} is no name that Varphase writes", printable(name));
    const Hdf5Handle attribute =
        place_.own(H5Aopen(object.get(), name.c_str(), H5P_DEFAULT), H5Aclose, "H5Aopen");
    const Hdf5Handle space = place_.own(H5Aget_space(attribute.get()), H5Sclose, "H5Aget_space");
    if (H5Sget_simple_extent_type(space.get()) != H5S_SCALAR)
      place_.fail("attribute {} is no single value", name);
    const Hdf5Handle type = place_.own(H5Aget_type(attribute.get()), H5Tclose, "H5Aget_type");
    if (H5Tequal(type.get(), H5T_STD_I64LE) > 0) {
      std::int64_t value = 0;
      place_.check(H5Aread(attribute.get(), H5T_NATIVE_INT64, &value), "H5Aread");
      return value;
    }
    if (H5Tequal(type.get(), H5T_IEEE_F64LE) > 0) {
      double value = 0;
      place_.check(H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, &value), "H5Aread");
      return value;
    }
    const std::size_t size = H5Tget_size(type.get());
    // Texts of variable length lie in the global heap, whose lengths HDF5 believes without a check.
    const bool fixed_text =
        H5Tget_class(type.get()) == H5T_STRING && H5Tis_variable_str(type.get()) == 0;
    if (!fixed_text || size == 0 || size > std::min<std::uint64_t>(kMaxText, image_.size())) {
      place_.fail(
          "attribute {} is neither an int64, nor a float64, nor a text of fixed length up to {} "
          "bytes",
          name, kMaxText);
    }
    std::string text(size, '\0');
    place_.check(H5Aread(attribute.get(), type.get(), text.data()), "H5Aread");
    text.resize(std::min(text.find('\0'), text.size()));
    return text;
  }

  std::span<const std::byte> image_;
  bool with_values_;
  Place place_;
  Document document_;
  std::set<haddr_t> visited_;
  std::uint64_t total_bytes_ = 0;
  bool versioned_ = false;
  bool complete_ = false;
};

}  // namespace

FileBytes hdf5_image(const Document& document) {
  const Hdf5Session session;
  return ImageWriter(document).write();
}

Document document_from_hdf5(std::span<const std::byte> image, const std::string& path,
                            bool with_values) {
  const Hdf5Session session;
  return ImageReader(image, path, with_values).read();
}

}  // namespace varphase
