#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <mapistore/posix.h>

#include "core/node.h"

namespace mapistore {

/// Which bytes: those that a message had in its medium under this key and validator.
struct BodyVersion {
  ContextId context;
  Fmid fmid;
  Key key;
  ChangeKey change;
};

/// The bodies of messages of remote media, on disk: one file each, which holds just the bytes.
///
/// Thread-safe; several processes may use one directory. Only whole bodies ever have a name, and one that was cut or
/// changed by another hand is not taken for what it was: see docs/formats/body_cache.md. Nothing here is an error: what
/// cannot be kept, for want of space for one, is asked of the medium again.
class MAPISTORE_API BodyCache {
 public:
  /// Below `directory`, which is made when the first body comes. `limit` bytes at most; zero: nothing is kept. `store`
  /// names the index whose FMIDs they are: another, made in its place, gives the same to other messages.
  BodyCache(std::filesystem::path directory, std::uint64_t limit, std::string store);

  /// Null if it is not there.
  std::unique_ptr<Body> find(const BodyVersion& version);
  bool holds(const BodyVersion& version) const;

  /// A body on its way in. It vanishes with this object unless it was published. One thread writes; the descriptor may
  /// be read from by others.
  class MAPISTORE_API Filling {
   public:
    /// False: there is no room for it.
    bool append(std::span<const std::byte> bytes);
    std::uint64_t written() const noexcept { return written_; }
    /// What was written, for as long as it may be wanted. Null if too many files are open.
    std::unique_ptr<Body> body(ChangeKey change) const;
    int descriptor() const noexcept { return fd_.get(); }

   private:
    friend BodyCache;
    explicit Filling(posix::UniqueFd fd) : fd_{std::move(fd)} {}

    posix::UniqueFd fd_;
    std::uint64_t written_ = 0;
  };
  /// Room for a body of `size` bytes; none: it cannot be kept.
  std::optional<Filling> begin(std::uint64_t size);
  /// Makes what was written the body of `version`. False: it cannot be kept.
  bool publish(const BodyVersion& version, const Filling& filling);

  /// A copy of `body`, to become a version of which nobody knows yet what it is called.
  std::optional<Filling> copy(const Call& call, Body& body);
  /// The bytes have another key or validator now.
  void rename(const BodyVersion& from, const BodyVersion& to);
  void remove(const BodyVersion& version);

  /// Whether so much has come in since the last time that the asker, and nobody else, should see to `trim`.
  bool wants_trim() noexcept { return unseen_ >= limit_ / trims_per_limit && !trimming_.exchange(true); }
  /// Removes what was not used for longest until the rest is within the limit. Reads the whole directory.
  void trim();

 private:
  void trim_once();

  static constexpr std::uint64_t trims_per_limit = 16;
  std::filesystem::path path_of(const BodyVersion& version) const;

  std::filesystem::path directory_;
  std::uint64_t limit_;
  std::string store_;
  std::atomic<std::uint64_t> unseen_;  ///< bytes that came in since the last trim
  std::atomic<bool> trimming_ = false;
};

}  // namespace mapistore
