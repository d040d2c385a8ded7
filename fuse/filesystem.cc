#include "fuse/filesystem.h"

#include <unistd.h>

#include <cerrno>
#include <new>
#include <stdexcept>

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
      nodes_{store,
             files_,
             attributes_,
             control_,
             view_.single ? store.contexts().front()->row().root : Fmid{},
             !view_.options.list_parts},
      pages_{gate_, nodes_},
      look_ahead_{store, files_, gate_},
      views_{store, [files = staging_.nameless_files()] { return files->take(); },
             EditRules{.break_signatures = view_.options.break_signatures}},
      faces_{views_},
      face_saver_{store, staging_, views_, faces_, face_files_, nodes_, pages_},
      searches_{store, views_, view_.options.deadline},
      saver_{{store, invalidator, staging_, unsaved_, files_, recent_reads_, views_, spool_, nodes_, pages_},
             view_.options.carry},
      spool_{store, view_.options.spool && !view_.options.read_only, view_.options.deadline,
             [this](const Call& call, Fmid file) { return saver_.upload(call, file); }},
      requests_{gate_, [this](const Request& late) {
                  store_.errors().record({Errc::timed_out, late.object(), "got no answer from its medium in time", {}});
                }} {
  invalidator_.set_root(nodes_.root());
}

Filesystem::~Filesystem() = default;

void Filesystem::attach(fuse_session* session) {
  pages_.attach(session);
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

Result<Filesystem::Answer> Filesystem::worked(Work& work, const Call& call) {
  try {
    return work(call);
  } catch (const std::bad_alloc&) {
    return fail(Errc::no_memory, {}, "needs more memory than there is");
  } catch (const std::length_error&) {
    return fail(Errc::no_memory, {}, "needs more memory than there can be");
  }
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
                                ? worked(work, call)
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

void Filesystem::reply_entry(fuse_req_t request, const fuse_entry_param& entry) const {
  fuse_reply_entry(request, &entry);
}

void Filesystem::getattr(fuse_req_t request, NodeId id) {
  if (SearchFolders::owns(id)) return getattr_of_search(request, id);
  if (UnsavedFiles::owns(id)) return getattr_of_unsaved(request, id);
  if (is_face(id)) return getattr_of_face(request, id);
  if (is_store_root(id) || ControlTree::owns(id)) {
    const struct stat attributes = nodes_.stat_of_mount_node(id);
    fuse_reply_attr(request, &attributes, id == root_node ? Nodes::long_timeout : 0);
    return;
  }
  const auto found = nodes_.find(id);
  if (!found) return refuse(request, "getattr", found.error());
  struct stat attributes = nodes_.stat_of(*found);
  attributes.st_ino = id.value;
  if (const OpenFilePtr file = files_.find(found->fmid)) {
    Locked locked{file->mutex};
    if (file->home == OpenFile::Home::unlinked) attributes.st_nlink = 0;
  }
  fuse_reply_attr(request, &attributes, Nodes::attribute_timeout(*found));
}

void Filesystem::access(fuse_req_t request, NodeId id, int mask) {
  if (is_store_root(id) || is_of_mount(id) || is_face(id)) return static_cast<void>(fuse_reply_err(request, 0));
  const auto found = nodes_.find(id);
  if (!found) return refuse(request, "access", found.error());
  const bool executable = found->is_folder() || (nodes_.stat_of(*found).st_mode & 0111u) != 0;
  int error = 0;
  if ((mask & X_OK) != 0 && !executable) error = EACCES;
  if ((mask & W_OK) != 0 && !nodes_.is_writable(found->context)) error = EROFS;
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
  const auto found = is_store_root(id) || is_of_mount(id)
                         ? Result<Node>{fail(Errc::not_found)}
                         : nodes_.find(is_face(id) ? message_of_face(id) : nodes_.fmid_of(id));
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
