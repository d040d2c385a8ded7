#include "mountd/output.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "core/log.h"

namespace mapistore::ctl {

namespace {

constexpr std::chrono::milliseconds between_drawings{200};

void put(std::FILE* stream, std::string_view text) { std::fwrite(text.data(), 1, text.size(), stream); }

}  // namespace

void Output::result(const Json& json, std::string_view text) const {
  if (json_)
    put(stdout, json_text(json, 2) + '\n');
  else
    put(stdout, text);
}

void Output::line(std::string_view text) const {
  if (!json_ && detail_ != Detail::quiet) put(stdout, log::harmless(text) + '\n');
}

void Output::detail(std::string_view text) const {
  if (detail_ == Detail::verbose) line(text);
}

void Output::trouble(const Error& error) const {
  put(stderr, "mapistorectl: " + log::harmless(error.to_string()) + '\n');
}

void Output::progress(std::string_view text) {
  static const bool terminal = ::isatty(STDERR_FILENO) == 1;
  if (!terminal || detail_ == Detail::quiet) return;
  const auto now = std::chrono::steady_clock::now().time_since_epoch() / std::chrono::milliseconds{1};
  if (drawn_ != 0 && now - drawn_at_ < between_drawings.count()) return;
  drawn_at_ = now;
  const std::string shown = log::harmless(text);
  const std::size_t blanks = drawn_ > shown.size() ? drawn_ - shown.size() : 0;
  put(stderr, '\r' + shown + std::string(blanks, ' '));
  drawn_ = shown.size();
}

void Output::end_progress() {
  if (drawn_ != 0) put(stderr, '\r' + std::string(drawn_, ' ') + '\r');
  drawn_ = 0;
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + ' ' + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace mapistore::ctl
