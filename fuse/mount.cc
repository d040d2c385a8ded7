#include "fuse/mount.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "core/directories.h"
#include "core/log.h"
#include "core/process_host.h"
#include "core/profile.h"
#include "core/registry.h"
#include "core/secrets.h"
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

/// What is to be mounted, from a URI or a profile.
struct Source {
  std::string store_name;  ///< of the store's directory
  std::vector<LiveContext::Settings> contexts;
  bool single = false;
  std::uint64_t cache_size = StoreProfile{}.cache_size;
};

/// A store of one URI is named by it, so that the same URI finds its index again.
std::string store_name_of(const ContextUri& uri) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  const std::string text = uri.to_string();
  std::string name = "uri-";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    if (plain)
      name += c;
    else
      name.append({hex[byte >> 4u], hex[byte & 15u]});
  }
  // A directory's name has an end; what tells long ones apart then is their hash.
  if (name.size() > 200) name = name.substr(0, 180) + "-" + std::to_string(std::hash<std::string>{}(text));
  return name;
}

Result<Source> source_of_uri(const CommandLine& line, Secrets& secrets) {
  ContextUri::Parsed parsed = MAPISTORE_TRY(ContextUri::parse(line.source));
  if (parsed.password) secrets.put(parsed.uri, *std::move(parsed.password));
  if (auto password = Secrets::take_from_environment("MAPISTORE_PASSWORD"))
    secrets.put(parsed.uri, *std::move(password));
  LiveContext::Settings settings{.name = "root", .uri = parsed.uri, .options = {}};
  settings.refresh = line.refresh;
  settings.trash_keep = line.trash_keep;
  settings.deadline = line.options.deadline;
  Source source{.store_name = store_name_of(parsed.uri), .contexts = {}, .single = true};
  source.contexts.push_back(std::move(settings));
  return source;
}

Result<Source> source_of_profile(const CommandLine& line, Secrets& secrets, const Registry& registry) {
  StoreProfile profile = MAPISTORE_TRY(load_profile(line.source));
  Source source{.store_name = profile.name, .contexts = {}, .cache_size = profile.cache_size};
  for (TopFolder& folder : profile.folders) {
    const Backend* backend = MAPISTORE_TRY(registry.backend_for(folder.uri));
    MAPISTORE_CHECK(check_options(folder, *backend));
    if (folder.url_password) secrets.put(folder.uri, *std::move(folder.url_password));
    if (folder.secret) secrets.configure(folder.uri, *folder.secret);
    const auto period = [&](const char* key, std::chrono::seconds usual) {
      const auto found = folder.options.find(key);
      return found == folder.options.end() ? usual : std::chrono::seconds{std::strtoll(found->second.c_str(), nullptr, 10)};
    };
    const auto text = [&](const char* key) {
      const auto found = folder.options.find(key);
      return found == folder.options.end() ? std::string{} : found->second;
    };
    const auto days = [&](const char* key) {
      const std::string number = text(key);
      return number.empty() ? std::nullopt
                            : std::optional{std::chrono::days{std::strtoll(number.c_str(), nullptr, 10)}};
    };
    const auto removing = folder.options.find("delete");
    source.contexts.push_back({.name = folder.name,
                               .uri = folder.uri,
                               .role = folder.role,
                               .read_only = folder.read_only,
                               .purge = removing != folder.options.end() && removing->second == "purge",
                               .trash_keep = days("trash_keep") ? days("trash_keep") : line.trash_keep,
                               .archive_to = text("archive_to"),
                               .archive_after = days("archive_after"),
                               .options = folder.options,
                               .refresh = period("refresh", line.refresh),
                               .deadline = period("deadline", line.options.deadline)});
  }
  return source;
}

void report(ErrorsLog& errors, const Index::Opened& opened, const std::vector<std::filesystem::path>& recovered) {
  if (!opened.moved_aside.empty())
    errors.record({Errc::corrupted, opened.moved_aside.native(), "was the index, and damaged",
                   "a new one is being made from the media; properties that only the index held are lost"});
  for (const auto& path : recovered)
    errors.record({Errc::io, path.native(), "was being written when the daemon ended", "copy it in again or delete it"});
}

