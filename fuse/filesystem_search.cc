// What searches have found: `.mapistorefs/search/EXPRESSION/NAME`, links to the messages.

#include "fuse/errno.h"
#include "fuse/filesystem.h"

namespace mapistore::fs {

namespace {

/// A request gets its answer before it has to be given up.
constexpr std::chrono::seconds margin{5};

}  // namespace

Result<std::string> Filesystem::way_to(Fmid message) const {
  return "../../../" + MAPISTORE_TRY(nodes_.path_of(message));
}

Result<struct stat> Filesystem::stat_of_found(Fmid message) const {
  const Node node = MAPISTORE_TRY(index_.node(message));
  struct stat attributes = attributes_.of(node, SearchFolders::link(message), false);
  attributes.st_mode = S_IFLNK | 0777;
  attributes.st_size = static_cast<off_t>(MAPISTORE_TRY(way_to(message)).size());
  return attributes;
}

void Filesystem::searched(fuse_req_t request, NodeId folder, std::move_only_function<void(fuse_req_t)> reply) {
  auto waiting = requests_.begin(request, view_.options.deadline + margin, Request::Effect::reads, "search");
  const auto rest = OperationCounts::Ongoing::hand_over();
  searches_.search(folder, [this, waiting, rest, reply = std::move(reply)](const Result<>& result) mutable {
    const OperationCounts::Ongoing ongoing{counts_, rest};
    const bool first = waiting->claim();
    requests_.end(*waiting);
    if (!first) return;
    const auto pass = gate_.enter();
    if (!pass) return fuse_reply_none(waiting->raw());
    if (!result) return refuse(waiting->raw(), "search", result.error());
    reply(waiting->raw());
  });
}

void Filesystem::lookup_search(fuse_req_t request, std::string_view expression) {
  const auto folder = searches_.folder(expression);
  if (!folder) return refuse(request, "search/" + std::string(expression), folder.error());
  fuse_entry_param entry{};
  entry.attr = nodes_.stat_of_mount_node(*folder);
  entry.ino = folder->value;
  reply_entry(request, entry);
}

void Filesystem::lookup_found(fuse_req_t request, NodeId folder, std::string_view name) {
  if (searches_.was_searched(folder)) return reply_found(request, folder, name);
  searched(request, folder, [this, folder, name = std::string(name)](fuse_req_t to) { reply_found(to, folder, name); });
}

void Filesystem::reply_found(fuse_req_t request, NodeId folder, std::string_view name) const {
  fuse_entry_param entry{};
  const auto message = searches_.find(folder, name);
  const auto attributes = message ? stat_of_found(*message) : Result<struct stat>{fail(Errc::not_found)};
  if (attributes) {
    entry.attr = *attributes;
    entry.ino = entry.attr.st_ino;
  }
  reply_entry(request, entry);
}

void Filesystem::getattr_of_search(fuse_req_t request, NodeId id) {
  const auto attributes =
      SearchFolders::is_folder(id) ? nodes_.stat_of_mount_node(id) : stat_of_found(SearchFolders::target(id));
  if (!attributes) return refuse(request, "getattr", attributes.error());
  fuse_reply_attr(request, &*attributes, 0);
}

void Filesystem::readlink(fuse_req_t request, NodeId id) {
  if (!SearchFolders::owns(id)) return static_cast<void>(fuse_reply_err(request, EINVAL));
  const auto way = way_to(SearchFolders::target(id));
  if (!way) return refuse(request, "readlink", way.error());
  fuse_reply_readlink(request, way->c_str());
}

void Filesystem::readdir_of_search(fuse_req_t request, NodeId id, std::size_t size, std::uint64_t offset, bool plus) {
  auto reply = [=, this](fuse_req_t to) {
    DirectoryBuffer buffer{to, size, plus};
    bool fits = offset >= after_dot || buffer.add(".", dot_entry(id.value), after_dot);
    fits = fits && (offset >= after_dot_dot || buffer.add("..", dot_entry(root_node.value), after_dot_dot));
    const Fmid after{offset <= after_dot_dot ? 0 : offset};
    if (fits)
      searches_.list(id, after, [&](const std::string& name, Fmid message) {
        const auto attributes = stat_of_found(message);
        if (!attributes) return true;  // it is gone meanwhile
        fuse_entry_param entry{};
        entry.attr = *attributes;
        entry.ino = entry.attr.st_ino;
        return buffer.add(name, entry, message.value);
      });
    const std::string bytes = buffer.take();
    fuse_reply_buf(to, bytes.data(), bytes.size());
  };
  if (offset == 0) return searched(request, id, std::move(reply));
  reply(request);
}

void Filesystem::forget_search(fuse_req_t request, std::string_view expression) {
  const auto forgotten = searches_.forget(expression);
  if (!forgotten) return refuse(request, expression, forgotten.error());
  fuse_reply_err(request, 0);
}

}  // namespace mapistore::fs
