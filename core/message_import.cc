// From a description in another format to a message.

#include "core/message_view.h"

#include <mapistore/summarize.h>

#include "core/codec/names.h"
#include "core/conversion/ocpf.h"
#include "core/conversion/state_properties.h"

namespace mapistore {

namespace {

constexpr std::string_view ocpf_suffix = ".ocpf";

}  // namespace

bool is_import_name(std::string_view name) noexcept {
  return name.size() > ocpf_suffix.size() && name.ends_with(ocpf_suffix);
}

Result<std::string> MessageViews::import(const Call& call, Store::Save what, std::string_view text) {
  auto described = conversion::read_ocpf(text);
  if (!described) {
    described.error().object = what.name + (described.error().object.empty() ? "" : ": " + described.error().object);
    return std::unexpected(std::move(described).error());
  }
  const MessageKind kind = kind_of_class(described->message_class);
  const WrittenMessage written = MAPISTORE_TRY(render_message(kind, described->message));
  const std::unique_ptr<Body> body = MAPISTORE_TRY(body_of(*written.bytes.content, make_file_));
  const std::string name = what.name.substr(0, what.name.size() - ocpf_suffix.size()) + std::string(extension(kind));
  what.name = store_.index().free_name(what.parent, name);
  what.body = body.get();
  MAPISTORE_CHECK(store_.save(call, what));

  // What the format of the bytes cannot tell goes where an edit would put it.
  const auto complete = [&]() -> Result<> {
    const MessageViewPtr view = MAPISTORE_TRY(this->view(call, what.fmid));
    PropertyFile wanted = view->file;
    wanted.message_class = described->message_class;
    for (const Property& property : described->message.properties)
      if (!is_computed(property.id)) wanted.message.properties.set(property.id, property.value);
    return change(call, *view, std::move(wanted));
  };
  if (auto completed = complete(); !completed) {
    if (const auto saved = store_.index().node(what.fmid)) static_cast<void>(store_.purge(call, *saved));
    return std::unexpected(std::move(completed).error());
  }
  return what.name;
}

}  // namespace mapistore