/// A context mounted alone must open: its error is the command's.
Result<> wait_for_single(Store& store) {
  LiveContext& context = *store.contexts().front();
  auto medium = context.medium(Call::within(first_open));
  if (!medium) return std::unexpected(std::move(medium).error());
  return {};
}

Result<> serve(const CommandLine& line, const Source& source, Registry& registry, Host& host, Readiness& readiness) {
  const std::filesystem::path mount_point = MAPISTORE_TRY(prepare_mount_point(line.mount_point));
  const std::filesystem::path directory = MAPISTORE_TRY(
      directories::make_private_directory(MAPISTORE_TRY(directories::state_home()) / source.store_name));
  ErrorsLog errors{host};
  Index::Opened opened = MAPISTORE_TRY(Index::open(directory));
  Index& index = *opened.index;
  StagingArea staging = MAPISTORE_TRY(StagingArea::open(directory));
  report(errors, opened, opened.alone ? staging.recover(index) : std::vector<std::filesystem::path>{});

  Invalidator invalidator{Fmid{}};
  Store store{index,
              errors,
              invalidator,
              {.read_only = line.options.read_only,
               .purge = line.options.purge,
               .wait_for_moves = line.options.wait_for_moves,
               .cache_directory = MAPISTORE_TRY(directories::cache_home()) / source.store_name,
               .cache_size = line.options.cache_size.value_or(source.cache_size)}};
  for (const LiveContext::Settings& settings : source.contexts)
    MAPISTORE_CHECK(store.add(settings, *MAPISTORE_TRY(registry.backend_for(settings.uri))));
  store.start();
  Result<> result = source.single ? wait_for_single(store) : Result<>{};
  if (result) {
    std::string shown = line.source;
    if (source.single) shown = source.contexts.front().uri.to_string();
    Filesystem filesystem{store, invalidator, std::move(staging), {line.options, shown, source.single}};
    filesystem.start_spool();
    auto session = Session::create(filesystem, invalidator, line.options, shown);
    if (session) result = (*session)->mount(mount_point);
    else result = std::unexpected(session.error());
    if (result) {
      running = session->get();
      handle_signals();
      result = (*session)->run([&] {
        readiness.ready();
        log::line(LogLevel::info, mount_point.native(), "mounted " + shown);
      });
      running = nullptr;
      (*session)->unmount();
      log::line(LogLevel::info, mount_point.native(), "unmounted");
    }
    // The workers use the filesystem, and answer through the session: they end first.
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

Result<> load_backends(const CommandLine& line, Registry& registry, Host& host) {
  return registry.load(Registry::search_path(line.backend_directories), host);
}

}  // namespace

int run_mount(const CommandLine& line, Readiness readiness) {
  // No core dump: it would hold passwords, and while it waits for a thread that waits in the kernel for a request in
  // flight, nobody ends that request.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): what prctl(2) is
  if (!line.debug) ::prctl(PR_SET_DUMPABLE, 0);
  Secrets secrets;
  ProcessHost host{secrets};
  Registry registry;
  const auto run = [&]() -> Result<> {
    MAPISTORE_CHECK(load_backends(line, registry, host));
    const bool is_uri = line.source.find("://") != std::string::npos;
    const Source source =
        MAPISTORE_TRY(is_uri ? source_of_uri(line, secrets) : source_of_profile(line, secrets, registry));
    auto served = serve(line, source, registry, host, readiness);
    // An index that turns out damaged is checked, and made again, by the next who opens it.
    if (!served && served.error().code == Errc::corrupted) served = serve(line, source, registry, host, readiness);
    return served;
  };
  const Result<> result = run();
  return result ? 0 : readiness.failed(result.error());
}

int list_backends(const CommandLine& line) {
  Secrets secrets;
  ProcessHost host{secrets};
  Registry registry;
  if (auto loaded = load_backends(line, registry, host); !loaded) {
    std::fprintf(stderr, "mapistorefs: %s\n", loaded.error().to_string().c_str());
    return exit_code(loaded.error().code);
  }
  const std::string text = line.json ? registry.to_json() : registry.to_text();
  std::fputs(text.c_str(), stdout);
  if (!text.ends_with('\n')) std::fputc('\n', stdout);
  return 0;
}

}  // namespace mapistore::fs
