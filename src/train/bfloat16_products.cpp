// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/train/bfloat16_products.hpp"

#include <ATen/autocast_mode.h>

namespace varphase {

Bfloat16Products::Bfloat16Products(bool on, c10::DeviceType device) : on_(on), device_(device) {
  if (!on) return;
  was_enabled_ = at::autocast::is_autocast_enabled(device);
  was_cached_ = at::autocast::is_autocast_cache_enabled();
  type_ = at::autocast::get_autocast_dtype(device);
  at::autocast::set_autocast_dtype(device, at::kBFloat16);
  at::autocast::set_autocast_cache_enabled(false);
  at::autocast::set_autocast_enabled(device, true);
}

Bfloat16Products::~Bfloat16Products() {
  if (!on_) return;
  at::autocast::set_autocast_enabled(device_, was_enabled_);
  at::autocast::set_autocast_cache_enabled(was_cached_);
  at::autocast::set_autocast_dtype(device_, type_);
}

}  // namespace varphase
