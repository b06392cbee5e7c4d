// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace varphase {

/// Serves one page to browsers of this machine: listens on 127.0.0.1 alone, answers only requests whose Host header
/// names that address or "localhost" with its port (a site whose name is made to lead here gets nothing), and takes
/// nothing but GET. A page hears of changes by server-sent events.
///
///     GET /         the page
///     GET /update   what of it changes
///     GET /events   an event with the version at every change; versions are those of no other server
///
/// A page that cannot be made is answered by 500 and the error's message as text. Of more than 24 open pages the oldest
/// is told no more until it asks again: the server always answers.
class PageServer {
 public:
  struct Texts {
    std::function<std::string()> page, update;  // called on the server's threads, one at a time
  };
  /// Listens from here on. @param port  0: any that is free. @throws Error io where it is taken or not allowed.
  PageServer(Texts texts, int port);
  /// Ends all answers.
  ~PageServer();
  PageServer(const PageServer&) = delete;
  PageServer& operator=(const PageServer&) = delete;

  /// "http://127.0.0.1:41234/".
  std::string address() const;
  /// Tells every open page.
  void changed();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace varphase
