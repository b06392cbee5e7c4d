// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <numeric>
#include <optional>

#include "analysis/predict/image_prediction.hpp"
#include "analysis/predict/trunk.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/console.hpp"
#include "src/base/json.hpp"
#include "src/base/log.hpp"
#include "src/base/progress.hpp"
#include "src/base/stopwatch.hpp"
#include "src/base/text_table.hpp"
#include "src/base/time_estimate.hpp"
#include "src/data/image_source.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "src/torch/numerics.hpp"
#include "src/train/trainer.hpp"
#include "tools/app/class_names.hpp"
#include "tools/app/config_overrides.hpp"
#include "tools/app/dataset_files.hpp"
#include "tools/app/device.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/network_files.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/prediction_writer.hpp"
#include "tools/app/provenance.hpp"
#include "tools/app/run_folder.hpp"
#include "tools/app/run_images.hpp"
#include "tools/cli/old_verbs.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

fs::path one_network(const Options& options) {
  const std::vector<NetworkFile> files = network_files(options.run, options.epoch);
  VARPHASE_CHECK(files.size() == 1, ErrorKind::usage,
                 "{}: {} networks, predict takes one\n  such as {}", options.run, files.size(),
                 files.front().path.string());
  return files.front().path;
}

/// What is known of all images when they are done.
struct Totals {
  std::int64_t images = 0;
  double entropy = 0, mutual_information = 0;

  void add(const ImagePredictions& some) {
    images += some.count();
    entropy = std::accumulate(some.entropy.begin(), some.entropy.end(), entropy);
    mutual_information = std::accumulate(some.mutual_information.begin(),
                                         some.mutual_information.end(), mutual_information);
  }
};

/// The next images. A file that cannot be read is no trouble with the output: so it is no Error io,
/// which a writer takes for one.
ImagePiece next_piece(ImageSource& source, std::int64_t most) {
  try {
    return source.next(most);
  } catch (const Error& error) {
    throw Error(error.kind() == ErrorKind::io ? ErrorKind::format : error.kind(), error.what());
  }
}

Totals predict_all(LoadedNetwork& loaded, ImageSource& source, at::Device device,
                   Estimator estimator, const Options& options, PredictionWriter& writer) {
  const Normalization normalization =
      recorded_normalization(loaded.config.data, loaded.network.input()[0]);
  const std::int64_t most =
      options.batch > 0 ? options.batch : chunk_images(loaded.network, device);
  Progress progress("predict", source.count(), " images", options.quiet);
  std::optional<TimeEstimate> estimate;
  const auto advance = [&](std::int64_t images) {
    progress.advance(images);
    estimate->advance(images, progress);
  };
  Totals totals;
  for (std::int64_t done = 0; done < source.count(); done += most) {
    const std::int64_t taken = std::min(most, source.count() - done);
    const Stopwatch clock;
    ImagePiece piece = next_piece(source, most);
    if (!estimate)
      estimate.emplace(LongWork{count_text(source.count()) + " images", "images", source.count(),
                                clock.seconds() / static_cast<double>(taken)},
                       options.quiet || options.json, [device] { synchronize(device); });
    std::int64_t predicted = 0;
    if (piece.set.count() > 0) {
      piece.set.normalization = normalization;
      // Noise is keyed by an image's place, as for the test images of a data set.
      const DeviceImages images = to_device(piece.set, Split::test, device);
      Predictor predictor(loaded.network, images, static_cast<std::uint64_t>(options.seed));
      predictor.on_advance([&](std::int64_t some) {
        predicted += some;
        advance(some);
      });
      PredictionRows rows;
      try {
        rows.predictions = image_predictions(predictor.predict(estimator, options.samples));
      } catch (const Error& error) {
        throw Error(error.kind(), fmt::format("images {} to {}: {}", piece.set.index.front(),
                                              piece.set.index.back(), error.what()));
      }
      rows.index = std::move(piece.set.index);
      rows.names = std::move(piece.names);
      totals.add(rows.predictions);
      writer.add(rows);
    }
    advance(taken - predicted);  // damaged ones
    estimate->end_piece(progress);
  }
  VARPHASE_CHECK(totals.images > 0, ErrorKind::format,
                 "none of the {} images can be read, the first: {}", source.left_out().size(),
                 source.left_out().front());
  return totals;
}

}  // namespace

