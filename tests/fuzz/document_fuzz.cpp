// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
// Sealed files: checkpoints, pruned files, kappa maps. The mutator computes the seal anew, so that
// what lies behind it is reached.
#include <algorithm>
#include <cstring>

#include "analysis/kappa/kappa_map.hpp"
#include "analysis/sparse/sparse_model.hpp"
#include "checkpoints/document_reader.hpp"
#include "checkpoints/hdf5_writer.hpp"
#include "checkpoints/inspect.hpp"
#include "checkpoints/sealed_file.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/train/train_config.hpp"
#include "tests/checkpoints/same_document.hpp"
#include "tests/fuzz/memory_file.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace varphase::test {
namespace {

/// Offset of the superblock's end of file.
constexpr std::size_t kEndOfFile = 28;

std::size_t sealed(std::uint8_t* data, std::size_t size) {
  // Where a mutation made it longer or shorter, the superblock may know.
  const std::uint64_t end = size;
  if (size >= kEndOfFile + sizeof end) std::memcpy(data + kEndOfFile, &end, sizeof end);
  const Trailer trailer = make_trailer(std::as_bytes(std::span(data, size)));
  std::memcpy(data + size, trailer.data(), trailer.size());
  return size + trailer.size();
}

/// What is written of a document reads as that document.
void check_round_trip(const Document& document) {
  FileBytes image;
  if (!reads([&] { image = hdf5_bytes(document); })) return;  // an attribute with a reserved name
  const Document again = document_from_hdf5(image.span(), "again", true);
  must(same_document(again, document));
}

void read_all(const std::string& path, bool round_trip) {
  Document document;
  if (!reads([&] { document = read_document(path, ""); })) return;
  for (const Array& array : document.arrays) {
    must(array.bytes.size() == static_cast<std::size_t>(array.count()) * element_size(array.type));
  }
  if (round_trip) check_round_trip(document);
  reads([&] { description_json(describe_file(path, true)).dump(2); });
  reads([&] { description_text(describe_file(path, true)); });
  reads([&] { kappa_from_document(document, path); });
  reads([&] {
    const SparseModel model = sparse_model_from_document(document, path);
    const Document written = to_document(model);
    const SparseModel again = sparse_model_from_document(written, path);
    must(again.layers.size() == model.layers.size());
    for (std::size_t i = 0; i < model.layers.size(); ++i) {
      must(again.layers[i].mask == model.layers[i].mask);
      must(again.layers[i].mean == model.layers[i].mean);
      must(again.layers[i].variance == model.layers[i].variance);
    }
  });
  reads([&] {
    const Snapshot snapshot = snapshot_from_document(document, path);
    RunConfig config;
    assign_fields(config, parse_json(snapshot.config, path));
    must(!to_document(snapshot).arrays.empty() || snapshot.parameters.empty());
  });
}

}  // namespace
}  // namespace varphase::test

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  using varphase::kTrailerBytes;
  if (most <= kTrailerBytes || seed % 16 == 0) return LLVMFuzzerMutate(data, size, most);
  const std::size_t before = size > kTrailerBytes ? size - kTrailerBytes : 0;
  // Half of the changes keep the length: a structure behind a moved one is not found.
  const std::size_t room = seed % 2 == 0 ? std::max<std::size_t>(before, 1) : most - kTrailerBytes;
  const std::size_t after = LLVMFuzzerMutate(data, std::min(before, room), room);
  return varphase::test::sealed(data, after);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const varphase::test::MemoryFile file(data, size);
  varphase::test::read_all(file.path(), size % 8 == 0);
  return 0;
}
