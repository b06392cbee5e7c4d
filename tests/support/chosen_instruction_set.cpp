// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "src/base/instruction_set.hpp"

// Every test program with kernels minds VARPHASE_SIMD, as the program does.
namespace varphase {
namespace {

class ChosenInstructionSet : public testing::Environment {
 public:
  void SetUp() override { choose_instruction_set_by_environment(); }
};

[[maybe_unused]] const auto* const registered =
    testing::AddGlobalTestEnvironment(new ChosenInstructionSet);

}  // namespace
}  // namespace varphase
