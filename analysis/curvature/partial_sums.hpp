// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "analysis/curvature/second_order.hpp"
#include "src/base/json.hpp"

namespace varphase {

/// Thrown when a stop was asked for, after the sums so far were saved.
struct Interrupted : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};

/// The sums of a pass over images that is not at its end.
struct PartialSums {
  std::int64_t next = 0;              // the first image that is not in the sums
  std::vector<LayerDiagonal> sums;    // by layer of the pass
  std::vector<std::int64_t> factors;  // likewise, as SecondOrder has them
};

/// What a pass computes, by which the sums of one pass are told from those of another.
struct PartialPass {
  Json request;  // everything beside PartialPlace::origin that the bits of the sums depend on
  std::int64_t images = 0;                        // of the whole pass
  std::vector<std::vector<std::int64_t>> shapes;  // of the weights, by layer
  std::int64_t quantities = 1;                    // sums per layer
};

/// Where sums are saved, and what the passes work on.
struct PartialPlace {
  std::filesystem::path folder;  // created when the first file is written
  std::string name;              // the files' names begin with this
  Json origin;                   // program, device, checkpoint and images of the passes
  std::function<bool()> stop;    // asked after every chunk whether to save and stop
  std::function<void(const std::string&)>
      say;              // is given the message that a pass goes on from saved sums
  double seconds = 30;  // between two saves, at least
};

/// Saves the sums of long passes now and then, so that the same request can go on after an interruption and end with
/// the same bits. Files are named by a digest of origin and request; one that is damaged, or of another pass, is
/// ignored with a warning. Saving takes at most a twentieth of the time.
class PartialFiles {
 public:
  explicit PartialFiles(PartialPlace place);

  /// Begins a pass. @return the saved sums to go on from, on that device; none: begin at the first image
  std::optional<PartialSums> begin(const PartialPass& pass, at::Device device);
  /// To be called after every chunk: saves the sums when it is time.
  /// @throws Interrupted after a save where a stop is asked for; Error io.
  void keep(const PartialSums& sums);
  /// To be called when the result is written: deletes the files of all passes, and the folder where it is empty.
  void remove();
  bool stop_asked() const { return place_.stop && place_.stop(); }

 private:
  using Clock = std::chrono::steady_clock;
  PartialSums read(const std::filesystem::path& path, at::Device device) const;
  void save(const PartialSums& sums);

  PartialPlace place_;
  PartialPass pass_;
  std::string text_;                          // origin and request
  std::vector<std::filesystem::path> files_;  // of the passes so far
  Clock::time_point saved_ = Clock::now();
  double took_ = 0;  // seconds, the last save
};

}  // namespace varphase
