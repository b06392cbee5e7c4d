// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/base/json.hpp"
#include "tools/app/check_job.hpp"
#include "tools/app/export_job.hpp"
#include "tools/app/import_job.hpp"
#include "tools/app/kappa_job.hpp"
#include "tools/app/predict_job.hpp"
#include "tools/app/report_job.hpp"
#include "tools/app/train_job.hpp"

namespace varphase {

// Results as --json prints them and as the Python package gives them: names of the structs, paths as text. Results
// that jobs write as JSON have their to_json beside their struct.

/// @param by  of the request: "none", "class", "image"
Json to_json(const KappaMapsResult& result, const std::string& by);
Json to_json(const ExportResult& result);
Json to_json(const ImportResult& result);
Json to_json(const CheckedFile& file);
Json to_json(const PredictResult& result);
Json to_json(const ReportResult& result);

/// What an epoch gave; what was not measured is null.
Json to_json(const EpochRow& row);
Json to_json(const TrainingStart& start);
Json to_json(const TrainResult& result);

}  // namespace varphase
