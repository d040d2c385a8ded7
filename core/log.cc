#include "core/log.h"

#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>

namespace mapistore::log {
namespace {

constexpr std::array<std::string_view, 5> level_names{"trace", "debug", "info", "warning", "error"};

struct Output {
  std::shared_ptr<spdlog::logger> logger;
  bool priorities = false;  ///< each line begins with <N>, which journald takes for its priority
};

/// Whether standard error is the stream that JOURNAL_STREAM ("device:inode") names, not one redirected since.
bool writes_to_journal() {
  const char* journal = ::secure_getenv("JOURNAL_STREAM");
  struct stat status{};
  if (!journal || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return journal == std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino);
}

Output make_output(Target target) {
  Output output;
  if (target == Target::system) {
    auto sink = std::make_shared<spdlog::sinks::syslog_sink_mt>("mapistorefs", LOG_PID, LOG_USER, false);
    output.logger = std::make_shared<spdlog::logger>("mapistorefs", std::move(sink));
    return output;
  }
  output.priorities = writes_to_journal();
  output.logger = std::make_shared<spdlog::logger>("mapistorefs", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  output.logger->set_pattern(output.priorities ? "%v" : "%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  return output;
}

/// Everything the log knows. Lock rank: leaf.
struct State {
  std::atomic<LogLevel> level = LogLevel::info;
  std::mutex mutex;
  Output output;
  std::vector<std::string> secrets;  ///< the longest first, so that none survives inside another
};

State& state() {
  static auto* the_state = new State;  // outlives every thread that may still log at exit
  return *the_state;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::trace: return spdlog::level::trace;
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warning: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view priority(LogLevel level) {
  constexpr std::array<std::string_view, 5> prefixes{"<7>", "<7>", "<6>", "<4>", "<3>"};
  return prefixes[static_cast<std::size_t>(level)];
}

void replace_all(std::string& text, std::string_view secret) {
  constexpr std::string_view mask = "***";
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + mask.size()))
    text.replace(at, secret.size(), mask);
}

/// Whether a terminal or a reader of lines may act on byte `i`: C0 and DEL, and both bytes of C1 in UTF-8.
bool is_control(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u; };
  const auto is_c1 = [&](std::size_t at) { return byte(at) == 0xc2 && byte(at + 1) >= 0x80 && byte(at + 1) < 0xa0; };
  return byte(i) < 0x20 || byte(i) == 0x7f || is_c1(i) || (i > 0 && is_c1(i - 1));
}

std::string escaped(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\n') {
      out += "\\n";
    } else if (is_control(text, i)) {
      out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

void start(LogLevel level, Target target) {
  Output output = make_output(target);
  output.logger->set_level(spdlog::level::trace);
  output.logger->flush_on(spdlog::level::trace);
  set_level(level);
  const std::lock_guard lock(state().mutex);
  state().output = std::move(output);
}

void set_level(LogLevel level) noexcept { state().level = level; }

void line(LogLevel level, std::string_view object, std::string_view text) noexcept {
  if (level < state().level.load()) return;
  try {
    Output output;
    {
      const std::lock_guard lock(state().mutex);
      if (!state().output.logger) state().output = make_output(Target::standard_error);
      output = state().output;
    }
    std::string whole = object.empty() ? std::string(text) : std::string(object) + ": " + std::string(text);
    whole = harmless(whole);
    if (output.priorities) whole.insert(0, priority(level));
    output.logger->log(spdlog_level(level), spdlog::string_view_t(whole));
  } catch (...) {  // NOLINT(bugprone-empty-catch): a line that cannot be written must not end the operation it tells of
  }
}

void redact(std::string_view secret) {
  constexpr std::size_t shortest = 4;
  if (secret.size() < shortest) return;
  const std::lock_guard lock(state().mutex);
  auto& secrets = state().secrets;
  if (std::ranges::find(secrets, secret) != secrets.end()) return;
  const auto place = std::ranges::find_if(secrets, [&](const auto& other) { return other.size() < secret.size(); });
  secrets.emplace(place, secret);
}

void no_longer_secret(std::string_view secret) {
  const std::lock_guard lock(state().mutex);
  std::erase(state().secrets, secret);
}

std::string harmless(std::string_view text) {
  std::string out(text);
  {
    const std::lock_guard lock(state().mutex);
    for (const std::string& secret : state().secrets) replace_all(out, secret);
  }
  return escaped(out);
}

Result<LogLevel> parse_level(std::string_view name) {
  const auto found = std::ranges::find(level_names, name);
  if (found == level_names.end())
    return fail(Errc::invalid_argument, name, "no such log level", "use trace, debug, info, warning or error");
  return static_cast<LogLevel>(found - level_names.begin());
}

}  // namespace mapistore::log
