#pragma once

#include <atomic>

#include "core/message_view.h"
#include "fuse/attributes.h"

namespace mapistore::fs {

/// A face has its message's FMID in the low 40 bits of its number, and its own number in the 22 above.
inline constexpr int face_shift = 40;
inline constexpr std::uint32_t most_faces = (1u << 22) - 1;
/// Numbers from here on are for attachments that are being added.
inline constexpr std::uint32_t first_new_face = 1u << 21;

constexpr std::uint32_t face_number(NodeId id) noexcept { return (id.value >> face_shift) & most_faces; }
constexpr Fmid message_of_face(NodeId id) noexcept { return Fmid{id.value & ((std::uint64_t{1} << face_shift) - 1)}; }
constexpr NodeId face_id(Fmid message, std::uint32_t number) noexcept {
  return {message.value | std::uint64_t{number} << face_shift};
}

/// One file or directory that shows a part of a message.
struct Face {
  enum class Kind : std::uint8_t {
    property_file,
    parts,
    headers,
    body_text,
    body_html,
    recipients,
    loss,
    attachments,
    attachment,
    embedded,
  };

  static constexpr std::uint32_t property_file_number = 1, parts_number = 2;
  static constexpr std::string_view property_file_suffix = ".mapi.json", parts_suffix = ".d";

  Kind kind = Kind::parts;
  std::uint32_t parent = 0;                ///< number of its directory; 0: stands beside the message
  std::uint32_t end = 0;                   ///< the number after its last descendant's
  std::string name;                        ///< empty for the two that are called after the message
  const MessageObject* message = nullptr;  ///< what it is a face of
  std::size_t position = 0;                ///< of an attachment in it
  std::string_view raw;                    ///< its bytes as they stand in those of the outermost message, if they do

  bool is_directory() const noexcept { return kind == Kind::parts || kind == Kind::attachments; }
};

/// All faces of a message at one moment, numbered in preorder. Immutable, thread-safe.
class FaceTree {
 public:
  explicit FaceTree(MessageViewPtr view);

  const MessageView& view() const noexcept { return *view_; }
  const MessageViewPtr& view_pointer() const noexcept { return view_; }
  /// Null for a number that it has not.
  const Face* face(std::uint32_t number) const noexcept;
  /// The number of the child of this name; 0: none.
  std::uint32_t find(std::uint32_t directory, std::string_view name) const;
  /// The first child after `after`, which is 0 at first; 0: there are no more.
  std::uint32_t next_child(std::uint32_t directory, std::uint32_t after) const noexcept;
  /// Whether attachments can be added and removed there.
  bool is_changeable(const Face& face) const noexcept { return face.message == &view_->file.message; }

  /// Of an outline, the content of an attachment that has been left out; null: the face can be written.
  const AbsentContent* absent(const Face& face) const;
  /// Whether what was left out there is to be had alone; else the message is better read whole, as with this one at
  /// least half of it would have been asked for. Counts it.
  bool is_had_alone(const AbsentContent& content) const;
  /// From now on nothing is: it takes too long for one call, while a whole message goes on coming behind it.
  void have_nothing_alone() const { asked_for_ = view_->stored.node.size; }
  /// Writes the bytes of a file. Requires that they are not absent, and for the property file a complete view.
  Result<> write(const Face& face, TextSink& sink) const;
  /// Exact. May have to produce the bytes once.
  Result<std::uint64_t> size(std::uint32_t number) const;

 private:
  std::uint32_t add(Face face);
  void add_parts(std::uint32_t parent, std::string name, const MessageObject& message, MessageKind kind,
                 std::string_view raw);
  void add_attachments(std::uint32_t parent, const MessageObject& message, MessageKind kind, std::string_view raw);

  MessageViewPtr view_;
  std::vector<Face> faces_;                             ///< faces_[n] has number n + 1
  std::unique_ptr<std::atomic<std::int64_t>[]> sizes_;  ///< -1: not known yet
  mutable std::atomic<std::uint64_t> asked_for_ = 0;    ///< bytes that were had alone
};
using FaceTreePtr = std::shared_ptr<const FaceTree>;

}  // namespace mapistore::fs
