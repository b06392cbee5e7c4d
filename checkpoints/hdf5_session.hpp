// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

namespace varphase {

/// While it lives, this thread alone is within HDF5, which is not thread-safe in every build, and HDF5 prints nothing
/// and loads no plug-ins. These settings are global; those of a host program come back at the end.
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

/// What HDF5 says went wrong, the innermost cause first. Clears it.
std::string hdf5_cause();

}  // namespace varphase
