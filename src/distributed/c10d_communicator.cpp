// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/distributed/c10d_communicator.hpp"

#include <algorithm>
#include <chrono>

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#if VARPHASE_GLOO
#ifndef USE_C10D_GLOO
#define USE_C10D_GLOO
#endif
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif
#if VARPHASE_NCCL
#ifndef USE_C10D_NCCL
#define USE_C10D_NCCL
#endif
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include "src/base/error.hpp"
#include "src/distributed/memory_sums.hpp"
#include "src/distributed/rank_memory.hpp"
#include "src/distributed/side_stream.hpp"

namespace varphase {
namespace {

using Clock = std::chrono::steady_clock;
using BackendPointer = c10::intrusive_ptr<c10d::Backend>;

// What ends a hanging rank is RankWatch; c10d's own limit only has to be longer than anything that one rank does while
// the others wait for it.
constexpr std::chrono::milliseconds kLongest = std::chrono::hours(48);
constexpr std::chrono::milliseconds kSlice{500};
// On a GPU steps are queued ahead, and a question to the store would hold the host at each.
constexpr std::int64_t kCallsPerQuestion = 8;
// Entries of a broadcast, which are copied for it.
constexpr std::int64_t kBroadcastEntries = 16 << 20;
// Answers that no rank can be waiting for any more: a GPU's queue of launches is shorter.
constexpr std::int64_t kOldAnswer = 4096;

[[maybe_unused]] BackendPointer open_gloo([[maybe_unused]] RankWatch& watch) {
#if VARPHASE_GLOO
  const World& world = watch.world();
  auto options = c10d::ProcessGroupGloo::Options::create(kLongest);
  // Ranks of one machine by its own address, whatever its name resolves to.
  options->devices.push_back(world.address == "127.0.0.1" || world.address == "localhost"
                                 ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                 : c10d::ProcessGroupGloo::createDefaultDevice());
  auto store = c10::make_intrusive<c10d::PrefixStore>(
      "gloo", c10::intrusive_ptr<c10d::Store>::reclaim_copy(&watch.store()));
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, static_cast<int>(world.rank),
                                                     static_cast<int>(world.size), options);
#else
  fail(ErrorKind::unsupported,
       "{} processes on CPUs: this build has no Gloo\n  build it where gloo's headers are (Debian: "
       "libgloo-dev), or give every process a GPU",
       watch.world().size);
#endif
}

[[maybe_unused]] BackendPointer open_nccl([[maybe_unused]] RankWatch& watch,
                                          [[maybe_unused]] at::Device device) {
#if VARPHASE_NCCL
  const World& world = watch.world();
  auto options = c10d::ProcessGroupNCCL::Options::create(true);
  options->timeout = kLongest;
  auto store = c10::make_intrusive<c10d::PrefixStore>(
      "nccl", c10::intrusive_ptr<c10d::Store>::reclaim_copy(&watch.store()));
  auto group = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, static_cast<int>(world.rank),
                                                           static_cast<int>(world.size), options);
  group->setBoundDeviceId(device);
  return group;
#else
  fail(ErrorKind::unsupported,
       "{} processes on GPUs: this build has no NCCL\n  build it where nccl.h is (PyPI: "
       "nvidia-nccl-cu13, which torch brings)",
       watch.world().size);
#endif
}

class C10dCommunicator final : public Communicator {
 public:
  explicit C10dCommunicator(RankWatch& watch) : watch_(watch), device_(at::kCPU) {}
  ~C10dCommunicator() override {
    // A group whose peers are gone would wait for them.
    if (!watch_.failure()) return;
    if (group_) static_cast<void>(group_.release());
  }

  std::int64_t rank() const override { return watch_.world().rank; }
  std::int64_t size() const override { return watch_.world().size; }
  std::int64_t local_rank() const override { return watch_.world().local_rank; }

  void open(at::Device device) override {
    if (group_) return;
    device_ = device;
    // All are there, or what keeps one away is known, before a backend waits for them.
    const std::string kind = device.is_cuda() ? "a GPU" : "the CPU";
    guarded([&] { watch_.store().set(fmt::format("device/{}", rank()), kind); });
    barrier("the ranks' start", kStartSeconds);
    std::string others;
    guarded([&] { others = watch_.store().get_to_str("device/0"); });
    VARPHASE_CHECK(others == kind, ErrorKind::device,
                   "rank {} is on {}, rank 0 on {}\n  --device cpu or --device cuda says where all "
                   "ranks are",
                   rank(), kind, others);
    guarded([&] { group_ = device.is_cuda() ? open_nccl(watch_, device) : open_gloo(watch_); });
    if (!device.is_cuda()) return;
    memory_ = open_memory(RankLines::bytes(size(), RankLines::kMostPlaces));
    if (memory_) lines_ = lines_in(*memory_, *this);
  }

