// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include "src/distributed/rank_sums.hpp"

namespace varphase {

struct RankLines;

/// What processes (ranks) that work on one thing say to each other. All ranks make the same calls in the same order.
/// Tensors lie on the device that open() named, or on the host; results have the same bits on every rank, and with the
/// same number of ranks the same bits run after run. Every call throws Error device where another rank is gone, with
/// what is known of it.
class Communicator {
 public:
  Communicator() = default;
  virtual ~Communicator() = default;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  virtual std::int64_t rank() const = 0;
  virtual std::int64_t size() const = 0;
  /// Among those of its machine.
  virtual std::int64_t local_rank() const = 0;
  bool alone() const { return size() == 1; }
  bool first() const { return rank() == 0; }

  /// To be called once the rank knows its device, before all that follows: NCCL between GPUs, Gloo between CPUs.
  virtual void open(at::Device device) = 0;

  /// Sums over all ranks, in place. On a GPU it is queued on the current stream and may be captured.
  virtual void all_reduce(const at::Tensor& tensor) = 0;
  /// Lists of numbers of a type, float32 or bfloat16 on this rank's device, that are added up beside other work.
  virtual std::unique_ptr<RankSums> open_sums(const std::vector<std::int64_t>& lengths,
                                              const at::TensorOptions& options) = 0;
  /// Where kernels of all ranks add numbers up by themselves; null where ranks are not GPUs of one machine that reach each
  /// other's memory.
  virtual const RankLines* lines() const { return nullptr; }
  /// Those of rank 0 to all, in place.
  virtual void broadcast(const std::vector<at::Tensor>& tensors) = 0;
  /// Every rank's tensor, by rank, to all of them: [n_r, ...] of one type, lengths n_r may differ.
  virtual std::vector<at::Tensor> gather(const at::Tensor& own) = 0;
  /// Waits until all ranks are here. @throws Error device after so many seconds, saying how many are missing.
  virtual void barrier(const std::string& what, double seconds) = 0;
  /// Whether any rank wants it, the same answer to all; may come some calls late. Costs the GPU nothing.
  virtual bool any_wants(bool wish) = 0;

  /// Every rank's bytes, by rank.
  std::vector<std::string> gather_bytes(const std::string& own);
  /// Those of rank 0. @param own  of rank 0; others' are not looked at
  std::string broadcast_bytes(const std::string& own);
  /// Where this rank's share of `count` things in order begins; that of rank size() is `count`. Shares differ by one at
  /// most.
  std::int64_t share_begin(std::int64_t count) const { return count * rank() / size(); }
  std::int64_t share_end(std::int64_t count) const { return count * (rank() + 1) / size(); }
};

/// Of a process that works alone: every call does at once what it does among one.
std::unique_ptr<Communicator> single_communicator();

/// The one of this process: single, until CommunicatorScope makes it another.
Communicator& communicator();

/// Makes a communicator that of the process, for as long as it lives.
class CommunicatorScope {
 public:
  explicit CommunicatorScope(Communicator& one);
  ~CommunicatorScope();
  CommunicatorScope(const CommunicatorScope&) = delete;
  CommunicatorScope& operator=(const CommunicatorScope&) = delete;
};

}  // namespace varphase
