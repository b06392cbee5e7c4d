// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace varphase {

/// Calls work(i) for i = 0 .. count - 1 on several threads, in pieces. The first exception is thrown on.
/// @param threads  0: one for each core
template <class Work>
void on_all_cores(std::size_t count, unsigned threads, const Work& work, std::size_t piece = 64) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex failed;
  const auto run = [&] {
    try {
      for (std::size_t first = next.fetch_add(piece); first < count;
           first = next.fetch_add(piece)) {
        for (std::size_t i = first; i < std::min(first + piece, count); ++i) work(i);
      }
    } catch (...) {
      const std::lock_guard<std::mutex> lock(failed);
      if (failure == nullptr) failure = std::current_exception();
      next = count;
    }
  };
  const unsigned cores = threads > 0 ? threads : std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::jthread> team;
  for (unsigned i = 1; i < cores && i * piece < count; ++i) team.emplace_back(run);
  run();
  team.clear();
  if (failure != nullptr) std::rethrow_exception(failure);
}

}  // namespace varphase
