#include "fuse/mount.h"

#include <malloc.h>
#include <mapistore/sqlite.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "core/directories.h"
#include "core/exit_code.h"
#include "core/log.h"
#include "core/process_host.h"
#include "core/registry.h"
#include "core/secrets.h"
#include "core/store_source.h"
#include "fuse/mount_point.h"
#include "fuse/session.h"

namespace mapistore::fs {

namespace {

constexpr std::chrono::seconds first_open{20};
constexpr std::chrono::seconds time_to_end{15};
/// For what `save=spool` has left on this machine; the next mount takes up the rest.
constexpr std::chrono::minutes time_to_bring_away{5};

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): a signal handler is given nothing else
std::atomic<Session*> running = nullptr;

/// The first signal unmounts; a second one no longer waits for what is stuck.
void on_signal(int) {
  static std::atomic<int> signals = 0;
  if (++signals > 1) ::_exit(128 + SIGTERM);
  if (Session* session = running) session->stop();
}

void handle_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaction(number, &action, nullptr);
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, nullptr);
}

void report(ErrorsLog& errors, const Index::Opened& opened, const std::vector<std::filesystem::path>& recovered) {
  if (!opened.moved_aside.empty())
    errors.record({Errc::corrupted, opened.moved_aside.native(), "was the index, and damaged",
                   "a new one is being made from the media; properties that only the index held are lost"});
  for (const auto& path : recovered)
    errors.record(
        {Errc::io, path.native(), "was being written when the daemon ended", "copy it in again or delete it"});
}

/// A context mounted alone must open: its error is the command's.
Result<> wait_for_single(Store& store) {
  LiveContext& context = *store.contexts().front();
  auto medium = context.medium(Call::within(first_open));
  if (!medium) return std::unexpected(std::move(medium).error());
  return {};
}

Result<> serve(const CommandLine& line, const StoreSource& source, Registry& registry, Secrets& secrets, Host& host,
               Readiness& readiness) {
  const std::filesystem::path mount_point = MAPISTORE_TRY(prepare_mount_point(line.mount_point));
  const std::filesystem::path directory = MAPISTORE_TRY(
      directories::make_private_directory(MAPISTORE_TRY(directories::state_home()) / source.name));
  ErrorsLog errors{host};
  Index::Opened opened = MAPISTORE_TRY(Index::open(directory));
  Index& index = *opened.index;
  StagingArea staging = MAPISTORE_TRY(StagingArea::open(directory));
  report(errors, opened, opened.alone ? staging.recover(index) : std::vector<std::filesystem::path>{});

  Invalidator invalidator{Fmid{}};
  const auto open_section = [&](const std::string& section) {
    return StoreSource::read_section(section, secrets, registry);
  };
  Store store{index,
              errors,
              invalidator,
              {.read_only = line.options.read_only,
               .purge = line.options.purge,
               .wait_for_moves = line.options.wait_for_moves,
               .cache_directory = MAPISTORE_TRY(directories::cache_home()) / source.name,
               .cache_size = line.options.cache_size.value_or(source.cache_size),
               .open_section = open_section}};
  for (const LiveContext::Settings& settings : source.contexts)
    MAPISTORE_CHECK(store.add(settings, *MAPISTORE_TRY(registry.backend_for(settings.uri))));
  store.start();
  Result<> result = source.single ? wait_for_single(store) : Result<>{};
  if (result) {
    Filesystem filesystem{store, invalidator, std::move(staging), {line.options, source.shown, source.single}};
    filesystem.start_spool();
    auto session = Session::create(filesystem, invalidator, line.options, source.shown);
    if (session) result = (*session)->mount(mount_point);
    else result = std::unexpected(session.error());
    if (result) {
      running = session->get();
      handle_signals();
      result = (*session)->run([&] {
        readiness.ready();
        log::line(LogLevel::info, mount_point.native(), "mounted " + source.shown);
      });
      running = nullptr;
      (*session)->unmount();
      log::line(LogLevel::info, mount_point.native(), "unmounted");
    }
    // The workers use the filesystem, and answer through the session: they end first.
    filesystem.stop_searching();
    const bool spool_ended = filesystem.stop_spool(std::chrono::steady_clock::now() + time_to_bring_away);
    if (!spool_ended || !store.stop(std::chrono::steady_clock::now() + time_to_end)) {
      log::line(LogLevel::warning, mount_point.native(), "ends while a medium still holds a call");
      std::_Exit(result ? 0 : readiness.failed(result.error()));
    }
    return result;
  }
  if (!store.stop(std::chrono::steady_clock::now() + time_to_end)) std::_Exit(readiness.failed(result.error()));
  return result;
}

/// A daemon that lives for months, with many threads, is not to hold what it needed once.
void bound_memory() {
  // Most threads wait for a medium most of the time. With a heap for nearly each, each keeps apart what one has freed
  // and another could use.
  ::mallopt(M_ARENA_MAX, static_cast<int>(2 * std::max(1U, std::thread::hardware_concurrency())));
  // Buffers of this size go back when they are freed. Without a fixed threshold the first of them raises it for all
  // that follow, which then stand among small pieces that keep the heap from shrinking.
  ::mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  ::mallopt(M_TRIM_THRESHOLD, 512 * 1024);
  sqlite::limit_memory(std::uint64_t{8} << 20);
}

}  // namespace

int run_mount(const CommandLine& line, Readiness readiness) {
  // No core dump: it would hold passwords, and while it waits for a thread that waits in the kernel for a request in
  // flight, nobody ends that request.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): what prctl(2) is
  if (!line.debug) ::prctl(PR_SET_DUMPABLE, 0);
  bound_memory();
  Secrets secrets;
  ProcessHost host{secrets};
  Registry registry;
  const auto run = [&]() -> Result<> {
    MAPISTORE_CHECK(registry.load(line.backend_directories, host));
    const StoreSource::Defaults defaults{
        .refresh = line.refresh, .deadline = line.options.deadline, .trash_keep = line.trash_keep};
    const StoreSource source = MAPISTORE_TRY(StoreSource::read(line.source, defaults, secrets, registry));
    auto served = serve(line, source, registry, secrets, host, readiness);
    // An index that turns out damaged is checked, and made again, by the next who opens it.
    if (!served && served.error().code == Errc::corrupted)
      served = serve(line, source, registry, secrets, host, readiness);
    return served;
  };
  const Result<> result = run();
  return result ? 0 : readiness.failed(result.error());
}

int list_backends(const CommandLine& line) {
  Secrets secrets;
  ProcessHost host{secrets};
  Registry registry;
  if (auto loaded = registry.load(line.backend_directories, host); !loaded) {
    std::fprintf(stderr, "mapistorefs: %s\n", loaded.error().to_string().c_str());
    return exit_code(loaded.error().code);
  }
  const std::string text = line.json ? registry.to_json() : registry.to_text();
  std::fputs(text.c_str(), stdout);
  if (!text.ends_with('\n')) std::fputc('\n', stdout);
  return 0;
}

}  // namespace mapistore::fs
