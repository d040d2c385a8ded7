#include "core/message_claims.h"

namespace mapistore {

MessageClaims::Claim::~Claim() {
  if (claims_ == nullptr) return;
  const Locked locked{claims_->mutex_};
  claims_->claimed_.erase(fmid_);
  claims_->given_back_.notify_all();
}

Result<MessageClaims::Claim> MessageClaims::claim(const Call& call, Fmid fmid) {
  Locked locked{mutex_};
  while (claimed_.contains(fmid)) {
    const auto is_free = [&]() MAPISTORE_REQUIRES(mutex_) { return !claimed_.contains(fmid); };
    if (!given_back_.wait_until(locked, call.stop, call.deadline, is_free)) MAPISTORE_CHECK(call.check());
  }
  claimed_.insert(fmid);
  return Claim{*this, fmid};
}

}  // namespace mapistore
