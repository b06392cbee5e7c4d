// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/report/comparison.hpp"
#include "analysis/report/report.hpp"
#include "src/base/json.hpp"
#include "tests/analysis/report/synthetic_run.hpp"

namespace varphase {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

std::string find_browser() {
  for (const char* name :
       {"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}) {
    for (const char* folder : {"/usr/bin", "/usr/local/bin", "/snap/bin"}) {
      if (fs::exists(fs::path(folder) / name)) return (fs::path(folder) / name).string();
    }
  }
  return "";
}

struct Opened {
  std::string dom;  // after the scripts have run
  std::string log;  // what the page printed to its console, and what the browser did
};

/// Opens a page in a browser without a window and without a network.
Opened open_page(const fs::path& page, const std::string& fragment = "") {
  const fs::path folder = page.parent_path();
  const std::string command = fmt::format(
      "timeout 120 {} --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage "
      "--no-first-run "
      "--user-data-dir='{}/profile' --host-resolver-rules='MAP * ~NOTFOUND' "
      "--enable-logging=stderr --v=0 "
      "--window-size=1280,900 --virtual-time-budget=8000 --dump-dom 'file://{}{}' > '{}/dom.html' "
      "2> '{}/log.txt'",
      find_browser(), folder.string(), page.string(), fragment, folder.string(), folder.string());
  EXPECT_EQ(std::system(command.c_str()), 0) << read_text_file(folder / "log.txt");
  return {read_text_file(folder / "dom.html"), read_text_file(folder / "log.txt")};
}

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

class ReportInBrowser : public testing::Test {
 protected:
  void SetUp() override {
    if (!find_browser().empty()) return;
    const char* required = std::getenv("VARPHASE_REQUIRE_BROWSER");
    if (required != nullptr && std::string(required) == "1")
      FAIL() << "no Chromium on this machine";
    GTEST_SKIP() << "no Chromium on this machine";
  }
};

TEST_F(ReportInBrowser, DrawsAllFiguresWithoutErrorsOrRequests) {
  const fs::path run = test_folder("browser");
  write_synthetic_run(run);
  write_report(run, run / "report.html");
  const Opened page = open_page(run / "report.html");
  EXPECT_THAT(page.dom, HasSubstr("data-ready=\"yes\""));
  EXPECT_THAT(page.dom, HasSubstr("data-figures=\"12\""));
  EXPECT_THAT(page.dom, Not(HasSubstr("data-errors")));
  EXPECT_EQ(count(page.dom, "class=\"csv\""), 12);
  EXPECT_GE(count(page.dom, "class=\"trace scatter"),
            4 + 1 + 3 + 2 * 3 + 2 * 3 + 2 * 4);  // the lines of nine figures
  EXPECT_GE(count(page.dom, "class=\"trace bars"), 2 + 2);
  EXPECT_EQ(count(page.dom, "class=\"hm\""), 1);
  EXPECT_GE(count(page.dom, "class=\"errorbar\""), 100);
  EXPECT_THAT(page.dom, HasSubstr("weights over κ₀"));
  EXPECT_THAT(page.log, Not(HasSubstr("CONSOLE")));
  // Whatever a page fetches or runs from elsewhere carries an address in one of these.
  EXPECT_EQ(count(page.dom, "src=\"http"), 0);
  EXPECT_EQ(count(page.dom, "<link"), 0);
  EXPECT_EQ(count(page.dom, "@import"), 0);
  EXPECT_EQ(count(page.dom, "url(http"), 0);
  // Nor does a button send the data anywhere.
  EXPECT_GE(count(page.dom, "data-title=\"Download plot"), 10);
  EXPECT_EQ(count(page.dom, "data-title=\"Share"), 0);
}

TEST_F(ReportInBrowser, DrawsRunsSideBySide) {
  const fs::path folder = test_folder("browser_compared");
  std::vector<std::pair<fs::path, std::string>> runs;
  for (const char* name : {"a", "b", "<i>c</i>"}) {
    runs.emplace_back(folder / std::to_string(runs.size()), name);
    fs::create_directory(runs.back().first);
    write_synthetic_run(runs.back().first);
  }
  write_comparison("3 runs", runs, folder / "comparison.html");
  const Opened page = open_page(folder / "comparison.html");
  EXPECT_THAT(page.dom, HasSubstr("data-ready=\"yes\""));
  EXPECT_THAT(page.dom, HasSubstr("data-figures=\"7\""));
  EXPECT_THAT(page.dom, Not(HasSubstr("data-errors")));
  EXPECT_EQ(count(page.dom, "class=\"hm\""), 3);
  EXPECT_EQ(count(page.dom, "<i>c"), 0);
  EXPECT_THAT(page.log, Not(HasSubstr("CONSOLE")));
}

TEST_F(ReportInBrowser, ShowsOneFigureAloneForAPicture) {
  const fs::path run = test_folder("browser_alone");
  write_synthetic_run(run);
  write_report(run, run / "report.html");
  const Opened page = open_page(run / "report.html", "#figure=transition");
  EXPECT_THAT(page.dom, HasSubstr("data-figures=\"1\""));
  EXPECT_THAT(page.dom, HasSubstr("<body class=\"alone\">"));
  EXPECT_THAT(page.dom, HasSubstr("<figure data-figure=\"transition\" class=\"shown\">"));
  EXPECT_THAT(page.dom, Not(HasSubstr("data-errors")));
}

TEST_F(ReportInBrowser, TakesHostileTextsAsTexts) {
  const fs::path run = test_folder("browser_hostile");
  const std::string attack =
      "<img src=x onerror=\"document.title='owned'\"><a href=\"javascript:alert(1)\">l</a>";
  write_synthetic_run(run, {attack, "</script><script>document.title='owned'</script>"});
  fs::rename(run / "sweeps" / "epoch_0024.json",
             run / "sweeps" / "<svg onload=document.title='owned'>.json");
  write_report(run, run / "report.html");
  const Opened page = open_page(run / "report.html");
  EXPECT_THAT(page.dom, HasSubstr("data-ready=\"yes\""));
  EXPECT_THAT(page.dom, Not(HasSubstr("data-errors")));
  EXPECT_THAT(page.dom, HasSubstr("<title>browser_hostile · Varphase</title>"));
  EXPECT_EQ(count(page.dom, "<img"), 0);
  EXPECT_EQ(count(page.dom, "<a href=\"javascript"), 0);
  EXPECT_EQ(count(page.dom, "xlink:href=\"javascript"), 0);
  EXPECT_EQ(count(page.dom, "<script>document.title"), 0);
  EXPECT_THAT(page.dom, HasSubstr("&lt;img src=x onerror="));  // it is shown, as a text
}

TEST_F(ReportInBrowser, OpensWithWhateverFilesThereAre) {
  const std::vector<std::vector<const char*>> cases = {
      {"transition.json", "kappa"},
      {"metrics.csv", "config.json"},
      {"sweeps", "evaluations", "attacks", "environment.json"}};
  for (const std::vector<const char*>& missing : cases) {
    const fs::path run = test_folder("browser_missing");
    write_synthetic_run(run);
    for (const char* file : missing) fs::remove_all(run / file);
    write_report(run, run / "report.html");
    const Opened page = open_page(run / "report.html");
    EXPECT_THAT(page.dom, HasSubstr("data-ready=\"yes\"")) << missing[0];
    EXPECT_THAT(page.dom, Not(HasSubstr("data-errors"))) << missing[0];
  }
}

}  // namespace
}  // namespace varphase
