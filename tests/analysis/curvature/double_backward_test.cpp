// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/double_backward.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

constexpr NoiseKey kKey{1, Stream::probe, 0, 0};

/// H = A, whose rows are known: off the diagonal 1/2, 1/2, 2/4 of it and less.
at::Tensor symmetric() {
  return at::tensor({2.0, 1.0, 0.0, 1.0, 4.0, 2.0, 0.0, 2.0, 8.0}, at::kDouble).view({3, 3});
}

at::Tensor some_weights() { return at::tensor({0.5, -1.0, 2.0}, at::kDouble); }

TEST(DoubleBackward, KnowsTheRowsOfAQuadraticForm) {
  const at::Tensor a = symmetric();
  const auto nll = [&](const at::Tensor& w) { return 0.5 * w.dot(a.mv(w)); };
  const DiagonalProof proof = prove_by_double_backward(nll, some_weights(), a.diagonal(), 50, kKey);
  EXPECT_LT(proof.worst_relative_error, tolerance::kDoubleOperation);
  EXPECT_EQ(proof.rows.rows, 3);  // of 50 entries only so many are different
  EXPECT_LT(proof.rows.asymmetry, tolerance::kDoubleOperation);
  EXPECT_LT(proof.rows.direction_error, tolerance::kDoubleBackward);
  EXPECT_DOUBLE_EQ(proof.rows.largest_off_diagonal, 0.5);  // 1/2, 2/4, 2/8
  EXPECT_DOUBLE_EQ(proof.rows.diagonal_share, 0.8);        // 4/5, 16/21, 64/68
}

TEST(DoubleBackward, TellsAWrongDiagonal) {
  const at::Tensor a = symmetric();
  const auto nll = [&](const at::Tensor& w) { return 0.5 * w.dot(a.mv(w)); };
  const at::Tensor wrong = a.diagonal() * at::tensor({1.0, 1.0, 1.01}, at::kDouble);
  EXPECT_NEAR(prove_by_double_backward(nll, some_weights(), wrong, 50, kKey).worst_relative_error,
              0.08 / 8.08, tolerance::kDoubleSum);
}

TEST(DoubleBackward, TellsAHessianThatIsNotThatOfItsGradient) {
  // Backward takes the second factor for a constant: its Hessian is 1, the gradient's slope 3.
  const auto nll = [](const at::Tensor& w) {
    return 0.5 * w.square().sum() + (w * w.detach()).sum() * 2;
  };
  const DiagonalProof proof =
      prove_by_double_backward(nll, some_weights(), at::ones({3}, at::kDouble), 50, kKey);
  EXPECT_LT(proof.worst_relative_error, tolerance::kDoubleOperation);
  EXPECT_NEAR(proof.rows.direction_error, 2, tolerance::kFiniteDifference);
}

TEST(DoubleBackward, HasNoRatiosWhereAllIsZero) {
  const auto nll = [](const at::Tensor& w) { return (w.pow(2) * 0).sum(); };
  const DiagonalProof proof =
      prove_by_double_backward(nll, some_weights(), at::zeros({3}, at::kDouble), 20, kKey);
  EXPECT_EQ(proof.worst_relative_error, 0);
  EXPECT_EQ(proof.rows.rows, 3);
  EXPECT_TRUE(std::isnan(proof.rows.diagonal_share));
  EXPECT_TRUE(std::isnan(proof.rows.largest_off_diagonal));
}

}  // namespace
}  // namespace varphase
