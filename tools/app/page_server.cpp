// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/page_server.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <httplib.h>

#include "src/base/error.hpp"

namespace varphase {
namespace {

constexpr const char* kAddress = "127.0.0.1";
// An open page holds one for its events. Browsers open six connections to a server at most.
constexpr std::size_t kThreads = 32;
// By which a closed page is noticed.
constexpr std::chrono::seconds kSignOfLife{10};
constexpr int kForbidden = 403, kMethodNotAllowed = 405;

}  // namespace

struct PageServer::State {
  Texts texts;
  int port = 0;
  httplib::Server server;
  std::thread thread;
  std::atomic<bool> over = false;  // no longer listens
  std::mutex rendering;
  std::mutex mutex;
  std::condition_variable news;
  std::int64_t version = 1;
  bool ending = false;

  bool is_for_us(const httplib::Request& request) const {
    const std::string host = request.get_header_value("Host");
    return host == fmt::format("{}:{}", kAddress, port) ||
           host == fmt::format("localhost:{}", port);
  }

  void answer(const std::function<std::string()>& text, httplib::Response& response) {
    const std::lock_guard lock(rendering);
    response.set_content(text(), "text/html; charset=utf-8");
  }

  /// One event at each change, or a comment where there is none for a while. @return false: it is over
  bool send_event(httplib::DataSink& sink, std::int64_t& told) {
    std::string text = ": here\n\n";
    {
      std::unique_lock lock(mutex);
      news.wait_for(lock, kSignOfLife, [&] { return ending || version != told; });
      if (ending) return false;
      if (version != told) text = fmt::format("data: {}\n\n", version);
      told = version;
    }
    return sink.write(text.data(), text.size());
  }

  void define() {
    server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server.set_keep_alive_timeout(1);  // which an end waits for
    server.set_default_headers({{"Cache-Control", "no-store"},
                                {"X-Content-Type-Options", "nosniff"},
                                {"Cross-Origin-Resource-Policy", "same-origin"},
                                {"X-Frame-Options", "DENY"}});
    server.set_pre_routing_handler(
        [this](const httplib::Request& request, httplib::Response& response) {
          if (!is_for_us(request)) {
            response.status = kForbidden;
            response.set_content("not for this host\n", "text/plain");
            return httplib::Server::HandlerResponse::Handled;
          }
          if (request.method != "GET") {
            response.status = kMethodNotAllowed;
            return httplib::Server::HandlerResponse::Handled;
          }
          return httplib::Server::HandlerResponse::Unhandled;
        });
    server.Get("/", [this](const httplib::Request&, httplib::Response& response) {
      answer(texts.page, response);
    });
    server.Get("/update", [this](const httplib::Request&, httplib::Response& response) {
      answer(texts.update, response);
    });
    server.Get("/events", [this](const httplib::Request&, httplib::Response& response) {
      const auto told = std::make_shared<std::int64_t>(0);
      response.set_chunked_content_provider(
          "text/event-stream",
          [this, told](std::size_t, httplib::DataSink& sink) { return send_event(sink, *told); });
    });
  }
};

PageServer::PageServer(Texts texts, int port) : state_(std::make_unique<State>()) {
  state_->texts = std::move(texts);
  state_->define();
  // Another server's address is not taken over, as httplib does by itself (SO_REUSEPORT).
  state_->server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  state_->port = port == 0 ? state_->server.bind_to_any_port(kAddress)
                           : (state_->server.bind_to_port(kAddress, port) ? port : -1);
  VARPHASE_CHECK(state_->port > 0, ErrorKind::io,
                 "{}:{}: cannot be listened on; another program may have it\n  --port 0 takes any "
                 "that is free",
                 kAddress, port);
  state_->thread = std::thread([state = state_.get()] {
    state->server.listen_after_bind();
    state->over = true;
  });
}

PageServer::~PageServer() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->ending = true;
  }
  state_->news.notify_all();
  // A stop before the thread listens would be lost.
  while (!state_->server.is_running() && !state_->over)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  state_->server.stop();
  state_->thread.join();
}

std::string PageServer::address() const {
  return fmt::format("http://{}:{}/", kAddress, state_->port);
}

void PageServer::changed() {
  {
    const std::lock_guard lock(state_->mutex);
    ++state_->version;
  }
  state_->news.notify_all();
}

}  // namespace varphase
