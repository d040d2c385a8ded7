#pragma once

#include <functional>
#include <set>

#include "core/message_view.h"
#include "core/restriction_match.h"

namespace mapistore {

/// Finds the messages of a context that satisfy a restriction: by the index as far as that can tell, then by the medium
/// if it can search (Searching), and else by what each message says. Thread-safe.
class MAPISTORE_API Searcher {
 public:
  Searcher(Store& store, MessageViews& views) : store_{store}, views_{views} {}

  using Take = std::function<void(const Node&)>;
  /// Hands over what is in the folders of `context`, the trash apart, as it is found. A message that cannot be read is
  /// left out; the first error of that kind is answered when all the others have been looked at. Each step may take as
  /// long as the context's deadline; `stop` ends it all. For a thread that may wait for the medium.
  Result<> search(const std::stop_token& stop, LiveContext& context, const Restriction& restriction, const Take& take);

 private:
  struct Run;
  Result<> search_folder(Run& run, Fmid folder);
  /// Those of `doubtful` that the medium finds. None: it cannot search, or not by this.
  Result<std::optional<Searching::Found>> ask_medium(Run& run, Fmid folder);
  void read(Run& run, Fmid message);

  Store& store_;
  MessageViews& views_;
};

}  // namespace mapistore
