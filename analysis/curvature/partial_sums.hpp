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

/// Thrown where a stop was asked for and the sums so far are saved.
struct Interrupted : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};

/// Sums of a pass over images that is not done.
struct PartialSums {
  std::int64_t next = 0;              // the first image that is not in them
  std::vector<LayerDiagonal> sums;    // by layer of the pass
  std::vector<std::int64_t> factors;  // likewise, as SecondOrder has them
};

/// What a pass computes, so that sums of another one are told apart.
struct PartialPass {
  Json request;             // all that its bits depend on beside the place's origin
  std::int64_t images = 0;  // of the whole pass
  std::vector<std::vector<std::int64_t>> shapes;  // of the weights, by layer
  std::int64_t quantities = 1;                    // sums a layer
};

struct PartialPlace {
  std::filesystem::path folder;  // made with the first file
  std::string name;              // that its files begin with
  Json origin;                   // program, device, checkpoint, images: what the passes are of
  std::function<bool()> stop;    // asked after every chunk: save and end?
  std::function<void(const std::string&)> say;  // told where a pass goes on
  double seconds = 30;                          // between two saves, at least
};

/// Where long passes save their sums now and then, so that the same request goes on from there
/// after an interruption, bit for bit. A file is named by a digest of origin and request; one that
/// is damaged or of another pass is left aside with a warning. Saving takes at most a twentieth of
/// the time.
class PartialFiles {
 public:
  explicit PartialFiles(PartialPlace place);

  /// A pass begins. @return where it goes on, on that device; none: at the first image.
  std::optional<PartialSums> begin(const PartialPass& pass, at::Device device);
  /// Told after every chunk of the pass: saves where it is time. @throws Interrupted after a save
  /// where a stop is asked for; Error io.
  void keep(const PartialSums& sums);
  /// The result is written: the files of all passes go, and the folder where it is empty.
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
