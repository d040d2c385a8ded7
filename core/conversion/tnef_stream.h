#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/result.h>

namespace mapistore::conversion {

/// The attributes of a TNEF stream that we know (MS-OXTNEF 2.1.3.2), by the low half of their id; the high half tells
/// a type that follows from it.
enum class TnefId : std::uint16_t {
  owner = 0x0000,
  sent_for = 0x0001,
  delegate = 0x0002,
  date_start = 0x0006,
  date_end = 0x0007,
  owner_appointment = 0x0008,
  request_response = 0x0009,
  original_message_class = 0x0600,
  from = 0x8000,
  subject = 0x8004,
  date_sent = 0x8005,
  date_received = 0x8006,
  message_status = 0x8007,
  message_class = 0x8008,
  message_id = 0x8009,
  parent_id = 0x800a,
  conversation_id = 0x800b,
  body = 0x800c,
  priority = 0x800d,
  attach_data = 0x800f,
  attach_title = 0x8010,
  attach_metafile = 0x8011,
  attach_created = 0x8012,
  attach_modified = 0x8013,
  date_modified = 0x8020,
  attach_transport_name = 0x9001,
  attach_rendering = 0x9002,
  mapi_properties = 0x9003,
  recipients = 0x9004,
  attachment = 0x9005,
  version = 0x9006,
  code_page = 0x9007,
};

/// "attSubject"; "att0x1234" for one that is not known.
std::string name_of(TnefId id);

struct TnefAttribute {
  bool of_attachment = false;  ///< else of the message
  TnefId id{};
  std::string_view data;  ///< a view into the stream
  bool intact = true;     ///< its checksum is right
};

struct TnefStream {
  std::vector<TnefAttribute> attributes;
  bool truncated = false;  ///< what follows the last attribute is none
};

/// Errc::invalid_content: `bytes` do not begin as TNEF does.
Result<TnefStream> read_tnef_stream(std::string_view bytes);

}  // namespace mapistore::conversion
