// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/distributed/world.hpp"

#include <charconv>
#include <cstdlib>

#include "src/base/error.hpp"

namespace varphase {
namespace {

// Ports that a job's number is mapped to: above those of services, below those that Linux hands out by itself.
constexpr std::int64_t kFirstPort = 20000, kPorts = 10000;
constexpr std::int64_t kDefaultPort = 29500;  // PyTorch's

/// The variables by which a starter says who is who.
struct Starter {
  const char* name;
  const char* rank;
  const char* size;
  const char* local_rank;
};
constexpr Starter kStarters[] = {
    {"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK"},
    {"mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"},
    // A batch script has SLURM_PROCID too, but no step of tasks: only srun sets their number.
    {"srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID"},
};

std::int64_t number(const Environment& environment, const char* name, std::int64_t least,
                    std::int64_t most) {
  const std::string text = environment(name);
  std::int64_t value = -1;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  VARPHASE_CHECK(
      status == std::errc() && end == text.data() + text.size() && value >= least && value <= most,
      ErrorKind::usage, "the variable {}={}: wants a number from {} to {}", name, text, least,
      most);
  return value;
}

/// "node[03-07,12]" -> "node03"; "a,b" -> "a".
std::string first_host(const std::string& list) {
  const std::size_t bracket = list.find('['), comma = list.find(',');
  if (bracket == std::string::npos || comma < bracket) return list.substr(0, comma);
  const std::size_t end = list.find_first_of("-,]", bracket);
  return list.substr(0, bracket) + list.substr(bracket + 1, end - bracket - 1);
}

/// A port that all processes of a job find by themselves, and other jobs on the machine hardly.
std::int64_t port_of(const std::string& job) {
  if (job.empty()) return kDefaultPort;
  std::uint64_t hash = 1469598103934665603U;  // FNV-1a
  for (const char c : job) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return kFirstPort + static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(kPorts));
}

std::string address_of(const Starter& starter, const Environment& environment) {
  std::string address = environment("MASTER_ADDR");
  if (!address.empty()) return address;
  if (starter.name == std::string("srun")) address = first_host(environment("SLURM_STEP_NODELIST"));
  if (starter.name == std::string("mpirun") &&
      environment("OMPI_COMM_WORLD_LOCAL_SIZE") == environment(starter.size))
    address = "127.0.0.1";
  VARPHASE_CHECK(!address.empty(), ErrorKind::usage,
                 "{}={} says that this is one of several processes, and MASTER_ADDR is not set\n  "
                 "set it to the machine of rank 0, or start by torchrun, which does",
                 starter.size, environment(starter.size));
  return address;
}

}  // namespace

World world_of(const Environment& environment) {
  const Starter* starter = nullptr;
  for (const Starter& candidate : kStarters) {
    if (environment(candidate.rank).empty() || environment(candidate.size).empty()) continue;
    starter = &candidate;
    break;
  }
  World world;
  if (starter == nullptr) return world;
  world.attempt = environment("TORCHELASTIC_RESTART_COUNT");
  world.size = number(environment, starter->size, 1, 1'000'000);
  world.rank = number(environment, starter->rank, 0, world.size - 1);
  if (world.alone()) return world;
  VARPHASE_CHECK(!environment(starter->local_rank).empty(), ErrorKind::usage,
                 "{}={} says that this is one of several processes, and {} is not set: which GPU "
                 "of its machine it takes",
                 starter->size, world.size, starter->local_rank);
  world.local_rank = number(environment, starter->local_rank, 0, world.size - 1);
  world.address = address_of(*starter, environment);
  world.port = environment("MASTER_PORT").empty()
                   ? port_of(environment("SLURM_JOB_ID") + environment("SLURM_STEP_ID") +
                             environment("PMIX_NAMESPACE"))
                   : number(environment, "MASTER_PORT", 1, 65535);
  world.agent_store = environment("TORCHELASTIC_USE_AGENT_STORE") == "True";
  return world;
}

World world_of_environment() {
  return world_of([](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  });
}

}  // namespace varphase
