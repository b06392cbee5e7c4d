// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace varphase {

/// What to say behind an unknown kind of layer: ours of another tool's name ("; did you mean
/// 'dense'?"), what there is in place of one that we lack, or the nearest name.
std::string layer_suggestion(std::string_view kind);

}  // namespace varphase
