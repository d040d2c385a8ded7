#pragma once

#include <list>
#include <memory>

#include "core/codec/absent_content.h"
#include "core/conversion/convert.h"
#include "core/properties/property_file.h"
#include "core/shared_body.h"
#include "core/store.h"

namespace mapistore {

/// How much of a message is at hand or needed.
enum class Extent : std::uint8_t { outline, complete };

/// A message of a store as properties, at one moment. Immutable.
///
/// Of an *outline* the middle of large attachments has been left out of the bytes, and their contents are
/// AbsentContent; all else is as in a complete one.
struct MessageView {
  StoredMessage stored;
  SharedBytes bytes;
  ReadMessage told;  ///< by the bytes alone
  SideProperties side;
  LossReport losses;  ///< what the bytes do not tell exactly, and what the side store alone has
  PropertyFile file;    ///< bytes, state, side store and identity together
  std::string version;  ///< PidTagChangeKey

  bool is_complete() const noexcept { return !bytes.has_gaps(); }
};
using MessageViewPtr = std::shared_ptr<const MessageView>;

/// The messages of a store as properties, and changes of those brought back to where they belong: into the smallest
/// part of the bytes, the state, or what is left into the side store.
///
/// Thread-safe. What takes a Call may wait for a medium and belongs on the context's workers. Keeps the last few views.
class MAPISTORE_API MessageViews {
 public:
  /// `rules`: of edits of signed content; where they allow it, what was signed goes to the trash.
  MessageViews(Store& store, MakeFile make_file, EditRules rules)
      : store_{store}, make_file_{std::move(make_file)}, rules_{rules} {}

  /// A complete one. Errc::not_found for what is no message of a medium.
  Result<MessageViewPtr> view(const Call& call, Fmid message);
  /// An outline of a large message whose bytes are not at hand, if its medium can give one; else a complete view.
  Result<MessageViewPtr> outline(const Call& call, Fmid message);
  /// The view, if it is at hand and still true: without asking the medium. For Extent::outline any will do.
  MessageViewPtr known(Fmid message, Extent extent = Extent::complete);

  /// An AbsentContent of `outline`, given to `take`. Errc::corrupted: the outline was not true, and is not kept any
  /// more. Errc::stale: the message has changed.
  Result<> restore(const Call& call, const MessageViewPtr& outline, const AbsentContent& content,
                   const std::function<Result<>(std::string_view)>& take);

  /// Makes the message say `wanted`. Requires that `base` is complete. Errc::stale if it names another change key than
  /// the message now has, or `base` is no longer what the message says; Errc::invalid_content, Errc::not_permitted (see
  /// edit_message), and what the medium answers. After an error nothing has changed, as far as the medium saves bytes
  /// and state in one.
  Result<> change(const Call& call, const MessageView& base, PropertyFile wanted);

  /// Makes the message that `text` describes, an OpenChange property file called `what.name`, and answers the name it
  /// got: the file's, with the extension of its kind. `what.body` is not used. Errc::invalid_content with line and
  /// column, Errc::not_permitted, Errc::too_large, Errc::unsupported; then there is no message.
  Result<std::string> import(const Call& call, Store::Save what, std::string_view text);

 private:
  struct Identity {
    StoredMessage stored;
    SideProperties side;
    std::string version;
  };
  /// What the index says of a message, beside its bytes.
  Result<Identity> identity(Fmid message);
  Result<MessageViewPtr> make(Identity identity, SharedBytes bytes);
  /// Null: there is none.
  Result<MessageViewPtr> make_outline(const Call& call, Fmid message);
  void keep(const MessageViewPtr& view);
  /// Puts what `base` is now into its context's trash, before an edit breaks its signature.
  Result<> keep_signed(const Call& call, const MessageView& base);

  Store& store_;
  MakeFile make_file_;
  EditRules rules_;
  Mutex mutex_{LockRank::views};
  std::list<MessageViewPtr> kept_ MAPISTORE_GUARDED_BY(mutex_);
};

/// Whether a file that is copied into a folder under this name describes a message, rather than being one.
MAPISTORE_API bool is_import_name(std::string_view name) noexcept;

/// The kind of message that a message class stands for (MS-OXCMSG 2.2.1.3); a class that no format has is mail.
MAPISTORE_API MessageKind kind_of_class(std::string_view message_class) noexcept;

}  // namespace mapistore
