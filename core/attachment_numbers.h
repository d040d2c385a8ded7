#pragma once

#include <mapistore/message_object.h>

#include "core/node.h"

namespace mapistore {

/// The numbers by which a message's attachments are called, from 1: one that was given is never given again, so that a
/// name means the same attachment for as long as the bytes are not replaced by others.
class MAPISTORE_API AttachmentNumbers {
 public:
  static constexpr std::string_view part = "numbers";

  /// As the side store has them, or in order from 1 where it has none that fit `count` attachments.
  static AttachmentNumbers read(const SideProperties& side, std::size_t count);

  /// Puts them on the attachments, as PidTagAttachNumber.
  void show(std::vector<Attachment>& attachments) const;
  /// Gives those a number that have none, or none of ours, and answers what is to be remembered.
  AttachmentNumbers take(std::vector<Attachment>& wanted) const;
  /// Puts the bytes' own number of each attachment in place of ours.
  void translate(std::vector<Attachment>& wanted, const std::vector<Attachment>& derived) const;
  /// Makes `side` remember them; the usual ones take no row.
  void write(SideProperties& side) const;

  const std::vector<std::int32_t>& numbers() const noexcept { return numbers_; }

 private:
  std::vector<std::int32_t> numbers_;
  std::int32_t next_ = 1;
};

}  // namespace mapistore
