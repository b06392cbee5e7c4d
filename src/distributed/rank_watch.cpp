// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/distributed/rank_watch.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <vector>

#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "src/base/console.hpp"
#include "src/base/error.hpp"
#include "src/base/json.hpp"

namespace varphase {
namespace {

using Clock = std::chrono::steady_clock;
using StorePointer = c10::intrusive_ptr<c10d::Store>;

constexpr const char* kFailureKey = "failure";
constexpr const char* kPrintedKey = "failure/printed";
constexpr const char* kSeenKey = "failure/seen";
constexpr const char* kLeftKey = "left";
constexpr const char* kDoneSign = "done";

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::string sign_key(std::int64_t rank) { return fmt::format("sign/{}", rank); }
std::string name_key(std::int64_t rank) { return fmt::format("name/{}", rank); }

std::string own_name() {
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  return fmt::format("process {} on {}", ::getpid(), host);
}

std::string text_of(const RankFailure& failure) {
  return Json{{"rank", failure.rank}, {"code", failure.code}, {"message", failure.message}}.dump();
}

RankFailure failure_of(const std::string& text) {
  const Json json = Json::parse(text);
  return {json.at("rank").get<std::int64_t>(), json.at("code").get<int>(),
          json.at("message").get<std::string>()};
}

/// First lines of what c10d says: what follows are addresses in its own code.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

StorePointer connect(const World& world, const WatchTimes& times, bool serves) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(world.port);
  options.isServer = serves;
  options.waitWorkers = false;
  options.timeout = milliseconds(times.meet);
  try {
    StorePointer store = c10::make_intrusive<c10d::TCPStore>(world.address, options);
    store->setTimeout(milliseconds(times.silent));
    return c10::make_intrusive<c10d::PrefixStore>("varphase/" + world.attempt, store);
  } catch (const std::exception& error) {
    fail(ErrorKind::device,
         "rank {} of {} {} {}:{}: {}\n  MASTER_ADDR and MASTER_PORT name the machine of rank 0 "
         "and a port that is free there",
         world.rank, world.size,
         serves ? "cannot keep the ranks' store at" : "did not meet rank 0 at", world.address,
         world.port, first_line(error.what()));
  }
}

}  // namespace

std::string RankFailure::text() const {
  return rank == 0 || message.rfind("rank ", 0) == 0 ? message
                                                     : fmt::format("rank {}: {}", rank, message);
}

struct RankWatch::State {
  World world;
  WatchTimes times;
  std::function<void()> ended;
  bool serves = false;
  StorePointer store, own;  // `own` is the watching thread's
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::optional<RankFailure> failure;
  std::atomic<bool> printed{false}, leaving{false}, suspects{false}, rescuing{false};
  std::thread thread;

  /// What is known of another rank: its last sign, and since when.
  struct Other {
    std::int64_t rank = 0;
    std::string name, sign;
    Clock::time_point since;
  };
  std::vector<Other> others;

  void run();
  bool meets();
  void look(bool met);
  void look_at(Other& other, const std::string& sign);
  void fail_with(const RankFailure& failure);
  void end_with_failure();
  void print_first(c10d::Store& by, const RankFailure& failure);
  bool sleep(double seconds);
};

bool RankWatch::State::sleep(double seconds) {
  std::unique_lock lock(mutex);
  changed.wait_for(lock, milliseconds(seconds), [&] { return leaving.load(); });
  return !leaving;
}

void RankWatch::State::fail_with(const RankFailure& one) {
  const std::lock_guard lock(mutex);
  if (!failure) failure = one;
  changed.notify_all();
}

/// Whether the ranks that are watched have come; then their names are known.
bool RankWatch::State::meets() {
  std::vector<std::string> names;
  for (const Other& other : others) names.push_back(name_key(other.rank));
  if (!own->check(names)) return false;
  for (Other& other : others) {
    other.name = own->get_to_str(name_key(other.rank));
    other.since = Clock::now();
  }
  return true;
}

void RankWatch::State::look_at(Other& other, const std::string& sign) {
  const Clock::time_point now = Clock::now();
  if (sign != other.sign || sign == kDoneSign) {
    other.sign = sign;
    other.since = now;
    return;
  }
  const double silent = std::chrono::duration<double>(now - other.since).count();
  if (silent < (suspects ? times.suspect : times.silent)) return;
  const RankFailure lost{
      other.rank, kDeviceError,
      fmt::format("rank {} ({}) has given no sign of life for {:.0f} s: it was killed, stopped or "
                  "cut off",
                  other.rank, other.name, silent)};
  own->compareSet(kFailureKey, "", text_of(lost));
}

void RankWatch::State::look(bool met) {
  if (own->check({kFailureKey})) {
    fail_with(failure_of(own->get_to_str(kFailureKey)));
    return;
  }
  if (!met) return;
  std::vector<std::string> keys;
  for (const Other& other : others) keys.push_back(sign_key(other.rank));
  const auto signs = own->multiGet(keys);
  for (std::size_t i = 0; i < others.size(); ++i)
    look_at(others[i], std::string(signs[i].begin(), signs[i].end()));
}

void RankWatch::State::print_first(c10d::Store& by, const RankFailure& failed) {
  if (printed.exchange(true)) return;
  print_err("varphase: {}\n", failed.text());
  try {
    by.set(kPrintedKey, "0");
  } catch (const std::exception&) {  // no store, nobody who waits for it
  }
}

