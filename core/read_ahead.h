#pragma once

#include <deque>
#include <list>
#include <memory>
#include <optional>

#include "core/folder_walk.h"
#include "core/remote_bodies.h"

namespace mapistore {

/// Notices a reader that goes through the messages of a remote folder in the order of their numbers (as listings have
/// them) or of their names (as rsync and shells have them), and keeps a window of what comes next in the cache, so that
/// he waits for the link and not for round trips. The window grows while he keeps up. For who has come from one folder
/// to the next, it reaches into those that follow. Thread-safe.
class ReadAhead {
 public:
  ReadAhead(Index& index, RemoteBodies& bodies) : index_{index}, bodies_{bodies} {}

  /// `message` is being opened for reading. Waits for nobody; the work is done by the context's fetchers.
  void opened(LiveContext& context, const Node& message);

 private:
  using Order = WalkOrder;
  struct Place {
    Fmid fmid;
    std::string name;
  };
  struct Planned {
    Fmid fmid;
    std::uint64_t size;
  };
  /// What one who reads may be ahead of, over all folders that he is expected in.
  struct Window {
    std::uint64_t bytes = 0;  ///< of what is planned and not yet opened
    std::size_t count = 0;
    unsigned growth = 0;  ///< how often it has doubled
  };
  struct Reader;
  using ReaderPtr = std::shared_ptr<Reader>;
  /// One folder's reader. Guarded by mutex_.
  struct Reader {
    Fmid folder;
    Order order = Order::none;
    Place at;                             ///< what he opened last
    unsigned by_number = 0, by_name = 0;  ///< how often in a row that was the next in this order
    unsigned strays = 0;                  ///< since he last opened what was planned
    std::deque<Planned> ahead;  ///< what is there or on its way, in his order
    std::shared_ptr<Window> window = std::make_shared<Window>();  ///< in which `ahead` is counted
    Place end;                                                    ///< the last that was planned
    bool at_end = false;                                          ///< nothing comes after it
    bool walks = false;                                           ///< he goes from folder to folder
    ReaderPtr next = nullptr;  ///< he, in the folder that he is expected in after this one
    unsigned fetching = 0;
  };

  ReaderPtr reader_of(Fmid folder) MAPISTORE_REQUIRES(mutex_);
  /// Whether he opened what was planned, or what was passed over a moment ago.
  static bool follow(Reader& reader, const Node& message);
  /// Whether `message` is among the next after `after` in that order; null: from the beginning.
  bool comes(const Reader& reader, Order order, const Place* after, const Node& message) const;
  /// Whether he opened what comes next in the other order than he was taken to go by, which he is then taken to go by.
  bool changes_order(Reader& reader, const Node& message) const;
  /// Looks in which order `message` follows what was opened before, in this folder or, by `before`, in another.
  void detect(Reader& reader, const Reader* before, const Node& message) MAPISTORE_REQUIRES(mutex_);
  /// Begins anew with what comes after `message`.
  static void restart(Reader& reader, const Node& message);
  /// Up to `most` messages after `place`; null: from the beginning.
  std::vector<StoredMessage> following(Fmid folder, Order order, const Place* place, std::size_t most) const;
  /// Forgets what was planned before `end`.
  static void take_off(Reader& reader, std::deque<Planned>::iterator end);
  /// Where what is planned for him ends: in this folder or a later one.
  static ReaderPtr last_of(ReaderPtr reader);
  /// Whether more is to be planned, here or in the folder after it.
  static bool is_wanted(const Reader& reader);
  static bool has_room(const Reader& reader);
  void fetch(LiveContext& context, ReaderPtr reader);
  /// The next that fit into the window, as far as they are the medium's. None: it is full, or the folder ends.
  std::optional<std::vector<StoredMessage>> plan(ContextId context, Reader& reader);
  /// Him in the next folder with messages, if he is expected there and the window reaches so far.
  ReaderPtr go_on(LiveContext& context, const ReaderPtr& reader);
  Result<> bring(LiveContext& context, Fmid folder, std::span<const StoredMessage> messages);

  Index& index_;
  RemoteBodies& bodies_;
  Mutex mutex_{LockRank::read_ahead};
  std::list<ReaderPtr> readers_ MAPISTORE_GUARDED_BY(mutex_);  ///< the latest first
};

}  // namespace mapistore
