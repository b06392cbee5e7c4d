// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/tensor_file.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "checkpoints/file_bytes.hpp"
#include "checkpoints/npz.hpp"
#include "checkpoints/safetensors.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

constexpr std::size_t kLooked = 256;  // bytes at a file's start: its first member's name and more

[[noreturn]] void refuse_pickle(const std::filesystem::path& path) {
  fail(ErrorKind::format,
       "{}: is a Python pickle (torch.save), which is not read here\n  "
       "safetensors.torch.save_file(model.state_dict(), FILE) writes what is; with the Python "
       "package (docs/python.md) `varphase import` takes state_dicts and torch.export's .pt2 as "
       "they are",
       path.string());
}

[[noreturn]] void refuse_exported(const std::filesystem::path& path) {
  fail(ErrorKind::format,
       "{}: is a program of torch.export, which PyTorch alone reads\n  with the Python package "
       "(docs/python.md) `varphase import` takes it, and so does varphase.import_",
       path.string());
}

}  // namespace

TensorFile read_tensor_file(const std::filesystem::path& path, const ReadLimits& limits) {
  std::array<char, kLooked> start{};
  {
    const InputFile file(path);
    const std::size_t length = std::min<std::uint64_t>(file.size(), start.size());
    file.read(0, std::as_writable_bytes(std::span(start.data(), length)));
  }
  const std::string_view magic(start.data(), start.size());
  const bool zip = magic.starts_with("PK\x03\x04");
  if (zip && magic.find("/data.pkl") != std::string_view::npos) refuse_pickle(path);
  if (zip && path.extension() == ".pt2") refuse_exported(path);
  if (zip || magic.starts_with("PK\x05\x06")) return read_npz(path, limits);
  VARPHASE_CHECK(!magic.starts_with("\x89HDF"), ErrorKind::format,
                 "{}: is an HDF5 file; safetensors and NPZ files are imported\n  a checkpoint of "
                 "Varphase needs no import: kappa, prune and eval take it",
                 path.string());
  const bool pickle =
      magic.front() == '\x80' && magic[1] >= 2 && magic[1] <= 5 && (magic[7] != 0 || magic[6] != 0);
  if (pickle) refuse_pickle(path);
  return read_safetensors(path);
}

}  // namespace varphase
