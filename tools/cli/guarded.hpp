// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

namespace varphase {

/// Runs it; an exception becomes a message on stderr and its exit code.
int guarded(const std::function<int()>& work);

}  // namespace varphase
