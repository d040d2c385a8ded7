#pragma once

#include <string_view>
#include <vector>

#include "core/mime/part.h"

namespace mapistore::conversion {

/// Where an attachment stands.
struct AttachmentPlace {
  const mime::Part* part = nullptr;
  bool is_related = false;       ///< it is there for a body to show (RFC 2387)
  std::string_view uuencoded{};  ///< the lines `begin` to `end` in the body of `part`; empty: all of the part
};

/// Which part of a message is what. Parts that only hold others are nothing themselves.
struct Layout {
  const mime::Part* text = nullptr;
  const mime::Part* html = nullptr;
  const mime::Part* calendar = nullptr;  ///< a meeting's request, answer or cancellation
  const mime::Part* tnef = nullptr;
  const mime::Part* report = nullptr;  ///< message/delivery-status or message/disposition-notification
  std::vector<AttachmentPlace> attachments;
  bool is_truncated = false;
};

/// The layout of `message`, which outlives it.
Layout lay_out(const mime::Part& message);

/// Whether the part is signed or encrypted itself, not only a part of something that is.
bool is_sealed(const mime::Part& part) noexcept;
/// The same for S/MIME as one blob: application/pkcs7-mime.
bool is_enveloped(const mime::ContentType& type) noexcept;

/// Whether all that is told of the body of `part`, which lies in no message of its own, is that an attachment has it.
bool is_attachment_alone(const mime::Part& part) noexcept;

/// A parameter of a part's Content-Type, decoded.
std::string type_parameter(const mime::Part& part, std::string_view name);

}  // namespace mapistore::conversion
