// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

namespace varphase {

/// Lists of numbers whose sums over all ranks are made again and again, each beside the work that makes the next one. All
/// ranks make the same calls in the same order.
class RankSums {
 public:
  virtual ~RankSums() = default;
  RankSums(const RankSums&) = delete;
  RankSums& operator=(const RankSums&) = delete;

  /// Where this rank's numbers go: [n_i], written by start's `fill` alone.
  const at::Tensor& own(std::size_t i) const { return own_[i]; }
  /// float32 [n_i]: what was added up, valid from wait(i) until the next start(i).
  const at::Tensor& sum(std::size_t i) const { return sum_[i]; }
  /// @param fill  writes own(i) from what the current stream has made by now; what it reads has to stay until wait(i)
  virtual void start(std::size_t i, const std::function<void()>& fill) = 0;
  /// On a CPU: until sum(i) is there; on a GPU the current stream waits, not the host.
  virtual void wait(std::size_t i) = 0;

 protected:
  RankSums(std::vector<at::Tensor> own, std::vector<at::Tensor> sum)
      : own_(std::move(own)), sum_(std::move(sum)) {}
  /// Lists of `options`' type, which are added up where they lie if that is float32.
  RankSums(const std::vector<std::int64_t>& lengths, const at::TensorOptions& options);
  /// After a sum in place.
  void widen(std::size_t i);

 private:
  std::vector<at::Tensor> own_, sum_;
};

}  // namespace varphase
