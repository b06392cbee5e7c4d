// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/initial_weights.hpp"

#include <fmt/ranges.h>

#include "analysis/sparse/trainable.hpp"
#include "checkpoints/document.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/text_table.hpp"
#include "src/models/take_weights.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

std::string checkpoint_text(const InitialWeights& from, const TakenWeights& taken,
                            const std::vector<Array>& masks) {
  std::string text =
      fmt::format("begins with {}: {} arrays by name", from.file.string(), taken.same.size());
  for (const auto& [theirs, ours] : taken.renamed) text += fmt::format(", {} as {}", theirs, ours);
  if (!taken.own.empty()) text += fmt::format("\n  by the spec: {}", fmt::join(taken.own, ", "));
  if (!taken.unused.empty())
    text += fmt::format("\n  in the file, not taken: {}", fmt::join(taken.unused, ", "));
  for (const Array& mask : masks)
    text += fmt::format("\n  {}: not taken, all weights are trained", mask.name);
  return text;
}

std::string pruned_text(const InitialWeights& from, const SparseModel& model) {
  std::string text = fmt::format("begins with {}", from.file.string());
  for (const PrunedLayer& layer : model.layers) {
    text += fmt::format("\n  {}: {} of {} weights kept, the dropped are {}", layer.layer,
                        count_text(layer.kept()), count_text(layer.count()),
                        layer.replace == "zero" ? "zero" : "held at their means");
  }
  return text;
}

}  // namespace

std::string take_initial_weights(Network& network, const InitialWeights& from) {
  if (from.pruned) {
    const SparseModel model =
        sparse_model_from_document(read_document(from.file, "pruned"), from.file.string());
    try {
      Network trainable(network.spec());
      load_trainable(trainable, model);
      copy_network(trainable, network);
      return pruned_text(from, model);
    } catch (const Error& error) {
      throw Error(error.kind(), fmt::format("{}: {}", from.file.string(), error.what()));
    }
  }
  const Snapshot snapshot = read_snapshot(from.file);
  try {
    return checkpoint_text(from, take_weights(network, snapshot, from.variances), snapshot.masks);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("--init {}: {}", from.file.string(), error.what()));
  }
}

void refuse_inside(const fs::path& run, const fs::path& file, const std::string& named) {
  const fs::path inside = fs::weakly_canonical(file).lexically_relative(fs::weakly_canonical(run));
  VARPHASE_CHECK(inside.empty() || *inside.begin() == "..", ErrorKind::usage,
                 "{}: lies in the run that --overwrite would replace\n  give another --run", named);
}

RunMarker marker_of(const std::optional<InitialWeights>& init) {
  RunMarker marker;
  if (init) {
    marker.init = fs::absolute(init->file).string();
    marker.init_variances = init->variances;
    marker.init_pruned = init->pruned;
  }
  return marker;
}

std::optional<InitialWeights> initial_weights_of(const RunMarker& marker) {
  if (marker.init.empty()) return std::nullopt;
  const fs::path file = marker.init;
  VARPHASE_CHECK(fs::exists(file), ErrorKind::io,
                 "{}: no such file, and the run has yet to begin with it\n  put it back, or train "
                 "anew with --overwrite",
                 marker.init);
  return InitialWeights{file, marker.init_variances, marker.init_pruned};
}

}  // namespace varphase