int run_predict(const Options& options) {
  const Estimator estimator = estimator_from_name(options.mode);
  const PredictionFormat& format = prediction_format(options.format, options.out);
  const bool to_stdout = options.out == "-";
  VARPHASE_CHECK(!to_stdout || !options.json, ErrorKind::usage,
                 "--json prints a summary on stdout, where --out - puts the predictions\n  "
                 "--format json gives these as JSON");
  if (!to_stdout) check_output_file(options.out, options.overwrite);
  const fs::path file = one_network(options);
  const at::Device device = open_device({options.device, options.threads});
  LoadedNetwork loaded = load_network_file(file, device, options.form);
  set_numerics(loaded.config.train.deterministic, false);

  const Shape& input = loaded.network.input();
  ImageRequest request;
  request.paths.assign(options.paths.begin(), options.paths.end());
  request.wanted = {input[1], input[2], input[0]};
  request.skip_damaged = options.skip_damaged;
  request.threads = static_cast<unsigned>(options.threads);
  request.files = &array_dataset_files();
  DataConfig reading = loaded.config.data;
  apply_reading_overrides(reading, options.overrides());
  request.form = image_form(reading.convert, reading.resize);
  // The run's names are those of its set; here they would be those of another file.
  if (options.fields.count("data.hdf5_images") > 0) request.images_key = reading.hdf5_images;
  request.limits = read_limits(reading);
  const std::unique_ptr<ImageSource> source = open_image_source(request);

  const bool draws = estimator != Estimator::deterministic;
  PredictionHeader header{
      loaded.network.classes(), source->named(), class_names_of(loaded.config.data), {}};
  std::vector<std::string> paths;
  for (const std::string& path : options.paths) paths.push_back(text_of_bytes(path));
  header.about = {{"source", text_of_bytes(file.string())},
                  {"epoch", loaded.epoch},
                  {"images", paths.size() == 1 ? paths.front() : Json(paths).dump()},
                  {"mode", estimator_name(estimator)},
                  {"samples", estimator == Estimator::stochastic || !draws ? 1 : options.samples},
                  {"seed", options.seed}};
  if (!header.class_names.empty()) header.about["class_names"] = header.class_names;
  header.about["provenance"] = provenance(device);

  if (!to_stdout) make_output_folder(options.out);
  Totals totals;
  write_predictions(format, options.out, header, [&](PredictionWriter& writer) {
    totals = predict_all(loaded, *source, device, estimator, options, writer);
  });
  const std::vector<std::string>& left_out = source->left_out();
  if (!left_out.empty())
    log_warning(fmt::format("{} of {} images are left out, the first: {}", left_out.size(),
                            source->count(), left_out.front()));
  if (to_stdout) return kSuccess;
  const auto n = static_cast<double>(totals.images);
  if (options.json) {
    Json result = header.about;
    result["out"] = text_of_bytes(options.out);
    result["predicted"] = totals.images;
    result["left_out"] = left_out;
    result["entropy"] = totals.entropy / n;
    result["mutual_information"] = totals.mutual_information / n;
    print_json(result);
    return kSuccess;
  }
  print_out("{}: {} images, {}{}\nmean entropy {:.4f}, mean mutual information {:.4f} nats\n",
            options.out, count_text(totals.images), estimator_name(estimator),
            estimator == Estimator::ensemble || estimator == Estimator::zero_mean
                ? fmt::format(" of {} samples", options.samples)
                : "",
            totals.entropy / n, totals.mutual_information / n);
  return kSuccess;
}

}  // namespace varphase
