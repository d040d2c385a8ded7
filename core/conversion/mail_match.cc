#include "core/conversion/mail_match.h"

#include <algorithm>
#include <optional>

#include "core/conversion/mail_values.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

/// How far an equal one is looked for: attachments seldom change their places.
constexpr std::size_t look_ahead = 64;

bool is_number(const Property& property) { return same_identity(property.id, tag::attach_number); }

bool same_but_number(const Attachment& a, const Attachment& b) {
  if (!conversion::same_but_number(a.properties, b.properties)) return false;
  if (a.embedded == nullptr || b.embedded == nullptr) return a.embedded == b.embedded;
  return a.embedded == b.embedded || *a.embedded == *b.embedded;
}

class Matcher {
 public:
  Matcher(const std::vector<Attachment>& current, const std::vector<Attachment>& wanted)
      : current_{current}, wanted_{wanted}, partner_(wanted.size()), is_taken_(current.size()) {}

  AttachmentMatch match() {
    for (std::size_t at = 0; at < wanted_.size(); ++at)
      if (const auto same = numbered(wanted_[at]); same && same_but_number(current_[*same], wanted_[at]))
        take(*same, at);
    find_moved();
    AttachmentMatch result;
    for (std::size_t at = 0; at < wanted_.size(); ++at) {
      if (partner_[at]) continue;
      const auto same = numbered(wanted_[at]);
      if (!same || is_taken_[*same]) {
        result.added.push_back(at);
        continue;
      }
      take(*same, at);
      result.changed.emplace_back(*same, at);
    }
    for (std::size_t at = 0; at < current_.size(); ++at)
      if (!is_taken_[at]) result.removed.push_back(at);
    return result;
  }

 private:
  /// The free one with the number of `attachment`: numbers are positions.
  std::optional<std::size_t> numbered(const Attachment& attachment) const {
    const auto number = held_number(attachment.properties, tag::attach_number);
    if (!number || *number < 0) return std::nullopt;
    const auto at = static_cast<std::size_t>(*number);
    return at < current_.size() && !is_taken_[at] ? std::optional(at) : std::nullopt;
  }

  void find_moved() {
    std::size_t next = 0;
    for (std::size_t at = 0; at < wanted_.size(); ++at) {
      if (partner_[at]) {
        next = *partner_[at] + 1;
        continue;
      }
      for (std::size_t ahead = next; ahead < std::min(next + look_ahead, current_.size()); ++ahead) {
        if (is_taken_[ahead] || !same_but_number(current_[ahead], wanted_[at])) continue;
        take(ahead, at);
        next = ahead + 1;
        break;
      }
    }
  }

  void take(std::size_t current, std::size_t wanted) {
    partner_[wanted] = current;
    is_taken_[current] = true;
  }

  const std::vector<Attachment>& current_;
  const std::vector<Attachment>& wanted_;
  std::vector<std::optional<std::size_t>> partner_;  ///< of each wanted one
  std::vector<bool> is_taken_;
};

}  // namespace

std::vector<std::size_t> AttachmentMatch::touched() const {
  std::vector<std::size_t> numbers = removed;
  for (const auto& [old, now] : changed) numbers.push_back(old);
  return numbers;
}

AttachmentMatch match_attachments(const std::vector<Attachment>& current, const std::vector<Attachment>& wanted) {
  return Matcher(current, wanted).match();
}

bool same_but_number(const PropertyBag& a, const PropertyBag& b) {
  auto one = a.begin();
  auto other = b.begin();
  while (true) {
    if (one != a.end() && is_number(*one)) ++one;
    if (other != b.end() && is_number(*other)) ++other;
    if (one == a.end() || other == b.end()) return one == a.end() && other == b.end();
    if (*one != *other) return false;
    ++one;
    ++other;
  }
}

}  // namespace mapistore::conversion
