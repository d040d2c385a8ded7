#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>

#include "core/log.h"
#include "mountd/commands/commands.h"
#include "mountd/commands/mounting.h"
#include "mountd/mount_overview.h"

namespace mapistore::ctl::commands {

namespace {

using Clock = std::chrono::steady_clock;

struct TopOptions {
  std::string socket;
  double interval = 2;
  unsigned count = 0;  ///< of samples; 0: until it is ended, or one where there is no terminal
};

/// What of a mount only grows.
struct Totals {
  std::uint64_t operations = 0, errors = 0, read = 0, written = 0, hits = 0, misses = 0;
  double busy_seconds = 0, cpu_seconds = 0;
};

/// What the process has used of processors, and holds of memory in kB.
std::pair<double, std::uint64_t> use_of(const Json& pid) {
  const std::string process = "/proc/" + (pid.is_number() ? json_text(pid) : "0");
  std::ifstream stat{process + "/stat"};
  std::string text;
  std::getline(stat, text);
  unsigned long long user = 0, system = 0;
  long long pages = 0;
  // After the name, which may hold anything, come the state and then numbers (proc(5)).
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos ||
      std::sscanf(text.c_str() + end + 1,
                  " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d %*u %*u %lld", &user,
                  &system, &pages) != 3)
    return {0, 0};
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return {static_cast<double>(user + system) / ticks,
          static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024};
}

Totals totals_of(const Json& report) {
  Totals totals;
  const Json status = report.value("status", Json{});
  if (!status.is_object()) return totals;
  const Json operations = status.value("operations", Json::object());
  for (const auto& [name, operation] : operations.items()) {
    totals.operations += count_at(operation, "count");
    totals.errors += count_at(operation, "errors");
    totals.busy_seconds += operation.value("seconds", 0.0);
  }
  const Json bytes = status.value("bytes", Json{});
  totals.read = count_at(bytes, "read");
  totals.written = count_at(bytes, "written");
  const Json cache = status.value("cache", Json{});
  totals.hits = count_at(cache, "hits");
  totals.misses = count_at(cache, "misses");
  totals.cpu_seconds = use_of(report.value("pid", Json{})).first;
  return totals;
}

/// One mount over one interval.
Json rates(const Json& report, const Totals& before, double seconds) {
  const Totals now = totals_of(report);
  const auto per_second = [&](auto later, auto earlier) {
    // A daemon that was started anew counts from nothing.
    return later >= earlier && seconds > 0 ? static_cast<double>(later - earlier) / seconds : 0.0;
  };
  const double operations = per_second(now.operations, before.operations);
  const Json status = report.value("status", Json{});
  return {{"name", report.value("name", Json{})},
          {"directory", report.value("directory", Json{})},
          {"state", report.value("state", Json{})},
          {"operations_per_second", operations},
          {"errors_per_second", per_second(now.errors, before.errors)},
          {"mean_seconds", operations > 0 ? per_second(now.busy_seconds, before.busy_seconds) / operations : 0.0},
          {"read_bytes_per_second", per_second(now.read, before.read)},
          {"written_bytes_per_second", per_second(now.written, before.written)},
          {"cache_hits_per_second", per_second(now.hits, before.hits)},
          {"cache_misses_per_second", per_second(now.misses, before.misses)},
          {"cpu", per_second(now.cpu_seconds, before.cpu_seconds)},
          {"memory_kb", use_of(report.value("pid", Json{})).second},
          {"open_files", count_at(status, "open_files")},
          {"unsaved", count_at(status, "unsaved")}};
}

std::string line_of(const Json& mount) {
  const auto shown =
      mount["name"].is_string() ? mount["name"].get<std::string>() : mount["directory"].get<std::string>();
  char line[256];
  std::snprintf(line, sizeof(line), "%-24.24s %-9.9s %9.1f %7.1f %9.0f %9.2f %9.2f %6.1f %8.1f %6llu %7llu\n",
                log::harmless(shown).c_str(), mount["state"].get<std::string>().c_str(),
                mount["operations_per_second"].get<double>(), mount["errors_per_second"].get<double>(),
                mount["mean_seconds"].get<double>() * 1e6, mount["read_bytes_per_second"].get<double>() / 1e6,
                mount["written_bytes_per_second"].get<double>() / 1e6, mount["cpu"].get<double>() * 100,
                mount["memory_kb"].get<double>() / 1024, mount["open_files"].get<unsigned long long>(),
                mount["unsaved"].get<unsigned long long>());
  return line;
}

std::string table_of(const Json& mounts) {
  std::string text =
      "mount                    state         ops/s  errs/s   mean us   read MB/s write MB/s  CPU %   MB mem   open "
      "unsaved\n";
  for (const Json& mount : mounts) text += line_of(mount);
  return text;
}

/// As much of `text` as the terminal has lines for.
std::string cut_to_screen(const std::string& text) {
  winsize size{};
  std::size_t lines = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 ? size.ws_row - 1u : 24u;
  std::size_t end = 0;
  while (lines-- > 0 && end != std::string::npos && end < text.size()) end = text.find('\n', end) + 1;
  return text.substr(0, end);
}

/// Waits; true if the user has typed `q`.
bool wait(Clock::duration time) {
  pollfd keyboard{STDIN_FILENO, POLLIN, 0};
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  char key = 0;
  return ::poll(&keyboard, ::isatty(STDIN_FILENO) == 1 ? 1 : 0, static_cast<int>(milliseconds)) > 0 &&
         ::read(STDIN_FILENO, &key, 1) == 1 && key == 'q';
}

Result<int> show(Environment& environment, const TopOptions& asked) {
  const bool live = ::isatty(STDOUT_FILENO) == 1 && !environment.output.is_json();
  const unsigned count = asked.count == 0 && !live ? 1 : asked.count;
  const auto interval = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>{asked.interval});
  Json before = mountd::mount_overview(mounting::sockets(asked.socket), {});
  auto then = Clock::now();
  for (unsigned sample = 0; (count == 0 || sample < count) && !wait(interval); ++sample) {
    Json reports = mountd::mount_overview(mounting::sockets(asked.socket), {});
    const auto now = Clock::now();
    Json mounts = Json::array();
    for (const Json& report : reports) {
      Totals earlier;
      for (const Json& old : before)
        if (old["directory"] == report["directory"]) earlier = totals_of(old);
      mounts.push_back(rates(report, earlier, std::chrono::duration<double>(now - then).count()));
    }
    if (live)
      std::fputs(("\x1b[H\x1b[2J" + cut_to_screen(table_of(mounts))).c_str(), stdout);
    else
      environment.output.result(Json{{"seconds", asked.interval}, {"mounts", mounts}}, table_of(mounts));
    std::fflush(stdout);
    before = std::move(reports);
    then = now;
  }
  return 0;
}

}  // namespace

void top(Verb& program) {
  Verb verb = program.verb("top", "what each mount does just now; q and Enter end it");
  const auto asked = std::make_shared<TopOptions>();
  verb.seconds("--interval", asked->interval, 0.1, 3600.0, "seconds between two looks");
  verb.count("--count", asked->count, "how many looks; 1 where there is no terminal");
  mounting::add_socket_option(verb, asked->socket);
  verb.does(asked, show);
}

}  // namespace mapistore::ctl::commands
