// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

namespace varphase {

/// HDF5 is not thread-safe in every build, and its plug-in switch and error printing are global or
/// by thread: one caller at a time, silent, without plug-ins; the settings of a host program come
/// back at the end.
class Hdf5Session {
 public:
  Hdf5Session();
  ~Hdf5Session();
  Hdf5Session(const Hdf5Session&) = delete;
  Hdf5Session& operator=(const Hdf5Session&) = delete;

 private:
  std::lock_guard<std::mutex> lock_;
  unsigned plugins_ = 0;
  int (*print_)(std::int64_t, void*) = nullptr;
  void* print_data_ = nullptr;
};

/// What HDF5 says went wrong, the innermost cause first; clears it.
std::string hdf5_cause();

}  // namespace varphase
