// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "checkpoints/snapshot_file.hpp"
#include "src/train/train_config.hpp"
#include "src/train/trainer.hpp"
#include "tools/app/new_run_folder.hpp"
#include "tools/app/run_folder.hpp"

namespace varphase::test {

/// A small network on a few synthetic digits, of which no file is read.
inline RunConfig small_config() {
  RunConfig config;
  config.network = Json::parse(R"({"input": [1, 28, 28], "classes": 10, "layers": [
    {"conv2d": {"out": 3, "kernel": 5, "stride": 3}}, "batch_norm", "relu", {"max_pool": 2},
    {"variance_dense": {"out": 12}}, "batch_norm", "relu", {"dense": {"out": 10}}]})");
  config.data.data = "synthetic-digits";
  config.data.train_limit = 60;
  config.data.test_limit = 40;
  config.train.epochs = 1;
  config.train.batch_size = 20;
  return config;
}

/// A run of one checkpoint, of the network as it begins. @return the checkpoint
inline std::filesystem::path make_small_run(const std::filesystem::path& path,
                                            const RunConfig& config = small_config()) {
  NewRunFolder run(path, OldRun::refuse);
  run.begin(config, RunMarker{});
  Network network(config.network);
  network.initialize(static_cast<std::uint64_t>(config.train.seed));
  Snapshot snapshot;
  snapshot.epoch = 1;
  snapshot.config = to_json(config).dump();
  store_network(network, snapshot);
  const std::filesystem::path file = RunFolder(path).checkpoint(1);
  write_snapshot(file, std::move(snapshot));
  run.keep();
  return file;
}

/// What a job is refused with. @return the message
template <class Act>
std::string refusal(ErrorKind kind, Act&& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "not refused";
  return "";
}

/// That a request comes back from its JSON as it was.
template <class Request>
void expect_round_trip(const Request& request) {
  const Json json = to_json(request);
  Request again;
  assign_fields(again, json);
  EXPECT_EQ(to_json(again), json);
}

}  // namespace varphase::test
