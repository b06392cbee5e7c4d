// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/app/job.hpp"

namespace varphase {

enum class FigureFormat { svg, pdf, png };

/// @throws Error usage for another name.
FigureFormat figure_format_from_name(const std::string& name);

/// Writes every figure of a page into a folder, NAME.svg, as a paper prints it: a column wide (84 mm), its font
/// within, PNG at 300 dots an inch. figure1 to figure5 are those of the paper, the others have the page's names. A
/// Chromium draws them by the page's own code.
/// @param exported_page  rendered with PageFrame::exported
/// @param overwrite  replace files of these names
/// @param job  may ask for an end, which is thrown as Browser::Stopped
/// @return the files
/// @throws Error unsupported without a Chromium, usage where a file is there already, io.
std::vector<std::filesystem::path> write_figures(const std::string& exported_page,
                                                 const std::filesystem::path& folder,
                                                 FigureFormat format, bool overwrite, Job& job);

}  // namespace varphase
