// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "src/data/readers.hpp"

namespace varphase {

/// CIFAR-10, binary version: data_batch_1.bin .. data_batch_5.bin and test_batch.bin, a record
/// being one label byte and 3 x 32 x 32 pixels; names from batches.meta.txt where it is there.
bool holds_cifar10(const std::filesystem::path& folder);

/// @throws Error io, format: a file is missing or no whole number of records, the batches differ in
/// length, a label is over 9 (said with its record).
Dataset read_cifar10(const std::filesystem::path& folder, const ReadOptions& options);

/// CIFAR-100, binary version: train.bin and test.bin, a record being the coarse label, the fine
/// label and the pixels; names from fine_label_names.txt or coarse_label_names.txt.
bool holds_cifar100(const std::filesystem::path& folder);

/// @param options options.labels: the 100 fine or the 20 coarse classes, said in the result's name.
Dataset read_cifar100(const std::filesystem::path& folder, const ReadOptions& options);

}  // namespace varphase
