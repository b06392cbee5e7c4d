// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "tools/app/attack_job.hpp"
#include "tools/app/evaluate_job.hpp"
#include "tools/app/export_job.hpp"
#include "tools/app/finetune_job.hpp"
#include "tools/app/import_job.hpp"
#include "tools/app/kappa_job.hpp"
#include "tools/app/predict_job.hpp"
#include "tools/app/prune_job.hpp"
#include "tools/app/shift_job.hpp"
#include "tools/app/sweep_job.hpp"
#include "tools/app/train_job.hpp"

namespace varphase {

/// The jobs that need LibTorch, as verbs call them: main_engine.cpp fills them in; the front
/// program has none, since it loads no LibTorch.
struct Engine {
  AttackRunsResult (*attack)(const AttackRunsRequest&, Job&) = nullptr;
  EvaluateResult (*evaluate)(const EvaluateRequest&, Job&) = nullptr;
  ExportResult (*export_network)(const ExportRequest&, Job&) = nullptr;
  ImportResult (*import_network)(const ImportRequest&, Job&) = nullptr;
  KappaMapsResult (*kappa)(const KappaMapsRequest& request, KappaJob& job) = nullptr;
  PredictResult (*predict)(const PredictRequest&, PredictJob&) = nullptr;
  TrainResult (*train)(const TrainRequest&, TrainJob&) = nullptr;
  TrainResult (*finetune)(const FinetuneRequest&, TrainJob&) = nullptr;
  PruneResult (*prune)(const PruneRequest& request, Job& job) = nullptr;
  ShiftResult (*shift)(const ShiftRequest&, ShiftJob&) = nullptr;
  SweepRunsResult (*sweep)(const SweepRunsRequest& request, Job& job) = nullptr;
};

}  // namespace varphase
