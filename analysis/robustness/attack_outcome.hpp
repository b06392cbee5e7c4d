// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "checkpoints/document.hpp"

namespace varphase {

/// What became of N attacked images, image by image: of the start (restart) that was kept of each. T of the S + 1 points
/// of an attack of S steps are judged.
struct AttackOutcome {
  /// By one judge: of image n at the judged point t entry n * T + t.
  struct Judged {
    std::vector<std::int32_t> predicted;
    std::vector<float> entropy;  // nats
  };

  bool targeted = false;
  std::int64_t steps = 0;
  std::vector<std::int64_t> judged_steps;  // [T], from 0 (the start) to S
  std::vector<std::int64_t> image;         // [N], numbers in the data's file
  std::vector<std::int64_t> label, aim;    // [N]; aim: the target, or the label where there is none
  std::vector<std::int64_t> restart;       // [N]
  std::vector<float> loss;                 // [N, S + 1], nats, -log p[aim] by the attack's draws
  std::vector<float> linf, l2;             // [N], how far the image was moved, pixel units
  std::vector<Judged> judges;              // [J]
  std::vector<std::int64_t> shape;         // of an image, [C, H, W]
  std::vector<float> pixels;               // [N, C, H, W], 0 .. 255; empty where not kept

  std::int64_t count() const { return static_cast<std::int64_t>(image.size()); }
  std::size_t points() const { return judged_steps.size(); }
  /// Whether image n counts as a success at judged point t: it is taken for its target, or without one for anything but
  /// its label.
  bool succeeds(std::size_t judge, std::size_t n, std::size_t t) const;

  /// More images of the same attack.
  void append(const AttackOutcome& more);
};

/// The kind of its file (FORMAT.md).
inline constexpr const char* kAttackKind = "attack";

/// @param attributes  what the file says of its making
Document to_document(const AttackOutcome& outcome,
                     std::vector<std::pair<std::string, Attribute>> attributes);
/// @throws Error format where arrays are missing or do not fit each other.
AttackOutcome outcome_from_document(const Document& document, const std::string& origin);

}  // namespace varphase
