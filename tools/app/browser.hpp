// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace varphase {

/// A Chromium without a window and without a network, for pages of our own making.
class Browser {
 public:
  struct Stopped {};

  /// The first of chromium, chromium-browser, google-chrome, google-chrome-stable on PATH.
  /// @param purpose  begins the message where there is none: "report --figures"
  /// @param stop  asked while the browser works: it is ended, and Stopped thrown
  /// @throws Error unsupported where there is none.
  Browser(const std::string& purpose, std::function<bool()> stop);
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  /// The document that a page is once its scripts have run. @throws Error io where the browser fails or takes over two
  /// minutes.
  std::string document(const std::filesystem::path& page, const std::string& fragment) const;

  /// Prints a page, whose style says the paper's size. @throws Error io likewise.
  void print(const std::filesystem::path& page, const std::filesystem::path& pdf) const;

  /// A folder of its own for pages, removed with it.
  const std::filesystem::path& folder() const { return folder_; }

 private:
  void run(const std::vector<std::string>& options, const std::string& address) const;

  std::function<bool()> stop_;
  std::filesystem::path program_, folder_;
};

}  // namespace varphase
