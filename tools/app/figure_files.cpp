// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/figure_files.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "analysis/report/report.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/enum_names.hpp"
#include "src/base/error.hpp"
#include "tools/app/browser.hpp"
#include "tools/app/output_file.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

struct NamedFigure {
  std::string name, bytes;
};

const EnumNames<FigureFormat>& formats() {
  static const EnumNames<FigureFormat> table{
      "format of figures",
      {{FigureFormat::svg, "svg"}, {FigureFormat::pdf, "pdf"}, {FigureFormat::png, "png"}}};
  return table;
}

int digit(char letter) { return letter <= '9' ? letter - '0' : letter - 'a' + 10; }

/// What an exported page leaves of itself.
std::vector<NamedFigure> exported_figures(const std::string& document) {
  VARPHASE_CHECK(document.find("data-ready=\"exported\"") != std::string::npos, ErrorKind::io,
                 "the figures were not drawn: the browser left the page before its script ended");
  const std::size_t errors = document.find("data-errors=\"");
  VARPHASE_CHECK(errors == std::string::npos, ErrorKind::io, "the figures were not drawn: {}",
                 document.substr(errors, document.find('>', errors) - errors));
  std::vector<NamedFigure> figures;
  constexpr std::string_view kMark = "<pre data-exported=\"";
  for (std::size_t at = 0; (at = document.find(kMark, at)) != std::string::npos;) {
    at += kMark.size();
    NamedFigure figure{document.substr(at, document.find('"', at) - at), ""};
    at = document.find('>', at) + 1;
    const std::size_t end = document.find('<', at);
    VARPHASE_CHECK(end != std::string::npos, ErrorKind::io,
                   "{}: the browser's document ends within the figure", figure.name);
    for (; at + 1 < end; at += 2)
      figure.bytes.push_back(static_cast<char>(16 * digit(document[at]) + digit(document[at + 1])));
    figures.push_back(std::move(figure));
  }
  return figures;
}

/// The value of an attribute of an SVG's first element.
std::string attribute(const std::string& svg, const std::string& name) {
  const std::size_t found = svg.find(" " + name + "=\"");
  VARPHASE_CHECK(found != std::string::npos, ErrorKind::io, "a drawn figure has no {}", name);
  const std::size_t from = found + name.size() + 3;
  return svg.substr(from, svg.find('"', from) - from);
}

/// A page of an SVG's own size with nothing else on it.
std::string sheet_of(const std::string& svg) {
  return fmt::format(
      "<!doctype html><meta charset=\"utf-8\"><style>{}@page {{ size: {} {}; margin: 0 }} body {{ "
      "margin: 0 }} svg {{ display: block }}</style>{}",
      figure_font(), attribute(svg, "width"), attribute(svg, "height"), svg);
}

}  // namespace

FigureFormat figure_format_from_name(const std::string& name) { return formats().value(name); }

std::vector<fs::path> write_figures(const std::string& exported_page, const fs::path& folder,
                                    FigureFormat format, bool overwrite, Job& job) {
  job.begin_stoppable();
  const Browser browser("report --figures", [&job] { return job.stop_requested(); });
  check_output_folder(folder);
  const fs::path page = browser.folder() / "page.html";
  write_text_atomically(page, exported_page);
  const bool png = format == FigureFormat::png;
  const std::vector<NamedFigure> figures =
      exported_figures(browser.document(page, png ? "#export=png" : "#export=svg"));
  std::vector<fs::path> files;
  for (const NamedFigure& figure : figures) {
    files.push_back(folder / fmt::format("{}.{}", figure.name, formats().name(format)));
    check_output_file(files.back(), overwrite);
  }
  if (!files.empty()) make_output_folder(files.front());
  for (std::size_t i = 0; i < figures.size(); ++i) {
    if (format != FigureFormat::pdf) {
      write_text_atomically(files[i], figures[i].bytes);
      continue;
    }
    const fs::path sheet = browser.folder() / "sheet.html";
    write_text_atomically(sheet, sheet_of(figures[i].bytes));
    write_atomically(files[i], [&](const fs::path& temporary) { browser.print(sheet, temporary); });
  }
  return files;
}

}  // namespace varphase
