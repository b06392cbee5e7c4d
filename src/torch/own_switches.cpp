// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/torch/own_switches.hpp"

#include <array>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/DefaultDtype.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace varphase {
namespace {

constexpr const char* kWorkspace = "CUBLAS_WORKSPACE_CONFIG";  // what set_numerics sets

using at::Float32Backend;
using at::Float32Op;
using at::Float32Precision;

/// What float32 products are made of: PyTorch keeps it twice, by an older interface and by a newer
/// one, and refuses to read the older where the two do not agree.
class Float32Products {
 public:
  /// Saves what is set, and sets what a new process has.
  Float32Products() {
    at::Context& context = at::globalContext();
    // One that is not set is read as the more general one before it: read, it is cleared.
    for (std::size_t i = 0; i < kEntries.size(); ++i) {
      const auto [backend, op] = kEntries[i];
      entries_[i] = context.float32Precision(backend, op);
      context.setFloat32Precision(backend, op, Float32Precision::NONE);
    }
    matmul_ = context.float32MatmulPrecision();
    conv_ = older_conv(context);
    context.setFloat32MatmulPrecision("highest");
    context.setAllowTF32CuDNN(true);
  }

  ~Float32Products() {
    at::Context& context = at::globalContext();
    context.setFloat32MatmulPrecision(matmul_ == at::Float32MatmulPrecision::HIGHEST ? "highest"
                                      : matmul_ == at::Float32MatmulPrecision::HIGH  ? "high"
                                                                                     : "medium");
    context.setAllowTF32CuDNN(conv_);
    for (std::size_t i = 0; i < kEntries.size(); ++i)
      context.setFloat32Precision(kEntries[i].first, kEntries[i].second, entries_[i]);
  }

  Float32Products(const Float32Products&) = delete;
  Float32Products& operator=(const Float32Products&) = delete;

 private:
  static constexpr std::array<std::pair<Float32Backend, Float32Op>, 9> kEntries{
      {{Float32Backend::GENERIC, Float32Op::ALL},
       {Float32Backend::CUDA, Float32Op::ALL},
       {Float32Backend::CUDA, Float32Op::CONV},
       {Float32Backend::CUDA, Float32Op::RNN},
       {Float32Backend::CUDA, Float32Op::MATMUL},
       {Float32Backend::MKLDNN, Float32Op::ALL},
       {Float32Backend::MKLDNN, Float32Op::CONV},
       {Float32Backend::MKLDNN, Float32Op::RNN},
       {Float32Backend::MKLDNN, Float32Op::MATMUL}}};

  static bool older_conv(at::Context& context) {
    for (const Float32Op op : {Float32Op::CONV, Float32Op::RNN})
      context.setFloat32Precision(Float32Backend::CUDA, op, Float32Precision::TF32);
    try {
      return context.allowTF32CuDNN();
    } catch (const c10::Error&) {  // they do not agree
      return false;
    }
  }

  std::array<Float32Precision, kEntries.size()> entries_{};
  at::Float32MatmulPrecision matmul_;
  bool conv_;
};

/// What all threads of a process share.
class Shared {
 public:
  Shared() {
    if (const char* given = std::getenv(kWorkspace)) workspace_ = given;
    c10::set_default_dtype(caffe2::TypeMeta::Make<float>());
  }

  ~Shared() {
    at::Context& context = at::globalContext();
    context.setDeterministicAlgorithms(deterministic_, warn_only_);
    context.setDeterministicFillUninitializedMemory(fill_);
    context.setDeterministicCuDNN(cudnn_);
    context.setBenchmarkCuDNN(benchmark_);
    using Option = at::CuBLASReductionOption;
    context.setAllowBF16ReductionCuBLAS(
        reduction_ == Option::AllowReducedPrecisionWithSplitK,
        reduction_ != Option::DisallowReducedPrecisionDisallowSplitK);
    c10::set_default_dtype(type_);
    if (workspace_)
      ::setenv(kWorkspace, workspace_->c_str(), 1);
    else
      ::unsetenv(kWorkspace);
  }

  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

 private:
  const at::Context& before_ = at::globalContext();
  bool deterministic_ = before_.deterministicAlgorithms(),
       warn_only_ = before_.deterministicAlgorithmsWarnOnly(),
       fill_ = before_.deterministicFillUninitializedMemory(),
       cudnn_ = before_.deterministicCuDNN(), benchmark_ = before_.benchmarkCuDNN();
  at::CuBLASReductionOption reduction_ = before_.allowBF16ReductionCuBLAS();
  caffe2::TypeMeta type_ = c10::get_default_dtype();
  std::optional<std::string> workspace_;
  Float32Products products_;
};

std::mutex& shared_mutex() {
  static std::mutex mutex;
  return mutex;
}

/// Of threads that hold one at once: how many, and what the first of them found.
int threads_within = 0;
std::optional<Shared> found_first;
/// How many this thread holds, one within the other.
thread_local int held_by_thread = 0;

std::optional<c10::Device> current_gpu() {
  if (!at::globalContext().hasCUDA()) return std::nullopt;
  return c10::impl::VirtualGuardImpl(c10::kCUDA).getDevice();
}

}  // namespace

struct OwnSwitches::State {
  State() {
    if (held_by_thread++ > 0) {
      within.emplace();
    } else {
      const std::lock_guard lock(shared_mutex());
      if (threads_within++ == 0) found_first.emplace();
    }
  }

  ~State() {
    if (at::get_num_threads() != threads) at::set_num_threads(threads);
    if (gpu) c10::impl::VirtualGuardImpl(c10::kCUDA).uncheckedSetDevice(*gpu);
    if (--held_by_thread == 0) {
      const std::lock_guard lock(shared_mutex());
      if (--threads_within == 0) found_first.reset();
    }
  }

  State(const State&) = delete;
  State& operator=(const State&) = delete;

  int threads = at::get_num_threads();
  std::optional<c10::Device> gpu = current_gpu();
  c10::InferenceMode gradients{false};
  c10::impl::ExcludeDispatchKeyGuard autocast{c10::autocast_dispatch_keyset};
  std::optional<Shared> within;
};

OwnSwitches::OwnSwitches() : state_(std::make_unique<State>()) {}

OwnSwitches::~OwnSwitches() = default;

}  // namespace varphase
