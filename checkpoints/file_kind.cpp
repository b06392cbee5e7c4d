// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/file_kind.hpp"

#include <algorithm>
#include <string>

#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

constexpr FileKind kKinds[] = {
    {"checkpoint", "a checkpoint",
     "varphase kappa, sweep, prune, eval, shift, attack, predict, export and train --init take it"},
    {"pruned", "a pruned file",
     "varphase eval, shift, attack, predict, sweep, prune, finetune and export take it"},
    {"kappa", "a kappa map",
     "varphase transition, sweep, prune and report find it by its run: give the run's folder"},
    {"partial", "the sums of a kappa map that is not done",
     "varphase kappa goes on with it by itself: give the run's folder"},
    {"predictions", "a file of predictions",
     "varphase predict wrote it for other programs: give the network that predicted"},
    {"attack", "the images of an attack",
     "--data and --ood of eval, shift, attack and kappa, and predict take its images; an attack "
     "that is not done goes on with it by itself"},
    {"images", "a cache of decoded images", "--data takes the images that it was made of"},
};

struct Ending {
  std::string_view ending, remedy;
};
constexpr std::string_view kResult =
    "a result in this form is for people and other programs: give the run's folder, or a file of "
    "its checkpoints/ or pruned/";
constexpr Ending kEndings[] = {
    {".safetensors", "varphase import makes a run, a checkpoint or a pruned file of it"},
    {".npz", "varphase import makes a run or a checkpoint of it"},
    {".onnx",
     "ONNX graphs are for other programs: give the checkpoint or pruned file that it was exported "
     "from"},
    {".json", kResult},
    {".csv", kResult},
    {".html", kResult},
};

std::string name_of(std::string_view kind) {
  for (const FileKind& known : kKinds)
    if (known.kind == kind) return std::string(known.name);
  return "of kind '" + printable(std::string(kind)) + "'";
}

}  // namespace

std::span<const FileKind> file_kinds() { return kKinds; }

void require_kind(const std::filesystem::path& path, std::string_view kind,
                  std::initializer_list<std::string_view> wanted) {
  if (std::find(wanted.begin(), wanted.end(), kind) != wanted.end()) return;
  std::string names;
  for (const std::string_view want : wanted) names += (names.empty() ? "" : " or ") + name_of(want);
  std::string use = "varphase inspect " + path.string() + " shows what it holds";
  for (const FileKind& known : kKinds)
    if (known.kind == kind) use = known.use;
  fail(ErrorKind::format, "{}: is {}, wants {}\n  {}", path.string(), name_of(kind), names, use);
}

std::string_view remedy_of_foreign(const std::filesystem::path& path) {
  for (const auto& [ending, remedy] : kEndings)
    if (path.extension() == ending) return remedy;
  return "give a file that varphase wrote; varphase check on a folder tells which files are";
}

}  // namespace varphase
