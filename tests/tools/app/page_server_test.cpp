// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/page_server.hpp"

#include <memory>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "src/base/error.hpp"

namespace varphase {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

/// One connection, on which a request was sent.
class Asked {
 public:
  Asked(const PageServer& server, const std::string& path)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const std::string address = server.address();
    const std::string host = address.substr(7, address.size() - 8);  // without http:// and /
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(host.substr(host.find(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
    const std::string request =
        fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", path, host);
    EXPECT_EQ(::send(socket_, request.data(), request.size(), 0),
              static_cast<ssize_t>(request.size()));
  }
  ~Asked() { ::close(socket_); }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;

  /// All that comes until the server ends, or until that text has come.
  std::string read_until(const std::string& text = "") {
    const std::size_t from = answer_.size();
    char letters[4096];
    while (text.empty() || answer_.find(text, from) == std::string::npos) {
      const ssize_t got = ::recv(socket_, letters, sizeof(letters), 0);
      EXPECT_GE(got, 0) << "nothing came for long";
      if (got <= 0) break;
      answer_.append(letters, static_cast<std::size_t>(got));
    }
    return answer_.substr(from);
  }

 private:
  int socket_;
  std::string answer_;
};

std::string get(const PageServer& server, const std::string& path) {
  return Asked(server, path).read_until();
}

/// The first event's.
std::string version(const PageServer& server) {
  Asked events(server, "/events");
  const std::string text = events.read_until("\n\n");
  const std::size_t at = text.find("data: ");
  return text.substr(at, text.find('\n', at) - at);
}

const PageServer::Texts kTexts{[] { return std::string("<p>a page"); },
                               [] { return std::string("<p>news"); }};

TEST(PageServer, SaysWhyAPageCannotBeMadeAndGoesOn) {
  int asked = 0;
  const auto text = [&]() -> std::string {
    switch (++asked) {
      case 1:
        throw Error(ErrorKind::io, "runs/a: no such run folder");
      case 2:
        throw 3;  // what nobody expects
      default:
        return "<p>there again";
    }
  };
  const PageServer server({text, text}, 0);
  const std::string first = get(server, "/");
  EXPECT_THAT(first, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(first, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
  EXPECT_THAT(first, EndsWith("\r\n\r\nruns/a: no such run folder\n"));
  EXPECT_THAT(get(server, "/update"), EndsWith("\r\n\r\nthe page could not be made\n"));
  EXPECT_THAT(get(server, "/update"), EndsWith("\r\n\r\n<p>there again"));
}

TEST(PageServer, AnswersHoweverManyPagesAreOpen) {
  PageServer server(kTexts, 0);
  std::vector<std::unique_ptr<Asked>> pages;
  for (int i = 0; i < 60; ++i) {
    pages.push_back(std::make_unique<Asked>(server, "/events"));
    EXPECT_THAT(pages.back()->read_until("\n\n"), HasSubstr("data: "));
  }
  EXPECT_THAT(get(server, "/"), EndsWith("<p>a page"));
  pages.front()->read_until();  // it has ended
  server.changed();
  EXPECT_THAT(pages.back()->read_until("\n\n"), HasSubstr("data: "));
  EXPECT_THAT(pages[40]->read_until("\n\n"), HasSubstr("data: "));
}

TEST(PageServer, TellsNoVersionOfAnEarlierServer) {
  const auto of_one = [] {
    const PageServer server(kTexts, 0);
    return version(server);
  };
  const std::string earlier = of_one();
  EXPECT_THAT(earlier, StartsWith("data: "));
  EXPECT_NE(of_one(), earlier);
}

}  // namespace
}  // namespace varphase
