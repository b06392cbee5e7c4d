// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/distributed/world.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/error.hpp"

namespace varphase {
namespace {

using Variables = std::map<std::string, std::string>;

World world(const Variables& variables) {
  return world_of([&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  });
}

std::string error(const Variables& variables) {
  try {
    world(variables);
  } catch (const Error& caught) {
    EXPECT_EQ(caught.kind(), ErrorKind::usage);
    return caught.what();
  }
  return "";
}

const Variables kTorchrun{{"RANK", "3"},
                          {"WORLD_SIZE", "4"},
                          {"LOCAL_RANK", "1"},
                          {"MASTER_ADDR", "node7"},
                          {"MASTER_PORT", "29400"}};

Variables with(Variables variables, const std::string& name, const std::string& value) {
  variables[name] = value;
  return variables;
}

TEST(World, OneProcess) {
  EXPECT_TRUE(world({}).alone());
  EXPECT_TRUE(world({{"RANK", "0"}, {"WORLD_SIZE", "1"}}).alone());
  // A batch script of Slurm with many tasks is one process itself.
  EXPECT_TRUE(world({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}, {"SLURM_JOB_ID", "5"}}).alone());
}

TEST(World, Torchrun) {
  const World one = world(kTorchrun);
  EXPECT_EQ(one.rank, 3);
  EXPECT_EQ(one.size, 4);
  EXPECT_EQ(one.local_rank, 1);
  EXPECT_EQ(one.address, "node7");
  EXPECT_EQ(one.port, 29400);
  EXPECT_FALSE(one.agent_store);
  EXPECT_FALSE(one.restarted());
  EXPECT_TRUE(world(with(kTorchrun, "TORCHELASTIC_USE_AGENT_STORE", "True")).agent_store);
  EXPECT_FALSE(world(with(kTorchrun, "TORCHELASTIC_RESTART_COUNT", "0")).restarted());
  EXPECT_TRUE(world(with(kTorchrun, "TORCHELASTIC_RESTART_COUNT", "2")).restarted());
}

TEST(World, SlurmFindsItsFirstMachineAndAPort) {
  const Variables variables{{"SLURM_PROCID", "5"},
                            {"SLURM_STEP_NUM_TASKS", "8"},
                            {"SLURM_LOCALID", "1"},
                            {"SLURM_STEP_NODELIST", "gpu[03-04,11]"},
                            {"SLURM_JOB_ID", "123456"}};
  const World one = world(variables);
  EXPECT_EQ(one.rank, 5);
  EXPECT_EQ(one.address, "gpu03");
  EXPECT_GE(one.port, 20000);
  EXPECT_LT(one.port, 30000);
  EXPECT_EQ(one.port, world(with(variables, "SLURM_PROCID", "6")).port);
  EXPECT_NE(one.port, world(with(variables, "SLURM_JOB_ID", "123457")).port);
  EXPECT_EQ(world(with(variables, "SLURM_STEP_NODELIST", "a1,b[2-3]")).address, "a1");
  EXPECT_EQ(world(with(variables, "MASTER_PORT", "1234")).port, 1234);
}

TEST(World, OpenMpiOfOneMachine) {
  Variables variables{{"OMPI_COMM_WORLD_RANK", "1"},
                      {"OMPI_COMM_WORLD_SIZE", "2"},
                      {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                      {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}};
  EXPECT_EQ(world(variables).address, "127.0.0.1");
  variables["OMPI_COMM_WORLD_LOCAL_SIZE"] = "1";
  EXPECT_THAT(error(variables), testing::HasSubstr("MASTER_ADDR is not set"));
}

TEST(World, WhatContradictsIsRefused) {
  EXPECT_THAT(error(with(kTorchrun, "RANK", "4")),
              testing::HasSubstr("RANK=4: wants a number from 0 to 3"));
  EXPECT_THAT(error(with(kTorchrun, "WORLD_SIZE", "two")), testing::HasSubstr("WORLD_SIZE=two"));
  EXPECT_THAT(error(with(kTorchrun, "LOCAL_RANK", "")),
              testing::HasSubstr("LOCAL_RANK is not set"));
  EXPECT_THAT(error(with(kTorchrun, "MASTER_ADDR", "")), testing::HasSubstr("MASTER_ADDR"));
  EXPECT_THAT(error(with(kTorchrun, "MASTER_PORT", "70000")),
              testing::HasSubstr("MASTER_PORT=70000"));
}

}  // namespace
}  // namespace varphase
