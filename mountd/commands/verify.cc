#include <sysexits.h>

#include <fstream>
#include <map>

#include "core/copier.h"
#include "core/directories.h"
#include "mountd/commands/commands.h"
#include "mountd/file_text.h"
#include "mountd/open_store.h"
#include "mountd/profile_text.h"
#include "mountd/rate.h"

namespace mapistore::ctl::commands {

namespace {

struct VerifyOptions {
  std::string location, sums;
};

std::string index_name(const Location& location) {
  return "checks/" + directories::name_for(location.settings.uri.to_string());
}

/// What is found on the way through a folder with all below it.
struct Walk {
  Environment& environment;
  OpenStore& store;
  std::map<std::string, std::string> sums;  ///< by path
  std::uint64_t messages = 0, bytes = 0, damaged = 0;
  Rate rate;

  Result<> folder(Fmid folder, const std::string& path) {
    std::vector<Node> messages_here;
    MAPISTORE_CHECK(store.index().list(folder, Fmid{}, [&](const Node& node) {
      if (node.kind == NodeKind::message) messages_here.push_back(node);
      return true;
    }));
    for (const Node& node : messages_here) read(node, path + node.name);
    for (const StoredFolder& below : MAPISTORE_TRY(store.index().subfolders(folder)))
      MAPISTORE_CHECK(this->folder(below.node.fmid, path + below.node.name + "/"));
    return {};
  }

  void read(const Node& node, const std::string& path) {
    const Call call = Call::within(store.context().settings().deadline);
    store.store().reading(node);
    auto body = store.store().open(call, node.fmid);
    auto sum = body ? checksum_of(call, **body) : Result<std::string>{std::unexpected(std::move(body).error())};
    ++messages;
    if (sum) {
      bytes += (*body)->size();
      sums[path] = std::move(*sum);
    } else {
      ++damaged;
      Error error = std::move(sum).error();
      error.object = path;
      environment.output.trouble(error);
    }
    environment.output.progress(counted(messages, "message") + rate.text(messages, 0));
  }
};

/// As sha256sum(1) writes and reads them.
Result<std::map<std::string, std::string>> read_sums(const std::string& file) {
  std::map<std::string, std::string> sums;
  const std::string text = MAPISTORE_TRY(read_file(file));
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    constexpr std::size_t hex = 64;
    if (line.size() < hex + 3) return fail(Errc::corrupted, file, "is no list of sums", "write it with verify --sums");
    sums[line.substr(hex + 2)] = line.substr(0, hex);
    at = end + 1;
  }
  return sums;
}

Result<std::uint64_t> compare(Environment& environment, const std::string& file,
                              const std::map<std::string, std::string>& now) {
  std::uint64_t different = 0;
  for (const auto& [path, sum] : MAPISTORE_TRY(read_sums(file))) {
    const auto found = now.find(path);
    if (found != now.end() && found->second == sum) continue;
    ++different;
    environment.output.trouble({Errc::corrupted,
                                path,
                                found == now.end() ? "is not there any more" : "is other than when its sum was written",
                                {}});
  }
  return different;
}

Result<int> run(Environment& environment, const VerifyOptions& arguments) {
  const Location location = MAPISTORE_TRY(read_location(environment, arguments.location));
  const auto store = MAPISTORE_TRY(OpenStore::open(environment, location, index_name(location), true, true));
  Walk walk{.environment = environment, .store = *store, .sums = {}, .rate = {}};
  MAPISTORE_CHECK(walk.folder(MAPISTORE_TRY(store->folder(location.path)), {}));
  environment.output.end_progress();
  std::uint64_t different = 0;
  bool written = false;
  if (!arguments.sums.empty()) {
    std::error_code error;
    if (std::filesystem::exists(arguments.sums, error)) {
      different = MAPISTORE_TRY(compare(environment, arguments.sums, walk.sums));
    } else if (!environment.dry_run) {
      std::string text;
      for (const auto& [path, sum] : walk.sums) text += sum + "  " + path + "\n";
      MAPISTORE_CHECK(profile_text::write(arguments.sums, text));
      written = true;
    }
  }
  environment.output.result({{"location", location.text},
                             {"messages", walk.messages},
                             {"bytes", walk.bytes},
                             {"unreadable", walk.damaged},
                             {"different", different}},
                            counted(walk.messages, "message") + " read, " + counted(walk.bytes, "byte") + ", " +
                                std::to_string(walk.damaged) + " unreadable" +
                                (arguments.sums.empty() ? ""
                                 : written              ? ", sums written"
                                                        : ", " + std::to_string(different) + " different") +
                                "\n");
  return walk.damaged + different > 0 ? EX_DATAERR : 0;
}

}  // namespace

void verify(Verb& program) {
  const auto arguments = std::make_shared<VerifyOptions>();
  Verb verb = program.verb("verify", "read every message of a folder and all below it");
  verb.argument("location", arguments->location, "a URI, PROFILE:TOPFOLDER/path, or a path inside a mount");
  verb.option("--sums", arguments->sums,
              "FILE of SHA-256 sums, as of sha256sum: compared with, or written if there is none");
  verb.does(arguments, run);
}

}  // namespace mapistore::ctl::commands
