// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/ranks.hpp"

#include "src/base/atomic_file.hpp"
#include "src/distributed/c10d_communicator.hpp"
#include "src/distributed/rank_watch.hpp"

namespace varphase {
namespace {

RankWatch* watch_of_process = nullptr;

}  // namespace

struct Ranks::State {
  explicit State(const World& world)
      : watch(world, WatchTimes{}, [] { remove_unfinished_temporaries(); }),
        ranks(c10d_communicator(watch)),
        scope(*ranks) {
    watch_of_process = &watch;
  }
  ~State() { watch_of_process = nullptr; }

  RankWatch watch;
  std::unique_ptr<Communicator> ranks;
  CommunicatorScope scope;
};

Ranks::Ranks(const World& world) : state_(std::make_unique<State>(world)) {}
Ranks::~Ranks() = default;

int Ranks::failed(int code, const std::string& message) {
  const RankFailure failure = state_->watch.report(code, message);
  state_->watch.print(failure);
  return failure.code;
}

void begin_rescue() {
  if (watch_of_process != nullptr) watch_of_process->rescuing();
}

}  // namespace varphase
