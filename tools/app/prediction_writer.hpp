// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/predict/image_prediction.hpp"
#include "src/base/json.hpp"

namespace varphase {

/// What a file of predictions says of its making, and what its rows hold.
struct PredictionHeader {
  std::int64_t classes = 0;
  bool named = false;                    // images are files of their own
  std::vector<std::string> class_names;  // as texts, by class; empty: not known
  Json about;  // source, epoch, mode, samples, seed, ..., and an object `provenance`
};

/// The name of a class; "" where the header has none of it.
std::string class_name(const PredictionHeader& header, std::int64_t label);

/// Some images' predictions, in the order of the source.
struct PredictionRows {
  std::vector<std::int64_t> index;  // place in the source
  std::vector<std::string> names;   // of files, where named
  ImagePredictions predictions;
};

/// Predictions piece by piece into one form of file.
class PredictionWriter {
 public:
  virtual ~PredictionWriter() = default;
  virtual void add(const PredictionRows& rows) = 0;
  /// After the last rows. @throws Error io where anything could not be written.
  virtual void finish() = 0;
};

struct PredictionFormat {
  const char* name;
  std::vector<std::string> endings;  // of file names, with the dot
  /// Null: the form cannot be streamed to a pipe.
  std::unique_ptr<PredictionWriter> (*to_stream)(std::FILE* stream, const PredictionHeader& header);
};

/// csv, jsonl, json, hdf5.
const std::vector<PredictionFormat>& prediction_formats();

/// By name; of "auto" by the ending of the file's name, csv for "-".
/// @throws Error usage naming the formats.
const PredictionFormat& prediction_format(const std::string& name, const std::string& out);

/// Adds all rows to a writer.
using FillPredictions = std::function<void(PredictionWriter&)>;

/// A file of what `fill` adds, whole or not at all.
void write_predictions(const PredictionFormat& format, const std::string& out,
                       const PredictionHeader& header, const FillPredictions& fill);

/// Its bytes in pieces, which wait in a file without a name until all is filled.
void stream_predictions(const PredictionFormat& format, const PredictionHeader& header,
                        const FillPredictions& fill,
                        const std::function<void(std::string_view)>& take);

}  // namespace varphase
