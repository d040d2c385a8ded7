#pragma once

#include <condition_variable>
#include <set>
#include <utility>

#include <mapistore/call.h>
#include <mapistore/export.h>
#include <mapistore/object.h>
#include <mapistore/result.h>

#include "core/mutex.h"

namespace mapistore {

/// Whose turn it is with a message: one at a time moves, changes or removes it. Thread-safe.
class MAPISTORE_API MessageClaims {
 public:
  /// A message that is the holder's until this goes.
  class MAPISTORE_API Claim {
   public:
    Claim(Claim&& other) noexcept : claims_{std::exchange(other.claims_, nullptr)}, fmid_{other.fmid_} {}
    Claim& operator=(Claim&&) = delete;
    ~Claim();

   private:
    friend class MessageClaims;
    Claim(MessageClaims& claims, Fmid fmid) : claims_{&claims}, fmid_{fmid} {}

    MessageClaims* claims_;
    Fmid fmid_;
  };

  /// Waits for whoever has it. Not to be asked for by who holds one.
  Result<Claim> claim(const Call& call, Fmid fmid);

 private:
  Mutex mutex_{LockRank::claims};
  std::condition_variable_any given_back_;
  std::set<Fmid> claimed_ MAPISTORE_GUARDED_BY(mutex_);
};

}  // namespace mapistore
