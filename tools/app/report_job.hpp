// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "src/base/config.hpp"
#include "tools/app/job.hpp"

namespace varphase {

/// One HTML page of a run, or of several side by side; its figures as files.
struct ReportRequest {
  TextList runs;
  std::string out;
  std::string figures;
  std::string format = "svg";
  bool overwrite = false;
  bool watch = false;
  std::int64_t port = 0;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("runs", runs,
          FieldInfo{.help = "a run folder; several, or a run of several members: side by side on "
                            "one page"});
    visit("out", out,
          FieldInfo{.help = "the page [RUN/report.html, also of members; of several runs "
                            "it has to be given]"});
    visit(
        "figures", figures,
        FieldInfo{.help = "a folder: every figure as a paper prints it, a column (84 mm) wide, its "
                          "font within, figure1 to figure5 as in the paper; by a Chromium"});
    visit("format", format, FieldInfo{.help = "of --figures: svg, pdf or png (300 dots an inch)"});
    visit("overwrite", overwrite, FieldInfo{.help = "replace files that --out and --figures name"});
    visit("watch", watch,
          FieldInfo{.help = "serve the page to browsers of this machine instead, renewed as the "
                            "runs go on, until Ctrl-C; writes nothing"});
    visit(
        "port", port,
        FieldInfo{.help = "of --watch, on 127.0.0.1; 0: any that is free", .min = 0, .max = 65535});
  }
};

struct ReportResult {
  std::filesystem::path page;
  std::vector<std::filesystem::path> figures;
  std::vector<std::string> left_out;  // what could not be read, one message each
  bool interrupted = false;           // asked to end while figures were drawn: no page was written
};

/// Whether the page is one of runs side by side: of several, or of a run of members, however many have begun.
bool is_comparison(const TextList& folders);
/// The title of such a page. @param folders  as they were given @param runs  that they stand for
std::string comparison_name(const TextList& folders, std::size_t runs);

/// Writes the page. @throws Error io, usage; unsupported where figures are asked for and there is no Chromium.
ReportResult make_report(const ReportRequest& request, Job& job);

}  // namespace varphase
