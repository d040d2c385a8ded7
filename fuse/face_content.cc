// The bytes of faces.

#include "core/properties/known_properties.h"
#include "fuse/face_tree.h"

namespace mapistore::fs {

namespace {

class CountingSink final : public TextSink {
 public:
  Result<> write(std::string_view text) override {
    count_ += text.size();
    return {};
  }
  std::uint64_t count() const noexcept { return count_; }

 private:
  std::uint64_t count_ = 0;
};

Result<> write_content(const Content& content, TextSink& sink) {
  const auto reader = content.reader();
  std::string piece(64 * 1024, '\0');
  for (;;) {
    const std::size_t count = MAPISTORE_TRY(reader->read(std::as_writable_bytes(std::span{piece})));
    if (count == 0) return {};
    MAPISTORE_CHECK(sink.write(std::string_view{piece}.substr(0, count)));
  }
}

/// The bytes of a text or binary value.
Result<> write_value(const PropertyBag& bag, const PropertyId& id, TextSink& sink) {
  const Property* found = bag.find(id);
  if (found == nullptr) return {};
  if (const auto* text = std::get_if<std::string>(&found->value)) return sink.write(*text);
  if (const auto* text = std::get_if<String8>(&found->value)) return sink.write(text->bytes);
  if (const auto* bytes = std::get_if<Binary>(&found->value))
    return sink.write({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
  if (const auto* large = std::get_if<LargeValue>(&found->value)) return write_content(*large->content, sink);
  return {};
}

Result<> write_recipients(const MessageObject& message, TextSink& sink) {
  PropertyFile file;
  file.message.recipients = message.recipients;
  return write_property_file(file, sink);
}

Result<> write_embedded(const MessageObject& message, TextSink& sink) {
  const std::string* name = message.properties.get<std::string>(tag::message_class);
  const auto written =
      MAPISTORE_TRY(render_message(name == nullptr ? MessageKind::mail : kind_of_class(*name), message));
  return write_content(*written.bytes.content, sink);
}

}  // namespace

const AbsentContent* FaceTree::absent(const Face& face) const {
  if (face.kind != Face::Kind::attachment || view_->is_complete()) return nullptr;
  const PropertyBag& properties = face.message->attachments[face.position].properties;
  const auto* large = properties.get<LargeValue>(tag::attach_data_binary);
  return large == nullptr ? nullptr : dynamic_cast<const AbsentContent*>(large->content.get());
}

bool FaceTree::is_had_alone(const AbsentContent& content) const {
  return 2 * (asked_for_ += content.absent()) < view_->stored.node.size;
}

Result<> FaceTree::write(const Face& face, TextSink& sink) const {
  if (!face.raw.empty()) return sink.write(face.raw);
  const PropertyBag& properties = face.message->properties;
  switch (face.kind) {
    case Face::Kind::property_file: return write_property_file(view_->file, sink);
    case Face::Kind::headers: return write_value(properties, tag::transport_message_headers, sink);
    case Face::Kind::body_text: return write_value(properties, tag::body, sink);
    case Face::Kind::body_html: return write_value(properties, tag::html, sink);
    case Face::Kind::recipients: return write_recipients(*face.message, sink);
    case Face::Kind::loss: return sink.write(view_->losses.text());
    case Face::Kind::attachment:
      return write_value(face.message->attachments[face.position].properties, tag::attach_data_binary, sink);
    case Face::Kind::embedded: return write_embedded(*face.message->attachments[face.position].embedded, sink);
    case Face::Kind::parts:
    case Face::Kind::attachments: break;
  }
  return fail(Errc::is_a_folder, face.name);
}

Result<std::uint64_t> FaceTree::size(std::uint32_t number) const {
  std::atomic<std::int64_t>& known = sizes_[number - 1];
  if (const std::int64_t size = known; size >= 0) return static_cast<std::uint64_t>(size);
  if (const AbsentContent* content = absent(*face(number))) return content->size();
  CountingSink sink;
  MAPISTORE_CHECK(write(*face(number), sink));
  known = static_cast<std::int64_t>(sink.count());
  return sink.count();
}

}  // namespace mapistore::fs
