// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/document.hpp"

#include <algorithm>

#include "checkpoints/document_reader.hpp"
#include "checkpoints/file_kind.hpp"
#include "checkpoints/hdf5_writer.hpp"
#include "checkpoints/sealed_file.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

template <class T>
const T& typed_attribute(const Document& document, std::string_view name, const char* wanted) {
  const Attribute* found = document.find_attribute(name);
  VARPHASE_CHECK(found != nullptr, ErrorKind::format, "attribute {} is missing in this {} file",
                 name, document.kind);
  const T* value = std::get_if<T>(found);
  VARPHASE_CHECK(value != nullptr, ErrorKind::format, "attribute {} of this {} file wants {}", name,
                 document.kind, wanted);
  return *value;
}

}  // namespace

const Array* Document::find_array(std::string_view name) const noexcept {
  for (const Array& array : arrays) {
    if (array.name == name) return &array;
  }
  return nullptr;
}

const Array& Document::array(std::string_view name) const {
  const Array* found = find_array(name);
  VARPHASE_CHECK(found != nullptr, ErrorKind::format, "array {} is missing in this {} file", name,
                 kind);
  return *found;
}

const Attribute* Document::find_attribute(std::string_view name) const noexcept {
  for (const auto& [key, value] : attributes) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::int64_t Document::integer(std::string_view name) const {
  return typed_attribute<std::int64_t>(*this, name, "a whole number");
}

double Document::real(std::string_view name) const {
  return typed_attribute<double>(*this, name, "a number");
}

const std::string& Document::text(std::string_view name) const {
  return typed_attribute<std::string>(*this, name, "a text");
}

std::int64_t write_document(const fs::path& path, const Document& document) {
  const FileBytes bytes = [&] {
    try {
      return hdf5_bytes(document);
    } catch (const Error& error) {
      fail(error.kind(), "{}: not written: {}", path.string(), error.what());
    }
  }();
  return write_sealed(path, bytes.span());
}

Document read_document(const fs::path& path, std::string_view kind) {
  const SealedFile file = open_intact(path);
  Document document = document_from_hdf5(file.hdf5.span(), path.string(), true);
  document.digest = file.digest;
  if (!kind.empty()) require_kind(path, document.kind, {kind});
  return document;
}

Document read_document_header(const fs::path& path) {
  const SealedFile file = open_intact(path);
  return document_from_hdf5(file.hdf5.span(), path.string(), false);
}

std::string document_digest(const fs::path& path) { return open_intact(path).digest; }

}  // namespace varphase
