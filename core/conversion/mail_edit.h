#pragma once

#include <string_view>

#include "core/conversion/convert.h"
#include "core/mime/part.h"
#include "core/mime/splice.h"

namespace mapistore::conversion {

/// One message in a file that is being edited: what it is, says now, and shall say.
struct MailEdit {
  const SharedBytes& bytes;
  const mime::Part& message;
  const MessageObject& current;
  const MessageObject& wanted;
  const EditRules& rules;
  std::string_view newline;
};

/// Replaces the fields of `header` that tell something else. `signed_fields`, lower case and sorted, may not change.
Result<> edit_header(std::string_view header, const MessageObject& current, const MessageObject& wanted,
                     const std::vector<std::string>& signed_fields, std::string_view newline, mime::Splice& splice,
                     LossReport& losses);

/// Replaces the parts of what the message holds that tell something else.
Result<> edit_contents(const MailEdit& edit, mime::Splice& splice, LossReport& losses);

/// Both, with what follows from the change. A message within another is edited in place.
Result<> edit_message_at(const MailEdit& edit, mime::Splice& splice, LossReport& losses);

/// The fields that the DKIM signatures in `header` cover, lower case and sorted. Without a signature none.
std::vector<std::string> dkim_signed_fields(std::string_view header);

/// `wanted` with what follows from its changes. Errc::invalid_content: changes contradict each other.
Result<MessageObject> settled(const MessageObject& current, const MessageObject& wanted);

}  // namespace mapistore::conversion
