#include "core/conversion/tnef_stream.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "core/codec/little_endian.h"

namespace mapistore::conversion {
namespace {

constexpr std::uint32_t signature = 0x223E9F78;
constexpr std::uint8_t level_message = 1;
constexpr std::uint8_t level_attachment = 2;

/// The one id whose low half is that of another.
constexpr std::uint32_t original_message_class_id = 0x00070006;

TnefId id_of(std::uint32_t raw) noexcept {
  return raw == original_message_class_id ? TnefId::original_message_class : static_cast<TnefId>(raw & 0xFFFFu);
}

std::uint16_t checksum(std::string_view data) noexcept {
  std::uint32_t sum = 0;
  for (const char c : data) sum += static_cast<unsigned char>(c);
  return static_cast<std::uint16_t>(sum);
}

}  // namespace

std::string name_of(TnefId id) {
  using enum TnefId;
  struct Name {
    TnefId id;
    std::string_view name;
  };
  static constexpr std::array names{Name{owner, "attOwner"},
                                    Name{sent_for, "attSentFor"},
                                    Name{delegate, "attDelegate"},
                                    Name{date_start, "attDateStart"},
                                    Name{date_end, "attDateEnd"},
                                    Name{owner_appointment, "attAidOwner"},
                                    Name{request_response, "attRequestRes"},
                                    Name{original_message_class, "attOriginalMessageClass"},
                                    Name{from, "attFrom"},
                                    Name{subject, "attSubject"},
                                    Name{date_sent, "attDateSent"},
                                    Name{date_received, "attDateRecd"},
                                    Name{message_status, "attMessageStatus"},
                                    Name{message_class, "attMessageClass"},
                                    Name{message_id, "attMessageID"},
                                    Name{parent_id, "attParentID"},
                                    Name{conversation_id, "attConversationID"},
                                    Name{body, "attBody"},
                                    Name{priority, "attPriority"},
                                    Name{attach_data, "attAttachData"},
                                    Name{attach_title, "attAttachTitle"},
                                    Name{attach_metafile, "attAttachMetaFile"},
                                    Name{attach_created, "attAttachCreateDate"},
                                    Name{attach_modified, "attAttachModifyDate"},
                                    Name{date_modified, "attDateModified"},
                                    Name{attach_transport_name, "attAttachTransportFilename"},
                                    Name{attach_rendering, "attAttachRenddata"},
                                    Name{mapi_properties, "attMAPIProps"},
                                    Name{recipients, "attRecipTable"},
                                    Name{attachment, "attAttachment"},
                                    Name{version, "attTnefVersion"},
                                    Name{code_page, "attOemCodepage"}};
  const auto* found = std::ranges::find(names, id, &Name::id);
  if (found != names.end()) return std::string(found->name);
  std::string unknown = "att0x";
  for (int shift = 12; shift >= 0; shift -= 4) unknown += "0123456789abcdef"[(std::to_underlying(id) >> shift) & 0xF];
  return unknown;
}

Result<TnefStream> read_tnef_stream(std::string_view bytes) {
  codec::LittleEndianReader reader(std::as_bytes(std::span(bytes)));
  const auto begin = reader.take<std::uint32_t>();
  reader.take<std::uint16_t>();  // a key that nobody uses
  if (!reader.ok() || begin != signature) return fail(Errc::invalid_content, {}, "is not TNEF");
  TnefStream stream;
  while (reader.left() > 0) {
    const auto level = reader.take<std::uint8_t>();
    const auto id = reader.take<std::uint32_t>();
    const auto size = reader.take<std::uint32_t>();
    const std::string_view data = reader.take_text(size);
    const auto sum = reader.take<std::uint16_t>();
    if (!reader.ok() || (level != level_message && level != level_attachment)) {
      stream.truncated = true;
      break;
    }
    stream.attributes.push_back(
        {.of_attachment = level == level_attachment, .id = id_of(id), .data = data, .intact = sum == checksum(data)});
  }
  return stream;
}

}  // namespace mapistore::conversion
