// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/version.hpp"

#include "varphase_git_hash.h"

namespace varphase {

std::string version() { return VARPHASE_VERSION; }
std::string git_hash() { return VARPHASE_GIT_HASH; }

}  // namespace varphase
