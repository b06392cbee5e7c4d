// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

/// How far a result may be from its reference, and why so far: every tolerance of the C++ tests. A
/// test that fails is mended in the code: none of these is raised. Relative to the largest entry
/// (close) or to numbers near 1, unless said.
namespace varphase::tolerance {

// --- float64, epsilon 2.2e-16 ---------------------------------------------------------------
inline constexpr double kDoubleOperation = 1e-15;  // the same operations in another order
inline constexpr double kDoubleSteps = 1e-14;      // ten or so
inline constexpr double kDoubleFormula = 1e-13;    // exp, log and products; references of 17 digits
inline constexpr double kDoubleSum = 1e-12;        // sums over images, members or units
inline constexpr double kDoubleProduct = 1e-11;    // the same through two matrix products
inline constexpr double kDoubleBackward = 1e-9;    // autograd applied twice; long sums of seconds
inline constexpr double kQuadrature = 1e-8;        // the reference is a series or an integral
inline constexpr double kSeriesLimit = 1e-7;       // a limit beside the series that it ends
inline constexpr double kSeriesSlope = 1e-6;       // its derivatives lack terms of order sqrt(nu)
inline constexpr double kFiniteDifference = 1e-6;  // the reference is a difference of two values

// --- float32, epsilon 1.2e-7 ----------------------------------------------------------------
inline constexpr double kFloatProduct = 1e-7;     // one rounding, of half an epsilon
inline constexpr double kFloatFunction = 2.5e-7;  // exp, log: two epsilons
inline constexpr double kFloatRoundings = 4e-7;   // two or three
inline constexpr double kFloatNormal = 7e-7;      // a normal draw: a logarithm, a root, a cosine
inline constexpr double kFloatSteps = 1e-6;       // ten operations, nothing cancels
inline constexpr double kFloatLayer = 2e-6;       // a layer of some hundred inputs
inline constexpr double kFloatSquares = 3e-6;     // sums of squares and convolutions
inline constexpr double kFloatInverse = 4e-6;     // a logarithm and back; steps of an optimizer
inline constexpr double kFloatLongSum = 5e-6;     // sums of many, in an order of their own
inline constexpr double kFloatGradient = 1e-5;    // backward passes, probabilities' logarithms
inline constexpr double kFloatNetwork = 2e-5;     // through all layers, batch statistics too
inline constexpr double kFloatCurvature = 1e-4;   // second derivatives through a network
inline constexpr double kFloatParts = 2e-4;       // curvatures that were added in two orders
inline constexpr double kFloatTraining = 5e-4;    // some steps of training from sums in two orders
inline constexpr double kFloatShare = 1e-3;       // ratios of such sums
inline constexpr double kClearlyOther = 1e-3;     // results that have to differ are not this close

// --- rounded on purpose ---------------------------------------------------------------------
inline constexpr double kPublishedDigits = 5e-5;  // a reference of four decimals
inline constexpr double kBfloat16Step = 0.02;     // some products of inputs rounded to 2^-9
inline constexpr double kBfloat16Gradient = 0.1;  // backward, too, where a kink may be crossed
inline constexpr double kTf32Step = 0.005;        // the same of inputs rounded to 2^-11
inline constexpr double kTf32Gradient = 0.025;
inline constexpr double kLearnsAlike = 0.25;  // loss after a whole training in bfloat16
inline constexpr int kJpegLevels = 6;         // of 255: the best quality's own loss

// --- counted, in standard errors: one failure in 16,000, in 1.7 million ------------------------
inline constexpr double kStandardErrors = 4;
inline constexpr double kManyStandardErrors = 5;  // where thousands of numbers are compared

}  // namespace varphase::tolerance
