// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/predict_job.hpp"

#include <numeric>
#include <optional>

#include "analysis/predict/image_prediction.hpp"
#include "analysis/predict/shared_prediction.hpp"
#include "analysis/predict/trunk.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/log.hpp"
#include "src/base/stopwatch.hpp"
#include "src/base/text_table.hpp"
#include "src/data/image_source.hpp"
#include "src/torch/numerics.hpp"
#include "src/train/trainer.hpp"
#include "tools/app/class_names.hpp"
#include "tools/app/config_overrides.hpp"
#include "tools/app/dataset_files.hpp"
#include "tools/app/device.hpp"
#include "tools/app/job_estimate.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/network_files.hpp"
#include "tools/app/output_file.hpp"
#include "tools/app/prediction_writer.hpp"
#include "tools/app/provenance.hpp"
#include "tools/app/run_images.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

fs::path one_network(const PredictRequest& request) {
  const std::vector<NetworkFile> files = network_files(request.source, request.epoch);
  VARPHASE_CHECK(files.size() == 1, ErrorKind::usage,
                 "{}: {} networks, predict takes one\n  such as {}", request.source, files.size(),
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

std::unique_ptr<ImageSource> open_images(const PredictRequest& request,
                                         const LoadedNetwork& loaded) {
  const Shape& input = loaded.network.input();
  DataConfig reading = loaded.config.data;
  apply_reading_overrides(reading, request.set);
  ImageRequest wanted;
  wanted.paths.assign(request.images.begin(), request.images.end());
  wanted.wanted = {input[1], input[2], input[0]};
  wanted.skip_damaged = request.skip_damaged;
  wanted.threads = static_cast<unsigned>(request.threads);
  wanted.files = &array_dataset_files();
  wanted.form = image_form(reading.convert, reading.resize);
  // The run's names are those of its set; here they would be those of another file.
  if (overrides(request.set, "data.hdf5_images")) wanted.images_key = reading.hdf5_images;
  if (overrides(request.set, "data.pixel_range"))
    wanted.pixel_range = pixel_range_from_name(reading.pixel_range);
  wanted.limits = read_limits(reading);
  return open_image_source(wanted);
}

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
                   Estimator estimator, const PredictRequest& request, PredictionWriter& writer,
                   Job& job) {
  const Normalization normalization =
      recorded_normalization(loaded.config.data, loaded.network.input()[0]);
  const std::int64_t most =
      request.batch > 0 ? request.batch : chunk_images(loaded.network, device);
  job.begin("predict", source.count(), "images");
  std::optional<TimeEstimate> estimate;
  const auto advance = [&](std::int64_t images) {
    job.advance(images);
    estimate->advance(images);
  };
  Totals totals;
  for (std::int64_t done = 0; done < source.count(); done += most) {
    const std::int64_t taken = std::min(most, source.count() - done);
    const Stopwatch clock;
    ImagePiece piece = next_piece(source, most);
    if (!estimate)
      estimate = job_estimate({count_text(source.count()) + " images", "images", source.count(),
                               clock.seconds() / static_cast<double>(taken)},
                              job, device);
    std::int64_t predicted = 0;
    if (piece.set.count() > 0) {
      piece.set.normalization = normalization;
      // Noise is keyed by an image's place, as for the test images of a data set.
      const DeviceImages images = to_device(piece.set, Split::test, device);
      const SharedImages shared(communicator(), images);
      Predictor predictor(loaded.network, shared.own(), static_cast<std::uint64_t>(request.seed));
      predictor.on_advance([&](std::int64_t some) {
        // Shares differ by an image: the line ends where it should.
        some = std::min(some * shared.ranks(), images.count() - predicted);
        predicted += some;
        advance(some);
      });
      PredictionRows rows;
      try {
        Prediction prediction = predictor.predict(estimator, request.samples);
        shared.put_together(prediction);
        rows.predictions = image_predictions(prediction);
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
    estimate->end_piece();
  }
  job.end();
  VARPHASE_CHECK(totals.images > 0, ErrorKind::format,
                 "none of the {} images can be read, the first: {}", source.left_out().size(),
                 source.left_out().front());
  return totals;
}

/// Of ranks that predict along with the one that writes.
class NoWriter final : public PredictionWriter {
 public:
  void add(const PredictionRows&) override {}
  void finish() override {}
};

/// What the file says of its making.
Json about(const PredictRequest& request, const fs::path& file, const LoadedNetwork& loaded,
           Estimator estimator, const std::vector<std::string>& class_names, at::Device device) {
  std::vector<std::string> paths;
  for (const std::string& path : request.images) paths.push_back(text_of_bytes(path));
  const bool one = estimator == Estimator::stochastic || estimator == Estimator::deterministic;
  Json json{{"source", text_of_bytes(file.string())},
            {"epoch", loaded.epoch},
            {"images", paths.size() == 1 ? paths.front() : Json(paths).dump()},
            {"mode", estimator_name(estimator)},
            {"samples", one ? 1 : request.samples},
            {"seed", request.seed}};
  if (!class_names.empty()) json["class_names"] = class_names;
  json["provenance"] = provenance(device);
  return json;
}

}  // namespace

PredictResult predict(const PredictRequest& request, PredictJob& job) {
  VARPHASE_CHECK(!request.images.empty(), ErrorKind::usage, "predict wants an image at least");
  const Estimator estimator = estimator_from_name(request.mode);
  const PredictionFormat& format = prediction_format(request.format, request.out);
  const bool to_file = request.out != "-";
  if (to_file) check_output_file(request.out, request.overwrite);
  const fs::path file = one_network(request);
  const at::Device device = open_device({request.device, request.threads});
  LoadedNetwork loaded = load_network_file(file, device, request.form);
  set_numerics(loaded.config.train.deterministic, false);
  const std::unique_ptr<ImageSource> source = open_images(request, loaded);
  PredictionHeader header{
      loaded.network.classes(), source->named(), class_names_of(loaded.config.data), {}};
  header.about = about(request, file, loaded, estimator, header.class_names, device);

  if (to_file && communicator().first()) make_output_folder(request.out);
  Totals totals;
  const auto fill = [&](PredictionWriter& writer) {
    totals = predict_all(loaded, *source, device, estimator, request, writer, job);
  };
  if (!communicator().first()) {
    NoWriter nowhere;
    fill(nowhere);
  } else if (to_file) {
    write_predictions(format, request.out, header, fill);
  } else {
    stream_predictions(format, header, fill,
                       [&job](std::string_view bytes) { job.predicted(bytes); });
  }
  PredictResult result;
  result.left_out = source->left_out();
  if (!result.left_out.empty())
    log_warning(fmt::format("{} of {} images are left out, the first: {}", result.left_out.size(),
                            source->count(), result.left_out.front()));
  result.out = request.out;
  result.about = std::move(header.about);
  result.mode = estimator_name(estimator);
  result.samples = result.about["samples"].get<std::int64_t>();
  result.images = totals.images;
  result.entropy = totals.entropy / static_cast<double>(totals.images);
  result.mutual_information = totals.mutual_information / static_cast<double>(totals.images);
  return result;
}

}  // namespace varphase
