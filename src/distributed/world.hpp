// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace varphase {

/// Which of several processes this one is, and where the first of them is met. Whoever starts them (torchrun, mpirun,
/// srun) says so in environment variables; a process that was started alone is rank 0 of 1.
struct World {
  std::int64_t rank = 0;
  std::int64_t size = 1;
  std::int64_t local_rank = 0;  // on its own machine: which GPU it takes
  std::string address;          // of rank 0's machine, or of torchrun's store
  std::int64_t port = 0;
  bool agent_store = false;  // torchrun keeps the store; else rank 0 does
  std::string attempt;       // of torchrun's --max-restarts: keys of the store begin with it

  bool alone() const { return size == 1; }
  bool first() const { return rank == 0; }
  /// Started anew after a failure of the same command.
  bool restarted() const { return !attempt.empty() && attempt != "0"; }
};

/// A variable of the environment by its name; "" where it is not set.
using Environment = std::function<std::string(const char* name)>;

/// Reads RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT, as torchrun sets them; without RANK those of Open
/// MPI's mpirun (OMPI_COMM_WORLD_RANK, _SIZE, _LOCAL_RANK, _LOCAL_SIZE), without these those of Slurm's srun
/// (SLURM_PROCID, SLURM_STEP_NUM_TASKS, SLURM_LOCALID). MASTER_ADDR and MASTER_PORT count with all three; where they are
/// not set, Slurm's list of nodes names the machine, and the number of the job gives the port.
/// @throws Error usage where they contradict each other or one is missing.
World world_of(const Environment& environment);

/// world_of this process's environment.
World world_of_environment();

}  // namespace varphase