/// The main thread has some time to end by itself; it may hang in a sum that never comes.
void RankWatch::State::end_with_failure() {
  if (world.first()) print_first(*own, *failure);
  const Clock::time_point since = Clock::now();
  while (sleep(0.1)) {
    const double waited = std::chrono::duration<double>(Clock::now() - since).count();
    if (waited < (rescuing ? times.rescue : times.notice)) continue;
    ended();
    std::_Exit(failure->code);
  }
}

void RankWatch::State::run() {
  const auto failed = [this] {
    const std::lock_guard lock(mutex);
    return failure.has_value();
  };
  try {
    own->set(sign_key(world.rank), "0");
    own->set(name_key(world.rank), own_name());
    bool met = false;
    for (std::int64_t count = 1; sleep(times.beat) && !failed(); ++count) {
      own->set(sign_key(world.rank), std::to_string(count));
      met = met || meets();
      look(met);
    }
    if (failed()) own->add(kSeenKey, 1);
  } catch (const std::exception& error) {
    fail_with({0, kDeviceError,
               fmt::format("rank {} ({}) lost the ranks' store at {}:{}, which {} keeps: {}",
                           world.rank, own_name(), world.address, world.port,
                           world.agent_store ? "torchrun" : "rank 0", first_line(error.what()))});
  }
  if (failed()) end_with_failure();
}

RankWatch::RankWatch(const World& world, const WatchTimes& times, std::function<void()> ended)
    : state_(std::make_unique<State>()) {
  // c10d logs every wait that is over and every broken connection with a trace of its own code; what they mean is told
  // here.
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = c10::GLOG_FATAL;
  State& s = *state_;
  s.world = world;
  s.times = times;
  s.ended = std::move(ended);
  s.serves = world.first() && !world.agent_store;
  s.store = connect(world, times, s.serves);
  s.own = connect(world, times, false);
  for (std::int64_t rank = world.first() ? 1 : 0; rank < (world.first() ? world.size : 1); ++rank)
    s.others.push_back({rank, "", "", Clock::now()});
  s.thread = std::thread([this] { state_->run(); });
}

RankWatch::~RankWatch() {
  State& s = *state_;
  {
    const std::lock_guard lock(s.mutex);
    s.leaving = true;
    s.changed.notify_all();
  }
  s.thread.join();
  try {
    s.store->set(sign_key(s.world.rank), kDoneSign);
    s.store->add(kLeftKey, 1);
    // The store ends with its keeper: the others have their last words with it first.
    const Clock::time_point since = Clock::now();
    const double patience = s.failure ? 4 * s.times.beat + 1 : s.times.meet;
    while (s.serves && s.store->add(kLeftKey, 0) < s.world.size &&
           std::chrono::duration<double>(Clock::now() - since).count() < patience) {
      if (s.failure && s.store->add(kSeenKey, 0) >= s.world.size) break;
      std::this_thread::sleep_for(milliseconds(0.02));
    }
  } catch (const std::exception&) {  // the store is gone: there is nobody to take leave of
  }
}

const World& RankWatch::world() const { return state_->world; }

std::optional<RankFailure> RankWatch::failure() const {
  const std::lock_guard lock(state_->mutex);
  return state_->failure;
}

void RankWatch::check() const {
  const std::optional<RankFailure> failed = failure();
  if (failed) throw Error(ErrorKind::device, failed->message);
}

RankFailure RankWatch::cause(const std::string& seen) {
  State& s = *state_;
  s.suspects = true;
  std::unique_lock lock(s.mutex);
  s.changed.wait_for(lock, milliseconds(s.times.suspect + 4 * s.times.beat),
                     [&] { return s.failure.has_value(); });
  if (s.failure) return *s.failure;
  return {s.world.rank, kDeviceError,
          fmt::format("rank {} ({}) lost its connection to another rank: {}", s.world.rank,
                      own_name(), first_line(seen))};
}

RankFailure RankWatch::report(int code, const std::string& message) {
  State& s = *state_;
  const std::optional<RankFailure> before = failure();
  if (before) return *before;
  const RankFailure own{s.world.rank, code, message};
  try {
    const RankFailure first = failure_of(s.store->compareSet(kFailureKey, "", text_of(own)));
    s.fail_with(first);
    return first;
  } catch (const std::exception&) {  // no store, nobody to tell
    return own;
  }
}

void RankWatch::print(const RankFailure& failure) {
  State& s = *state_;
  if (s.world.first()) {
    s.print_first(*s.store, failure);
    return;
  }
  // Where rank 0 cannot, the rank itself does, or one of those that found rank 0 gone.
  if (failure.rank != s.world.rank && failure.rank != 0) return;
  try {
    s.store->wait({kPrintedKey}, milliseconds(s.times.notice));
    return;
  } catch (const std::exception&) {  // nobody has
  }
  try {
    const std::string own = std::to_string(s.world.rank);
    if (s.store->compareSet(kPrintedKey, "", own) != own) return;
  } catch (const std::exception&) {  // the store is gone
  }
  resume_output();
  print_err("varphase: {}\n", failure.text());
}

void RankWatch::rescuing() { state_->rescuing = true; }

c10d::Store& RankWatch::store() { return *state_->store; }

}  // namespace varphase
