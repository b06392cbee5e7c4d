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
#include "analysis/report/html.hpp"
#include "analysis/report/live_page.hpp"
#include "analysis/report/report.hpp"
#include "src/base/atomic_file.hpp"
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
/// @param milliseconds  by the page's clock, after which it is looked at
Opened open_page(const fs::path& page, const std::string& fragment = "", int milliseconds = 8000) {
  const fs::path folder = page.parent_path();
  const std::string command = fmt::format(
      "timeout 120 {} --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage "
      "--no-first-run "
      "--user-data-dir='{}/profile' --host-resolver-rules='MAP * ~NOTFOUND' "
      "--enable-logging=stderr --v=0 "
      "--window-size=1280,900 --virtual-time-budget={} --dump-dom 'file://{}{}' > '{}/dom.html' "
      "2> '{}/log.txt'",
      find_browser(), folder.string(), milliseconds, page.string(), fragment, folder.string(),
      folder.string());
  EXPECT_EQ(std::system(command.c_str()), 0) << read_text_file(folder / "log.txt");
  return {read_text_file(folder / "dom.html"), read_text_file(folder / "log.txt")};
}

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

/// Opens a page with a script appended, which leaves its findings in data-driven.
Json driven(const fs::path& page, const std::string& script) {
  std::string text = read_text_file(page);
  text.replace(text.rfind("</body>"), 7, "<script>" + script + "</script></body>");
  const fs::path with_driver = page.parent_path() / "driven.html";
  write_text_atomically(with_driver, text);
  const Opened opened = open_page(with_driver);
  EXPECT_THAT(opened.log, testing::Not(HasSubstr("CONSOLE")));
  EXPECT_THAT(opened.dom, testing::Not(HasSubstr("data-errors")));
  const std::string mark = "data-driven=\"";
  const std::size_t from = opened.dom.find(mark);
  if (from == std::string::npos) return {};
  std::string found = opened.dom.substr(from + mark.size());
  found.resize(found.find('"'));
  for (const auto& [markup, letter] :
       {std::pair("&quot;", "\""), {"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}})
    for (std::size_t at = 0; (at = found.find(markup, at)) != std::string::npos; ++at)
      found.replace(at, std::string(markup).size(), letter);
  return parse_json(found, "data-driven");
}

std::string test_script(const char* name) {
  return read_text_file(fs::path(VARPHASE_SOURCE_DIR) / "tests/analysis/report" / name);
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
  write_page(run);
  const Opened page = open_page(run / "report.html");
  EXPECT_THAT(page.dom, HasSubstr("data-ready=\"yes\""));
  EXPECT_THAT(page.dom, HasSubstr("data-figures=\"17\""));
  EXPECT_THAT(page.dom, Not(HasSubstr("data-errors")));
  EXPECT_EQ(count(page.dom, "class=\"csv\""), 17);
  EXPECT_GE(count(page.dom, "class=\"trace scatter"),
            4 + 1 + 3 + 2 * 3 + 2 * 3 + 2 * 4);  // the lines of nine figures
  EXPECT_GE(count(page.dom, "class=\"trace bars"), 2 + 2);
  EXPECT_EQ(count(page.dom, "class=\"hm\""), 2);
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
  Json config = read_json_file(runs[2].first / "config.json");
  config["train"]["epochs"] = 99;  // the others are seeds
  write_json_file(runs[2].first / "config.json", config);
  const fs::path file = folder / "comparison.html";
  write_comparison(runs, file);
  const Opened page = open_page(file);
  EXPECT_THAT(page.dom, HasSubstr("data-ready=\"yes\""));
  EXPECT_THAT(page.dom, HasSubstr("data-figures=\"7\""));
  EXPECT_THAT(page.dom, Not(HasSubstr("data-errors")));
  EXPECT_EQ(count(page.dom, "class=\"hm\""), 2);
  EXPECT_EQ(count(page.dom, "<i>c"), 0);
  EXPECT_THAT(page.log, Not(HasSubstr("CONSOLE")));

  const Json found = driven(file, test_script("comparison_driver.js"));
  EXPECT_FALSE(found.contains("error")) << found["error"];
  EXPECT_EQ(found["width"], 0);
  // Names of the legend: seeds as one line, then a line a run, each of a look of its own.
  const Json& banded = found["banded"];
  const Json& single = found["single"];
  EXPECT_EQ(banded["compare-over"]["names"], Json({"a and other seeds", "&lt;i&gt;c&lt;/i&gt;"}));
  EXPECT_EQ(banded["compare-over"]["bands"], 1);
  EXPECT_EQ(banded["compare-histogram"]["bands"], 1);
  EXPECT_EQ(banded["compare-accuracy"]["bands"], 2);
  EXPECT_EQ(banded["compare-sweep"]["bands"], 3);  // two rules by threshold, one by share
  EXPECT_EQ(banded["compare-maps"]["maps"], 2);
  EXPECT_EQ(single["compare-maps"]["maps"], 3);
  for (const char* figure :
       {"compare-over", "compare-log-alpha", "compare-objective", "compare-histogram"}) {
    EXPECT_EQ(single[figure]["names"], Json({"a", "b", "&lt;i&gt;c&lt;/i&gt;"})) << figure;
    EXPECT_EQ(single[figure]["legend"], 3) << figure;
    EXPECT_EQ(single[figure]["colors"], 3) << figure;
    EXPECT_EQ(single[figure]["dashes"], 3) << figure;
    EXPECT_EQ(single[figure]["bands"], 0) << figure;
  }
  EXPECT_EQ(single["compare-accuracy"]["colors"], 3);
  EXPECT_EQ(single["compare-accuracy"]["symbols"], 3);
  EXPECT_GT(found["top"], 50);
  // The mean and the deviation of two runs that are the same.
  EXPECT_EQ(found["mean"], found["of_one"]);
  EXPECT_EQ(found["deviation"], 0);
}

TEST_F(ReportInBrowser, DoesWhatAReaderAsksOfIt) {
  const fs::path run = test_folder("browser_driven");
  write_synthetic_run(run);
  write_page(run);
  const Json found = driven(run / "report.html", test_script("page_driver.js"));
  EXPECT_FALSE(found.contains("error")) << found["error"];
  EXPECT_EQ(found["requests"], 0);
  EXPECT_EQ(found["width"], 0);  // nothing reaches over the window's edge
  // [traces, points, drawings]: 25 epochs, two shades of the KL term's warm-up, the star where alpha passes 1, 41 thresholds by two rules and 3 shares, the full ensemble's line, a star.
  const Json drawn = found["drawn"];
  EXPECT_EQ(drawn["transition"][0], 7);
  EXPECT_GE(drawn["transition"][1], 4 * 25 + 5);
  EXPECT_EQ(drawn["log-alpha"], Json({2, 26, 3}));
  EXPECT_EQ(drawn["objective"][0], 3);  // the bound, what was minimised, the KL
  EXPECT_EQ(drawn["objective-nll"], Json({1, 24, 3}));
  EXPECT_EQ(drawn["histograms"], Json({3, 3 * 140, 3}));
  EXPECT_EQ(drawn["sweep-threshold"], Json({5, 2 + 82 + 1 + 41, 3}));
  EXPECT_EQ(drawn["sweep-sparsity"], Json({5, 2 + 82 + 3 + 1, 3}));
  for (const auto& [name, figure] : drawn.items()) EXPECT_GT(figure[1], 0) << name;
  EXPECT_EQ(drawn["predictions"], Json({6, 3 * (3 + 3 * 4), 3}));
  EXPECT_EQ(found["pictures"], 3);
  EXPECT_EQ(drawn.size(), 17U);
  // Before the first sign of the transition, with all of them, and the last.
  EXPECT_EQ(found["moments"], Json({"15", "18", "24"}));
  EXPECT_EQ(found["first_view"], "difference to full, points");
  // Of all thresholds those about which something changes.
  EXPECT_GT(found["sweep_range"][0], -1);
  EXPECT_LT(found["sweep_range"][1], 2);
  EXPECT_EQ(
      found["weighed"],
      " Training weighed the KL by 0 up to epoch 3, by less than in the end up to epoch 8, by 1 "
      "in the last epoch: the line “minimised” is NLL + weight × KL, −ELBO is the bound with all "
      "of the KL.");
  EXPECT_EQ(found["signs"],
            Json({"<b>drop</b>: epoch 16", "<b>α &gt; 1 in dense1</b>, <b>gap</b>: epoch 17",
                  "<b>onset</b>: epoch 18"}));
  EXPECT_EQ(found["paper"]["open"], 1);
  EXPECT_EQ(found["screen"], Json({{"chosen", Json::array()}, {"open", 0}}));
  EXPECT_EQ(found["paper"]["chosen"],
            Json({"top points of the accuracy only", "logarithmic counts",
                  "show: NLL; near the full ensemble only", "entropy of: full, ensemble, K = 50",
                  "predictions of: pruned/98.h5 (98 % of dense1 gone), evaluations/98.json"}));
  EXPECT_LT(found["csv_before"], 40);
  EXPECT_EQ(found["csv_lines"], 1 + 25);  // a head and the epochs
  EXPECT_EQ(found["slider"], "3");
  EXPECT_EQ(found["histogram"], 20000);
  EXPECT_EQ(found["played"], "6");
  EXPECT_EQ(found["clicked"], "0");
  EXPECT_EQ(found["legend"], "legendonly");
  EXPECT_GT(found["top"], 50);
  EXPECT_EQ(found["measure"], "NLL an image, nats");
}

TEST_F(ReportInBrowser, ReadersOfAllKindsCanUseIt) {
  if (!fs::exists(VARPHASE_AXE_JS)) GTEST_SKIP() << "no axe-core on this machine";
  const fs::path run = test_folder("browser_axe");
  write_synthetic_run(run);
  write_page(run);
  const std::string script = read_text_file(VARPHASE_AXE_JS) + test_script("page_axe.js");
  EXPECT_EQ(driven(run / "report.html", script)["findings"], Json::array());
  write_comparison({{run, "a"}, {run, "b"}}, run / "comparison.html");
  EXPECT_EQ(driven(run / "comparison.html", script)["findings"], Json::array());
}

TEST_F(ReportInBrowser, IsRenewedWithoutReloading) {
  const fs::path run = test_folder("browser_live");
  write_synthetic_run(run);
  ReportInputs inputs = collect_report(run);
  std::string page = render_report(inputs, {.live = true, .progress = progress_html({})});
  inputs.name = "renewed";
  inputs.metrics->rows.pop_back();
  const std::string next = render_report(inputs, {.live = true, .progress = progress_html({})});
  // In the place of a server: an event, after somebody has chosen an epoch, and what then is asked for.
  const std::string server = fmt::format(
      "<script>window.fetch = async () => ({{ ok: true, text: async () => {} }});"
      "window.EventSource = class {{ constructor() {{ setTimeout(() => {{"
      "  const slider = document.getElementById('kappa-epoch'); slider.value = '3';"
      "  slider.dispatchEvent(new Event('input', {{ bubbles: true }}));"
      "  this.onmessage({{ data: '1' }}); this.onmessage({{ data: '2' }}); }}, 3000); }}"
      "  close() {{}} }};"
      "</script>",
      script_json(std::string(changing_part(next))));
  page.insert(page.find("<script id=\"page-script\">"), server);
  write_text_atomically(run / "report.html", page);
  // A clock far beyond what two drawings take where other work slows them; it leaps where nothing is left to do.
  const Opened opened = open_page(run / "report.html", "", 120000);
  EXPECT_THAT(opened.dom, HasSubstr("data-updates=\"2\""));
  EXPECT_THAT(opened.dom, HasSubstr("<h1>renewed</h1>"));
  EXPECT_THAT(opened.dom, HasSubstr("data-figures=\"17\""));
  EXPECT_THAT(opened.dom, HasSubstr("for=\"kappa-epoch\">3</output>"));
  EXPECT_THAT(opened.dom, Not(HasSubstr("data-errors")));
  EXPECT_THAT(opened.log, Not(HasSubstr("CONSOLE")));
}

TEST_F(ReportInBrowser, ShowsOneFigureAloneForAPicture) {
  const fs::path run = test_folder("browser_alone");
  write_synthetic_run(run);
  write_page(run);
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
  write_page(run);
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
    write_page(run);
    const Opened page = open_page(run / "report.html");
    EXPECT_THAT(page.dom, HasSubstr("data-ready=\"yes\"")) << missing[0];
    EXPECT_THAT(page.dom, Not(HasSubstr("data-errors"))) << missing[0];
  }
}

}  // namespace
}  // namespace varphase