  const RankLines* lines() const override { return memory_ ? &lines_ : nullptr; }

  void all_reduce(const at::Tensor& tensor) override {
    check_open();
    if (tensor.device() != device_) {
      at::Tensor there = tensor.to(device_);
      all_reduce(there);
      at::Tensor(tensor).copy_(there);
      return;
    }
    guarded([&] {
      std::vector<at::Tensor> list{tensor};
      c10d::AllreduceOptions options;
      options.asyncOp = !device_.is_cuda();  // on a GPU: on the current stream
      wait(group_->allreduce(list, options));
    });
  }

  std::unique_ptr<RankSums> open_sums(const std::vector<std::int64_t>& lengths,
                                      const at::TensorOptions& options) override {
    check_open();
    std::unique_ptr<RankSums> sums;
    if (memory_)
      sums = open_memory_sums(*this, lengths, options,
                              [this](std::int64_t bytes) { return open_memory(bytes); });
    if (!sums) sums = std::make_unique<GroupSums>(*this, lengths, options);
    return sums;
  }

  void broadcast(const std::vector<at::Tensor>& tensors) override {
    check_open();
    std::vector<at::Tensor> there;
    for (const at::Tensor& tensor : tensors) {
      // A backend takes dense ones; what lies channels-last goes as it lies.
      there.push_back(tensor.detach().to(device_));
      if (!there.back().is_non_overlapping_and_dense()) there.back() = there.back().contiguous();
    }
    std::vector<at::Tensor> together;
    std::int64_t entries = 0;
    for (const at::Tensor& tensor : there) {
      if (!together.empty() && (together[0].scalar_type() != tensor.scalar_type() ||
                                entries + tensor.numel() > kBroadcastEntries)) {
        broadcast_at_once(together);
        together.clear();
        entries = 0;
      }
      together.push_back(tensor.as_strided({tensor.numel()}, {1}));
      entries += tensor.numel();
    }
    if (!together.empty()) broadcast_at_once(together);
    for (std::size_t i = 0; i < tensors.size() && !first(); ++i) {
      if (!there[i].is_same(tensors[i])) tensors[i].detach().copy_(there[i]);
    }
  }

  std::vector<at::Tensor> gather(const at::Tensor& own) override {
    check_open();
    const at::Tensor lengths = at::zeros({size()}, at::kLong);
    lengths[rank()].fill_(own.size(0));
    all_reduce(lengths);
    const auto longest = lengths.max().item<std::int64_t>();
    std::vector<std::int64_t> shape = own.sizes().vec();
    shape[0] = longest;
    at::Tensor padded = at::zeros(shape, own.options().device(device_));
    padded.narrow(0, 0, own.size(0)).copy_(own);
    std::vector<std::vector<at::Tensor>> all(1);
    for (std::int64_t i = 0; i < size(); ++i) all[0].push_back(at::empty_like(padded));
    guarded([&] {
      std::vector<at::Tensor> list{padded};
      c10d::AllgatherOptions options;
      options.asyncOp = !device_.is_cuda();
      wait(group_->allgather(all, list, options));
    });
    std::vector<at::Tensor> parts;
    for (std::int64_t i = 0; i < size(); ++i)
      parts.push_back(all[0][static_cast<std::size_t>(i)]
                          .narrow(0, 0, lengths[i].item<std::int64_t>())
                          .to(own.device()));
    return parts;
  }

  void barrier(const std::string& what, double seconds) override {
    const std::string key = fmt::format("barrier/{}", barriers_++);
    const Clock::time_point since = Clock::now();
    guarded([&] {
      c10d::Store& store = watch_.store();
      if (store.add(key, 1) == size()) store.set(key + "/all", "1");
      while (!arrives(key + "/all")) {
        const double waited = std::chrono::duration<double>(Clock::now() - since).count();
        VARPHASE_CHECK(waited < seconds, ErrorKind::device,
                       "{}: {} of {} ranks came within {:.0f} s", what, store.add(key, 0), size(),
                       seconds);
      }
    });
  }

