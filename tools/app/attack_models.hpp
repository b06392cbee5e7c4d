// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "analysis/robustness/image_model.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/network_files.hpp"

namespace varphase {

/// Networks of one prediction, opened to be attacked or to judge: the layers of pruned files dense, since gradients go
/// through dense ones alone.
class AttackModels {
 public:
  /// @throws Error as load_network_file
  AttackModels(std::string name, const std::vector<NetworkFile>& files, at::Device device);
  AttackModels(AttackModels&&) = default;

  const std::string& name() const { return name_; }
  const std::vector<NetworkFile>& files() const { return files_; }
  /// Point into this.
  const ImageModels& models() const { return models_; }
  const std::deque<LoadedNetwork>& loaded() const { return loaded_; }
  /// Those whose files are pruned.
  std::vector<std::string> pruned() const;
  /// Of the networks' files, one after the other.
  std::string digests() const;
  /// @throws Error shape where networks take other images, or know other classes, than the first one here.
  void check_like(const Network& first) const;

 private:
  std::string name_;
  std::vector<NetworkFile> files_;
  std::deque<LoadedNetwork> loaded_;  // stay where they are
  ImageModels models_;
};

}  // namespace varphase
