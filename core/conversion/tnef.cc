#include "core/conversion/tnef.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/codec/little_endian.h"
#include "core/conversion/tnef_legacy.h"
#include "core/conversion/tnef_properties.h"
#include "core/conversion/tnef_stream.h"
#include "core/properties/known_properties.h"

namespace mapistore {
namespace {

using namespace conversion;

constexpr std::uint32_t usual_code_page = 1252;
constexpr std::int32_t embedded_message = 5;

std::uint32_t code_page_of(const TnefStream& stream) {
  const auto found = std::ranges::find(stream.attributes, TnefId::code_page, &TnefAttribute::id);
  if (found == stream.attributes.end()) return usual_code_page;
  codec::LittleEndianReader reader(std::as_bytes(std::span(found->data)));
  const auto code_page = reader.take<std::uint32_t>();
  return code_page == 0 ? usual_code_page : code_page;
}

/// What the stream as a whole may still have.
struct Budget {
  std::size_t attachments = most_parts;
};

/// Reads one stream: the outermost, or that of an embedded message.
class StreamReader {
 public:
  StreamReader(const SharedBytes& bytes, const TnefStream& stream, std::size_t depth, Budget& budget)
      : bytes_{bytes}, stream_{stream}, values_{bytes, code_page_of(stream)}, depth_{depth}, budget_{budget} {}

  ReadMessage run() {
    find_message_class();
    for (const TnefAttribute& attribute : stream_.attributes) take(attribute);
    if (stream_.truncated) lose("TNEF", "the stream ends within an attribute");
    end_attachment();
    std::ranges::move(newer_, std::back_inserter(older_));
    result_.message.properties = bag_of(std::move(older_));
    return std::move(result_);
  }

 private:
  void lose(std::string field, std::string reason) {
    result_.losses.add(std::move(field), Fidelity::dropped, std::move(reason));
  }

  /// It may stand behind the attributes that it decides about.
  void find_message_class() {
    for (const TnefAttribute& attribute : stream_.attributes) {
      if (attribute.of_attachment || attribute.id != TnefId::message_class) continue;
      message_class_ = message_class_of_legacy(values_.text(attribute.data));
      return;
    }
  }

  void take(const TnefAttribute& attribute) {
    if (!attribute.intact) {
      result_.losses.add(name_of(attribute.id), Fidelity::approximated, "its checksum differs: it may be damaged");
    }
    if (attribute.of_attachment) {
      take_of_attachment(attribute);
    } else if (attribute.id == TnefId::mapi_properties) {
      take_list(attribute, newer_);
    } else if (attribute.id == TnefId::recipients) {
      take_recipients(attribute);
    } else if (attribute.id != TnefId::version && attribute.id != TnefId::code_page) {
      take_legacy(attribute, older_);
    }
  }

  void take_legacy(const TnefAttribute& attribute, std::vector<Property>& into) {
    auto properties = legacy_properties(attribute, message_class_, values_);
    if (!properties) return lose(name_of(attribute.id), "no property tells it, or it cannot be read");
    std::ranges::move(*properties, std::back_inserter(into));
  }

  /// The stream of an embedded message, if the list has one.
  std::optional<std::string_view> take_list(const TnefAttribute& attribute, std::vector<Property>& into) {
    TnefProperties list = values_.properties(attribute.data);
    if (!list.complete) lose(name_of(attribute.id), "its properties cannot be read to the end");
    std::ranges::move(list.properties, std::back_inserter(into));
    return list.embedded;
  }

  void take_recipients(const TnefAttribute& attribute) {
    for (TnefProperties& row : values_.rows(attribute.data)) {
      if (!row.complete) lose(name_of(attribute.id), "its rows cannot be read to the end");
      if (row.complete || !row.properties.empty()) {
        result_.message.recipients.push_back(bag_of(std::move(row.properties)));
      }
    }
  }

  void take_of_attachment(const TnefAttribute& attribute) {
    if (attribute.id == TnefId::attach_rendering || !in_attachment_) {
      end_attachment();
      begin_attachment();
    }
    if (!in_attachment_) return;
    if (attribute.id == TnefId::attachment) {
      if (const auto embedded = take_list(attribute, newer_of_attachment_)) embedded_ = embedded;
    } else {
      take_legacy(attribute, older_of_attachment_);
    }
  }

  void begin_attachment() {
    if (budget_.attachments == 0) {
      if (!std::exchange(too_many_, true)) lose("attAttachment", "there are more than are read");
      return;
    }
    --budget_.attachments;
    in_attachment_ = true;
    older_of_attachment_.push_back({tag::attach_number, static_cast<std::int32_t>(result_.message.attachments.size())});
  }

  void end_attachment() {
    if (!std::exchange(in_attachment_, false)) return;
    Attachment attachment;
    std::ranges::move(newer_of_attachment_, std::back_inserter(older_of_attachment_));
    attachment.properties = bag_of(std::exchange(older_of_attachment_, {}));
    newer_of_attachment_.clear();
    if (const auto stream = std::exchange(embedded_, std::nullopt)) embed(*stream, attachment);
    result_.message.attachments.push_back(std::move(attachment));
  }

  void embed(std::string_view bytes, Attachment& into) {
    const std::string place = "attAttachment[" + std::to_string(result_.message.attachments.size()) + "]";
    if (depth_ == deepest_tnef) return lose(place, "a message lies deeper in others than is read");
    const auto stream = read_tnef_stream(bytes);
    if (!stream) return lose(place, "its message is not TNEF");
    ReadMessage inner = StreamReader(bytes_, *stream, depth_ + 1, budget_).run();
    result_.losses.append(place + "/", inner.losses);
    into.embedded = std::make_shared<const MessageObject>(std::move(inner.message));
    into.properties.erase(tag::attach_data_binary);
    into.properties.set(tag::attach_method, embedded_message);
  }

  const SharedBytes& bytes_;
  const TnefStream& stream_;
  TnefValueReader values_;
  std::size_t depth_;
  Budget& budget_;
  ReadMessage result_;
  std::string message_class_;
  // What MAPI says comes after what older attributes say, wherever it stands, and so prevails.
  std::vector<Property> older_;
  std::vector<Property> newer_;
  bool in_attachment_ = false;
  bool too_many_ = false;
  std::vector<Property> older_of_attachment_;
  std::vector<Property> newer_of_attachment_;
  std::optional<std::string_view> embedded_;
};

}  // namespace

Result<ReadMessage> read_tnef(const SharedBytes& bytes) {
  const TnefStream stream = MAPISTORE_TRY(conversion::read_tnef_stream(bytes.view()));
  Budget budget;
  return StreamReader(bytes, stream, 0, budget).run();
}

}  // namespace mapistore
