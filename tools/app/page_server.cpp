// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/page_server.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <httplib.h>

#include "src/base/error.hpp"

namespace varphase {
namespace {

constexpr const char* kAddress = "127.0.0.1";
// An open page holds one for its events. Pages over that many take turns, and the other threads always answer.
constexpr std::size_t kThreads = 32, kMostStreams = 24;
// By which a closed page is noticed.
constexpr std::chrono::seconds kSignOfLife{10};
constexpr int kForbidden = 403, kMethodNotAllowed = 405, kServerError = 500;

/// What an open page has been told.
struct Stream {
  std::int64_t told = 0;
  bool ended = false;
};

/// A later server's first version is none that an earlier one told: pages that were open all along ask for news.
std::int64_t first_version() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string message_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "the page could not be made";
  }
}

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
  std::int64_t version = first_version();
  bool ending = false;
  std::deque<std::shared_ptr<Stream>> streams;  // that are open, the oldest first

  bool is_for_us(const httplib::Request& request) const {
    const std::string host = request.get_header_value("Host");
    return host == fmt::format("{}:{}", kAddress, port) ||
           host == fmt::format("localhost:{}", port);
  }

  void answer(const std::function<std::string()>& text, httplib::Response& response) {
    const std::lock_guard lock(rendering);
    response.set_content(text(), "text/html; charset=utf-8");
  }

  /// Ends the oldest where there are too many: its page asks again after a while.
  std::shared_ptr<Stream> open_stream() {
    const std::lock_guard lock(mutex);
    streams.push_back(std::make_shared<Stream>());
    if (streams.size() > kMostStreams) {
      streams.front()->ended = true;
      streams.pop_front();
      news.notify_all();
    }
    return streams.back();
  }

  void close_stream(const std::shared_ptr<Stream>& stream) {
    const std::lock_guard lock(mutex);
    std::erase(streams, stream);
  }

  /// One event at each change, or a comment where there is none for a while. @return false: it is over
  bool send_event(httplib::DataSink& sink, Stream& stream) {
    std::string text = ": here\n\n";
    {
      std::unique_lock lock(mutex);
      news.wait_for(lock, kSignOfLife,
                    [&] { return ending || stream.ended || version != stream.told; });
      if (ending || stream.ended) return false;
      if (version != stream.told) text = fmt::format("data: {}\n\n", version);
      stream.told = version;
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
    server.set_exception_handler([](const httplib::Request&, httplib::Response& response,
                                    const std::exception_ptr& failure) {
      response.status = kServerError;
      response.set_content(message_of(failure) + "\n", "text/plain; charset=utf-8");
    });
    server.Get("/", [this](const httplib::Request&, httplib::Response& response) {
      answer(texts.page, response);
    });
    server.Get("/update", [this](const httplib::Request&, httplib::Response& response) {
      answer(texts.update, response);
    });
    server.Get("/events", [this](const httplib::Request&, httplib::Response& response) {
      const std::shared_ptr<Stream> stream = open_stream();
      response.set_chunked_content_provider(
          "text/event-stream",
          [this, stream](std::size_t, httplib::DataSink& sink) {
            return send_event(sink, *stream);
          },
          [this, stream](bool) { close_stream(stream); });
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
