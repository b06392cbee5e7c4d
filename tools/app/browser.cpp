// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/browser.hpp"

#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <fmt/ranges.h>

#include "src/base/error.hpp"
#include "src/base/json.hpp"

extern char** environ;

namespace varphase {
namespace fs = std::filesystem;
namespace {

constexpr const char* kNames[] = {"chromium", "chromium-browser", "google-chrome",
                                  "google-chrome-stable"};
constexpr auto kPatience = std::chrono::minutes(2);

fs::path find_program() {
  const char* path = std::getenv("PATH");
  for (const char* name : kNames) {
    std::istringstream folders(path == nullptr ? "" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
      fs::path program = fs::path(folder) / name;
      if (!folder.empty() && ::access(program.c_str(), X_OK) == 0) return program;
    }
  }
  return {};
}

/// As posix_spawn takes them; valid as long as the words.
std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// This process's environment with another folder for temporary files: a browser that is killed leaves some.
std::vector<std::string> environment_with(const fs::path& temporary) {
  std::vector<std::string> all{"TMPDIR=" + temporary.string()};
  for (char** one = environ; *one != nullptr; ++one) {
    if (std::string_view(*one).substr(0, 7) != "TMPDIR=") all.emplace_back(*one);
  }
  return all;
}

/// Starts a program in a process group of its own, with what it prints and its temporary files in a folder.
/// @return its number
pid_t start(const std::vector<std::string>& words, const fs::path& folder) {
  const std::vector<std::string> environment = environment_with(folder);
  const fs::path out = folder / "out", log = folder / "log";
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  const int flags = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, out.c_str(), flags, 0600);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, log.c_str(), flags, 0600);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t child = 0;
  const int status = ::posix_spawn(&child, words.front().c_str(), &files, &attributes,
                                   pointers_to(words).data(), pointers_to(environment).data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  VARPHASE_CHECK(status == 0, ErrorKind::io, "{}: does not start (error {})", words.front(),
                 status);
  return child;
}

enum class Ending { well, badly, late };

/// @param stop  whether somebody wants it to end
Ending wait_for(pid_t child, const std::function<bool()>& stop) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  siginfo_t ended{};
  // Left unreaped, so that its number stays its own until its group is ended.
  while (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == 0 && std::chrono::steady_clock::now() <= end && !stop())
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  // Helpers that outlive it would write into the folder that is removed.
  ::kill(-child, SIGKILL);
  int status = 0;
  const bool reaped = ::waitpid(child, &status, 0) == child;
  if (ended.si_pid == 0) return Ending::late;
  return reaped && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? Ending::well : Ending::badly;
}

/// A path as part of an address: what is no plain letter goes in as its bytes' numbers.
std::string address_of(const fs::path& path) {
  std::string address = "file://";
  for (const char letter : fs::absolute(path).string()) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte) != 0 || letter == '/' || letter == '.' || letter == '_' || letter == '-')
      address += letter;
    else
      address += fmt::format("%{:02X}", byte);
  }
  return address;
}

}  // namespace

Browser::Browser(const std::string& purpose, std::function<bool()> stop)
    : stop_(std::move(stop)), program_(find_program()) {
  VARPHASE_CHECK(!program_.empty(), ErrorKind::unsupported,
                 "{} wants a Chromium, which draws the figures by the page's own code; none of {} "
                 "is on PATH\n  Debian: apt-get install chromium",
                 purpose, fmt::join(kNames, ", "));
  std::string name = (fs::temp_directory_path() / "varphase-figures-XXXXXX").string();
  VARPHASE_CHECK(::mkdtemp(name.data()) != nullptr, ErrorKind::io, "{}: no folder can be made",
                 name);
  folder_ = name;
}

Browser::~Browser() {
  std::error_code error;
  fs::remove_all(folder_, error);
}

void Browser::run(const std::vector<std::string>& options, const std::string& address) const {
  std::vector<std::string> words{program_.string(),
                                 "--headless=new",
                                 "--disable-gpu",
                                 "--disable-dev-shm-usage",
                                 "--no-first-run",
                                 "--host-resolver-rules=MAP * ~NOTFOUND",
                                 "--virtual-time-budget=60000",
                                 "--user-data-dir=" + (folder_ / "profile").string()};
  if (::geteuid() == 0) words.emplace_back("--no-sandbox");  // as root Chromium has no sandbox
  words.insert(words.end(), options.begin(), options.end());
  words.push_back(address);
  const Ending ending = wait_for(start(words, folder_), stop_);
  if (stop_()) throw Stopped{};
  VARPHASE_CHECK(ending != Ending::late, ErrorKind::io, "{}: was not done with {} after {} s",
                 program_.string(), address, std::chrono::seconds(kPatience).count());
  const std::string log = read_text_file(folder_ / "log");
  VARPHASE_CHECK(ending == Ending::well, ErrorKind::io, "{}: failed on {}\n  {}", program_.string(),
                 address, log.substr(0, 2000));
}

std::string Browser::document(const fs::path& page, const std::string& fragment) const {
  run({"--dump-dom"}, address_of(page) + fragment);
  return read_text_file(folder_ / "out");
}

void Browser::print(const fs::path& page, const fs::path& pdf) const {
  run({"--no-pdf-header-footer", "--print-to-pdf=" + pdf.string()}, address_of(page));
}

}  // namespace varphase