  bool any_wants(bool wish) override {
    const std::int64_t call = calls_++;
    if (device_.is_cuda() && call % kCallsPerQuestion != 0) return stops_;
    if (stops_) return true;
    guarded([&] {
      c10d::Store& store = watch_.store();
      if (wish && !wished_) {
        store.set("wish", "1");
        wished_ = true;
      }
      const std::string key = fmt::format("wanted/{}", call);
      if (first()) {
        stops_ = wish || store.check({"wish"});
        store.set(key, stops_ ? "1" : "0");
        if (call >= kOldAnswer) store.deleteKey(fmt::format("wanted/{}", call - kOldAnswer));
      } else {
        while (!arrives(key)) {
        }
        stops_ = store.get_to_str(key) == "1";
      }
    });
    return stops_;
  }

 private:
  static constexpr double kStartSeconds = 120;

  /// By the process group.
  class GroupSums final : public RankSums {
   public:
    GroupSums(C10dCommunicator& owner, const std::vector<std::int64_t>& lengths,
              const at::TensorOptions& options)
        : RankSums(lengths, options),
          owner_(owner),
          side_(options.device()),
          works_(lengths.size()) {}

    void start(std::size_t i, const std::function<void()>& fill) override {
      const c10::OptionalStreamGuard beside(side_.after_current());
      fill();
      owner_.guarded([&] {
        std::vector<at::Tensor> list{own(i)};
        works_[i] = owner_.group_->allreduce(list, {});
      });
    }
    void wait(std::size_t i) override {
      owner_.guarded([&] { owner_.wait(works_[i]); });
      works_[i].reset();
      widen(i);
    }

   private:
    C10dCommunicator& owner_;
    SideStream side_;
    std::vector<c10::intrusive_ptr<c10d::Work>> works_;
  };

  /// Of one type and dimension each. A call for each would cost a delay for each.
  void broadcast_at_once(const std::vector<at::Tensor>& tensors) {
    at::Tensor flat = tensors.size() == 1 ? tensors[0] : at::cat(tensors);
    if (flat.scalar_type() == at::kBool) flat = flat.to(at::kByte);
    guarded([&] {
      std::vector<at::Tensor> list{flat};
      c10d::BroadcastOptions options;
      options.asyncOp = !device_.is_cuda();
      wait(group_->broadcast(list, options));
    });
    if (first() || flat.is_same(tensors[0])) return;
    std::int64_t offset = 0;
    for (const at::Tensor& tensor : tensors) {
      tensor.copy_(flat.narrow(0, offset, tensor.numel()));
      offset += tensor.numel();
    }
  }

  /// Null where open_rank_memory gives none.
  std::shared_ptr<RankMemory> open_memory(std::int64_t bytes) {
    // To free it would wait for kernels that wait for ranks that are gone.
    return {open_rank_memory(*this, bytes).release(), [this](RankMemory* memory) {
              if (!watch_.failure()) delete memory;
            }};
  }

  void check_open() const {
    VARPHASE_CHECK(group_.defined(), ErrorKind::device, "rank {}: no device was opened", rank());
  }

  /// Whether a key of the store comes within a slice of time.
  bool arrives(const std::string& key) {
    watch_.check();
    try {
      watch_.store().wait({key}, kSlice);
      return true;
    } catch (const c10::DistStoreError&) {  // its way to say that the time is over
      return false;
    }
  }

  /// On a CPU the host waits, and looks up now and then whether somebody failed.
  void wait(const c10::intrusive_ptr<c10d::Work>& work) {
    if (!work) return;
    if (device_.is_cuda()) {
      work->wait();
      return;
    }
    while (true) {
      watch_.check();
      try {
        work->wait(kSlice);
        return;
      } catch (const std::exception& error) {
        if (work->isCompleted() || std::string(error.what()).find("timed out") == std::string::npos)
          throw;
      }
    }
  }

  /// Whatever c10d throws becomes the cause that the ranks' watch finds.
  template <class Work>
  void guarded(const Work& work) {
    try {
      work();
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      throw Error(ErrorKind::device, watch_.cause(error.what()).message);
    }
  }

  RankWatch& watch_;
  at::Device device_;
  BackendPointer group_;
  std::shared_ptr<RankMemory> memory_;  // of GPUs that reach each other
  RankLines lines_;                     // there
  std::int64_t barriers_ = 0, calls_ = 0;
  bool wished_ = false, stops_ = false;
};

}  // namespace

std::unique_ptr<Communicator> c10d_communicator(RankWatch& watch) {
  return std::make_unique<C10dCommunicator>(watch);
}

}  // namespace varphase
