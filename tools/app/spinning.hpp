// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

namespace varphase {

/// Sets how long a waiting OpenMP thread spins before it sleeps (GNU's GOMP_SPINCOUNT), unless the
/// user's environment settles how they wait. OpenMP reads it as a program starts, so it holds for
/// programs started from now on.
/// @return whether it was set now
bool limit_spinning();

}  // namespace varphase
