#pragma once

#include <map>

#include "core/background_thread.h"
#include "core/errors_log.h"
#include "core/store.h"

namespace mapistore {

/// Moves what was received longer ago than its top folder keeps it to another one, as `mv` would: once both contexts
/// are ready, and every hour from then on; what fails, sooner. Folders keep their path below the other top folder; what
/// is in the trash stays. A thread, which a store without such a context does not have.
class Archivist {
 public:
  Archivist(Store& store, ErrorsLog& errors) : store_{store}, errors_{errors} {}
  Archivist(const Archivist&) = delete;
  Archivist& operator=(const Archivist&) = delete;

  void start();
  /// False if stuck in a medium at `deadline`.
  bool stop(std::chrono::steady_clock::time_point deadline) { return thread_.stop(deadline); }

 private:
  /// A context that is to be kept small, and where its old messages go.
  struct Duty {
    LiveContext* from;
    LiveContext* to;
  };
  struct Round;

  std::vector<Duty> duties() const;
  void run(const std::stop_token& stop);
  /// False if something old had to stay.
  bool archive(const std::stop_token& stop, const Duty& duty);
  /// Moves the old messages of one folder, and finds the folders in it.
  Result<> archive_folder(Round& round, std::size_t at);
  Result<> move(Round& round, const Node& message, std::size_t folder);
  /// The folder that the messages of `folders[at]` go to; made if it is not there.
  Result<Fmid> destination(Round& round, std::size_t at);

  Store& store_;
  ErrorsLog& errors_;
  BackgroundThread thread_;
};

}  // namespace mapistore
