#include "fuse/filesystem.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/codec/names.h"
#include "fuse/errno.h"

namespace mapistore::fs {

namespace {

/// For a request that may take as long as there is work: as good as none.
constexpr std::chrono::nanoseconds no_limit = std::chrono::hours{24 * 365};

/// Errors that are everyday answers, not failures worth a line in the log.
bool is_everyday(Errc code) noexcept {
  switch (code) {
    case Errc::not_found: case Errc::exists: case Errc::not_empty: case Errc::no_data: case Errc::other_medium:
    case Errc::cancelled: case Errc::out_of_range: case Errc::not_a_folder: case Errc::is_a_folder:
      return true;
    default:
      return false;
  }
}

}  // namespace

Filesystem::Filesystem(Store& store, Invalidator& invalidator, StagingArea staging, View view)
    : store_{store},
      index_{store.index()},
      invalidator_{invalidator},
      staging_{std::move(staging)},
      unsaved_{staging_.unsaved()},
      view_{std::move(view)},
      attributes_{view_.options},
      control_{store, files_, spool_, counts_, view_.source},
      look_ahead_{store, files_, gate_},
      views_{store, [files = staging_.nameless_files()] { return files->take(); },
             EditRules{.break_signatures = view_.options.break_signatures}},
      faces_{views_},
      searches_{store, views_, view_.options.deadline},
      spool_{store, view_.options.spool && !view_.options.read_only, view_.options.deadline,
             [this](const Call& call, Fmid file) { return upload(call, file); }},
      requests_{gate_,
                [this](const Request& late) {
                  store_.errors().record({Errc::timed_out, late.object(), "got no answer from its medium in time", {}});
                }},
      started_{wall_clock()} {
  if (view_.single) root_ = store.contexts().front()->row().root;
  invalidator_.set_root(root_);
}

Filesystem::~Filesystem() = default;

void Filesystem::attach(fuse_session* session) {
  session_ = session;
  look_ahead_.attach(session);
}

void Filesystem::init(fuse_conn_info& connection) {
  // Every entry comes with its attributes, so that a walk needs no lookups.
  connection.want |= connection.capable &
                     (FUSE_CAP_READDIRPLUS | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_ASYNC_READ | FUSE_CAP_ATOMIC_O_TRUNC);
  connection.want &= ~static_cast<unsigned>(FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_WRITEBACK_CACHE |
                                            FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE |
                                            FUSE_CAP_POSIX_LOCKS | FUSE_CAP_FLOCK_LOCKS | FUSE_CAP_CACHE_SYMLINKS);
  // A mount that nobody writes to needs no open and no close: the kernel stops asking after the first ENOSYS. The
  // generated files then rely on the kernel's own check of time and size instead of on direct I/O. Remote media need
  // the open, to read ahead and to learn sizes.
  without_open_ = view_.options.read_only && !store_.reads_remotely() &&
                  (connection.capable & FUSE_CAP_NO_OPEN_SUPPORT) != 0 &&
                  (connection.capable & FUSE_CAP_NO_OPENDIR_SUPPORT) != 0;
  if (without_open_) look_ahead_.see_only_misses();
  const unsigned keep = without_open_ ? FUSE_CAP_AUTO_INVAL_DATA : FUSE_CAP_EXPLICIT_INVAL_DATA;
  connection.want &= ~static_cast<unsigned>(FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_EXPLICIT_INVAL_DATA);
  connection.want |= connection.capable & keep;
  connection.max_write = 1024 * 1024;
  connection.max_background = 64;
  connection.congestion_threshold = 48;
}

Filesystem::Answer Filesystem::done() {
  return [](fuse_req_t request) { fuse_reply_err(request, 0); };
}

void Filesystem::later(fuse_req_t request, ContextId id, Request::Effect effect, std::string object, Work work) {
  const auto context = store_.context(id);
  if (!context) return refuse(request, object, context.error());
  const auto limit = effect == Request::Effect::waits ? no_limit : std::chrono::nanoseconds{view_.options.deadline};
  auto waiting = requests_.begin(request, limit, effect, std::move(object));
  const auto rest = OperationCounts::Ongoing::hand_over();
  WorkerPool::Job job = [this, waiting, rest, work = std::move(work)]() mutable {
    const OperationCounts::Ongoing ongoing{counts_, rest};
    const Call call = waiting->call();
    const auto given_up = call.check();
    Result<Answer> result = given_up || waiting->effect() == Request::Effect::commits
                                ? work(call)
                                : Result<Answer>{std::unexpected(given_up.error())};
    const bool first = waiting->claim();
    requests_.end(*waiting);
    // Its deadline has answered for it.
    if (!first) return OperationCounts::Ongoing::fail();
    const auto pass = gate_.enter();
    if (!pass) return fuse_reply_none(waiting->raw());
    answer(waiting->raw(), waiting->object(), std::move(result));
  };
  if ((*context)->workers().submit(std::move(job))) return;
  const OperationCounts::Ongoing ongoing{counts_, rest};
  OperationCounts::Ongoing::fail();
  waiting->fail(EAGAIN);
  requests_.end(*waiting);
}

void Filesystem::forget_pages(Fmid fmid, off_t from) {
  if (const auto pass = gate_.enter(); pass && session_ != nullptr)
    fuse_lowlevel_notify_inval_inode(session_, node_of(fmid).value, from, 0);
}

void Filesystem::answer(fuse_req_t request, std::string_view object, Result<Answer> result) {
  if (!result) return refuse(request, object, result.error());
  (*result)(request);
}

void Filesystem::refuse(fuse_req_t request, std::string_view object, const Error& error) {
  if (!is_everyday(error.code)) {
    Error named = error;
    if (named.object.empty()) named.object = object;
    store_.errors().record(named);
    OperationCounts::Ongoing::fail();
  }
  fuse_reply_err(request, to_errno(error.code));
}

void Filesystem::refuse(fuse_req_t request, std::string_view object, Errc code, std::string_view what) {
  refuse(request, object, Error{code, std::string(object), std::string(what), {}});
}

Fmid Filesystem::fmid_of(NodeId id) const noexcept {
  return id == root_node ? root_ : Fmid{id.value & ~trash_face};
}

NodeId Filesystem::node_of(Fmid fmid) const noexcept { return fmid == root_ ? root_node : NodeId{fmid.value}; }

LiveContext* Filesystem::top_folder(std::string_view name) const {
  for (const auto& context : store_.contexts())
    if (context->settings().name == name) return context.get();
  return nullptr;
}

Result<Node> Filesystem::node(Fmid fmid) const {
  auto found = index_.node(fmid);
  if (found) {
    MAPISTORE_CHECK(store_.context(found->context));
    return overlay(std::move(*found));
  }
  // A file that is open has its attributes for as long, wherever its name went.
  if (const OpenFilePtr file = files_.find(fmid)) {
    Locked locked{file->mutex};
    Node node = file->node;
    node.fmid = fmid;
    locked.unlock();
    if (const Body* body = file->body) node.size = body->size();
    return overlay(std::move(node));
  }
  return found;
}

Node Filesystem::overlay(Node node) const {
  if (node.is_folder()) return node;
  const OpenFilePtr file = files_.find(node.fmid);
  if (!file) return node;
  const int staged = file->staged;
  struct stat now {};
  if (staged < 0 || !file->shows_staged() || ::fstat(staged, &now) != 0) return node;
  // Saved or not, it is what is read. `node` may be from before the save, and a smaller size would have the kernel cut
  // off what it holds of the file.
  node.size = static_cast<std::uint64_t>(now.st_size);
  if (!file->dirty) return node;
  node.modified = node.changed = to_time(now.st_mtim);
  Locked locked{file->mutex};
  if (file->received) node.modified = *file->received;
  return node;
}

bool Filesystem::writable(ContextId id) const {
  const auto context = store_.context(id);
  return context && store_.writable(**context);
}

struct stat Filesystem::stat_of(const Node& node) const {
  struct stat attributes = attributes_.of(node, node_of(node.fmid), writable(node.context));
  // Beside each message stands a directory: a count that tells programs to look at every entry.
  if (node.is_folder() && view_.options.list_parts) attributes.st_nlink = 1;
  return attributes;
}

struct stat Filesystem::stat_of_top(const LiveContext& context) const {
  const auto root = index_.node(context.row().root);
  return root ? stat_of(*root) : attributes_.generated({context.row().root.value}, true, 0, started_);
}

struct stat Filesystem::stat_of_mount_node(NodeId id) const {
  if (id == root_node) {
    Time modified{};
    for (const auto& context : store_.contexts())
      if (const auto top = index_.node(context->row().root)) modified = std::max(modified, top->modified);
    struct stat root = attributes_.generated(id, true, 0, modified);
    root.st_nlink = static_cast<nlink_t>(2 + store_.contexts().size());
    return root;
  }
  // A listing that the kernel keeps is as old as the directory.
  if (SearchFolders::owns(id) || id == ControlTree::search) return attributes_.generated(id, true, 0, wall_clock());
  if (id == ControlTree::unsaved) {
    struct stat attributes = attributes_.generated(id, true, 0, wall_clock());
    attributes.st_mode |= S_IWUSR;
    return attributes;
  }
  if (ControlTree::is_directory(id)) return attributes_.generated(id, true, 0, started_);
  return attributes_.generated(id, false, control_.text(id).size(), wall_clock());
}

fuse_entry_param Filesystem::entry_of(const Node& node) const {
  fuse_entry_param entry{};
  entry.ino = node_of(node.fmid).value;
  entry.attr = stat_of(node);
  entry.entry_timeout = long_timeout;
  entry.attr_timeout = attribute_timeout(node);
  // Renamed over a property file it is gone, but the kernel takes that name for its own from then on: it has to ask.
  // Of other files the invalidator tells it, a moment later.
  if (node.kind == NodeKind::local_file || is_sed_name(node.name)) entry.entry_timeout = 0;
  return entry;
}

void Filesystem::reply_entry(fuse_req_t request, const fuse_entry_param& entry) const {
  fuse_reply_entry(request, &entry);
}

void Filesystem::getattr(fuse_req_t request, NodeId id) {
  if (SearchFolders::owns(id)) return getattr_of_search(request, id);
  if (UnsavedFiles::owns(id)) return getattr_of_unsaved(request, id);
  if (is_face(id)) return getattr_of_face(request, id);
  if (is_store_root(id) || ControlTree::owns(id)) {
    const struct stat attributes = stat_of_mount_node(id);
    fuse_reply_attr(request, &attributes, id == root_node ? long_timeout : 0);
    return;
  }
  const auto found = node(fmid_of(id));
  if (!found) return refuse(request, "getattr", found.error());
  struct stat attributes = stat_of(*found);
  attributes.st_ino = id.value;
  if (const OpenFilePtr file = files_.find(found->fmid)) {
    Locked locked{file->mutex};
    if (file->home == OpenFile::Home::unlinked) attributes.st_nlink = 0;
  }
  fuse_reply_attr(request, &attributes, attribute_timeout(*found));
}

void Filesystem::access(fuse_req_t request, NodeId id, int mask) {
  if (is_store_root(id) || is_of_mount(id) || is_face(id)) return static_cast<void>(fuse_reply_err(request, 0));
  const auto found = node(fmid_of(id));
  if (!found) return refuse(request, "access", found.error());
  const bool executable = found->is_folder() || (stat_of(*found).st_mode & 0111u) != 0;
  int error = 0;
  if ((mask & X_OK) != 0 && !executable) error = EACCES;
  if ((mask & W_OK) != 0 && !writable(found->context)) error = EROFS;
  fuse_reply_err(request, error);
}

void Filesystem::statfs(fuse_req_t request, NodeId id) {
  const auto reply = [](fuse_req_t to, const Usage& usage) {
    constexpr std::uint64_t unit = 4096;
    struct statvfs out {};
    out.f_bsize = out.f_frsize = unit;
    out.f_blocks = usage.bytes_total / unit;
    out.f_bfree = out.f_bavail = usage.bytes_free / unit;
    out.f_files = usage.objects_total;
    out.f_ffree = out.f_favail = usage.objects_free;
    out.f_namemax = 255;
    fuse_reply_statfs(to, &out);
  };
  const auto found = is_store_root(id) || is_of_mount(id) ? Result<Node>{fail(Errc::not_found)}
                                                          : node(is_face(id) ? message_of_face(id) : fmid_of(id));
  if (!found) return reply(request, staging_.usage());
  later(request, found->context, Request::Effect::reads, found->name,
        [this, reply, context = found->context](const Call& call) -> Result<Answer> {
          Usage usage = MAPISTORE_TRY(store_.usage(call, context));
          // A medium without limits is limited by what can be staged for it.
          if (usage.bytes_total == 0) usage = staging_.usage();
          return [reply, usage](fuse_req_t to) { reply(to, usage); };
        });
}

}  // namespace mapistore::fs
