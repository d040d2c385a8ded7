#include "backends/imap/fetched.h"

#include <algorithm>
#include <iterator>

namespace mapistore::imap {

LiteralUse Fetched::body(const FetchReply& message, const BodyItem& item) {
  // What an earlier reply, which broke off, has left goes too.
  arrived_.resize(message.bodies.size());
  if (item.size > largest_body || item.size > most_bodies - arrived_size_) return LiteralUse::skip;
  arrived_size_ += item.size;
  arrived_.emplace_back(std::in_place)->reserve(item.size);
  return LiteralUse::stream;
}

void Fetched::fetch(FetchReply& message) {
  for (std::size_t place = 0; place < std::min(arrived_.size(), message.bodies.size()); ++place)
    if (arrived_[place]) message.bodies[place].bytes = std::move(arrived_[place]);
  arrived_.clear();
  if (message.uid == 0) return;
  const auto [known, is_new] = messages.try_emplace(message.uid);
  FetchReply& all = known->second;
  if (is_new) {
    all = std::move(message);
    return;
  }
  if (message.flags) all.flags = std::move(message.flags);
  if (message.size) all.size = message.size;
  if (message.internal_date) all.internal_date = message.internal_date;
  if (message.modseq) all.modseq = message.modseq;
  if (!message.email_id.empty()) all.email_id = std::move(message.email_id);
  if (message.gmail_id) all.gmail_id = message.gmail_id;
  if (message.gmail_labels) all.gmail_labels = std::move(message.gmail_labels);
  if (message.leaf_octets) all.leaf_octets = std::move(message.leaf_octets);
  std::ranges::move(message.bodies, std::back_inserter(all.bodies));
}

const std::string* body_of(const FetchReply& message, std::string_view section) {
  for (const BodyItem& body : message.bodies)
    if (body.section.starts_with(section) && body.section.empty() == section.empty() && body.bytes && !body.is_nil)
      return &*body.bytes;
  return nullptr;
}

std::string content_id_of(const FetchReply& message) {
  if (!message.email_id.empty()) return message.email_id;
  return message.gmail_id ? std::to_string(*message.gmail_id) : std::string{};
}

}  // namespace mapistore::imap
