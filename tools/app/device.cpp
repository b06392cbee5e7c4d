// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/device.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#if VARPHASE_CUDA
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAFunctions.h>
#endif

#include <charconv>
#include <fstream>
#include <malloc.h>

#include "src/base/error.hpp"
#include "src/base/instruction_set.hpp"
#include "src/distributed/communicator.hpp"
#include "src/torch/kernel_arguments.hpp"

namespace varphase {
namespace {

std::string first_line_value(const std::string& file, const std::string& key) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind(key, 0) != 0) continue;
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos && colon + 2 <= line.size()) return line.substr(colon + 2);
  }
  return "";
}

int cuda_devices() {
#if VARPHASE_CUDA
  return at::hasCUDA() ? static_cast<int>(c10::cuda::device_count()) : 0;
#else
  return 0;
#endif
}

}  // namespace

void keep_freed_memory() {
  ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
  ::mallopt(M_TRIM_THRESHOLD, 2147483647);
  ::mallopt(M_TOP_PAD, 64 << 20);
}

namespace {

at::Device chosen_device(const DeviceChoice& choice) {
  use_torch_threads();  // one pool of threads for Torch and the kernels
  if (choice.threads > 0) at::set_num_threads(static_cast<int>(choice.threads));
  const int gpus = cuda_devices();
  const Communicator& ranks = communicator();
  const std::string& name = choice.device;
  if (name == "cpu" || (name == "auto" && gpus == 0)) return at::kCPU;
  int index = 0;
  if (name.rfind("cuda:", 0) == 0) {
    const char* last = name.data() + name.size();
    const auto [end, status] = std::from_chars(name.data() + 5, last, index);
    VARPHASE_CHECK(status == std::errc() && end == last && index >= 0, ErrorKind::usage,
                   "--device {}: wants auto, cpu, cuda or cuda:N", name);
  } else {
    VARPHASE_CHECK(name == "cuda" || name == "auto", ErrorKind::usage,
                   "--device {}: wants auto, cpu, cuda or cuda:N", name);
    // Where each process is shown its own GPU alone, that one is the first.
    if (gpus > 1) index = static_cast<int>(ranks.local_rank());
  }
  VARPHASE_CHECK(ranks.alone() || name.rfind("cuda:", 0) != 0, ErrorKind::usage,
                 "--device {}: {} ranks take a GPU each, by their number on their machine\n  give "
                 "--device cuda",
                 name, ranks.size());
  VARPHASE_CHECK(ranks.alone() || index < gpus, ErrorKind::device,
                 "rank {} is number {} on its machine, which has {} GPUs\n  start as many "
                 "processes on a machine as it has GPUs, or give --device cpu",
                 ranks.rank(), ranks.local_rank(), gpus);
  VARPHASE_CHECK(
      index < gpus, ErrorKind::device,
      "--device {}: {} CUDA devices are usable{}\n  --device cpu runs everything on the CPU", name,
      gpus, VARPHASE_CUDA ? "" : " (this build has no CUDA)");
#if VARPHASE_CUDA
  c10::cuda::set_device(static_cast<c10::DeviceIndex>(index));
#endif
  return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
}

}  // namespace

at::Device open_device(const DeviceChoice& choice) {
  const at::Device device = chosen_device(choice);
  communicator().open(device);
  return device;
}

std::string device_name(at::Device device) {
#if VARPHASE_CUDA
  if (device.is_cuda()) return at::cuda::getDeviceProperties(device.index())->name;
#endif
  const int threads = at::get_num_threads();
  const std::string model = first_line_value("/proc/cpuinfo", "model name");
  return fmt::format("{}, {}, {} thread{}", model.empty() ? device.str() : model, instruction_set(),
                     threads, threads == 1 ? "" : "s");
}

}  // namespace varphase
