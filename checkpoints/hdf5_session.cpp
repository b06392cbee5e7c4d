// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/hdf5_session.hpp"

#define H5_USE_110_API  // NOLINT(readability-identifier-naming): HDF5's own name
#include <hdf5.h>

#include "src/base/byte_text.hpp"

namespace varphase {
namespace {

std::mutex& hdf5_mutex() {
  static std::mutex instance;
  return instance;
}

}  // namespace

Hdf5Session::Hdf5Session() : lock_(hdf5_mutex()) {
  H5open();
  H5PLget_loading_state(&plugins_);
  H5PLset_loading_state(0);
  H5Eget_auto2(H5E_DEFAULT, &print_, &print_data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5Eclear2(H5E_DEFAULT);
}

Hdf5Session::~Hdf5Session() {
  H5Eclear2(H5E_DEFAULT);
  H5Eset_auto2(H5E_DEFAULT, print_, print_data_);
  H5PLset_loading_state(plugins_);
}

std::string hdf5_cause() {
  std::string text;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned n, const H5E_error2_t* entry, void* data) -> herr_t {
        auto& said = *static_cast<std::string*>(data);
        if (n < 4 && entry->desc != nullptr) {
          said += (said.empty() ? "" : "; ") + printable(entry->desc);
        }
        return 0;
      },
      &text);
  H5Eclear2(H5E_DEFAULT);
  return text.empty() ? "HDF5 gives no cause" : text;
}

}  // namespace varphase
