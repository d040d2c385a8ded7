#include "core/mime/content.h"

#include "core/codec/charset.h"
#include "core/codec/shared_content.h"
#include "core/codec/transfer.h"
#include "core/codec/utf8.h"
#include "core/mime/uuencode.h"

namespace mapistore::mime {
namespace {

class UndoBase64 : public Step {
 public:
  void append(std::string& out, std::string_view piece, bool) override { decoder_.append(out, piece); }

 private:
  codec::Base64Decoder decoder_;
};

class UndoQuotedPrintable : public Step {
 public:
  void append(std::string& out, std::string_view piece, bool last) override { decoder_.append(out, piece, last); }

 private:
  codec::QuotedPrintableDecoder decoder_;
};

class UndoCharset : public Step {
 public:
  explicit UndoCharset(std::string_view charset) : stream_{charset} {}
  void append(std::string& out, std::string_view piece, bool last) override { stream_.append(out, piece, last); }

 private:
  codec::CharsetStream stream_;
};

/// Appends nothing; knows in the end whether all was UTF-8.
class CheckUtf8 : public Step {
 public:
  explicit CheckUtf8(bool& valid) : valid_{valid} { valid_ = true; }

  void append(std::string&, std::string_view piece, bool last) override {
    if (!valid_) return;
    rest_ += piece;
    const std::size_t valid = codec::valid_utf8_prefix(rest_);
    rest_.erase(0, valid);
    // Four bytes that do not begin with a character are none; fewer may be the beginning of one.
    valid_ = last ? rest_.empty() : rest_.size() < 4;
  }

 private:
  bool& valid_;
  std::string rest_;
};

void add_transfer_step(Steps& steps, Encoding encoding) {
  switch (encoding) {
    case Encoding::base64: steps.push_back(std::make_unique<UndoBase64>()); break;
    case Encoding::quoted_printable: steps.push_back(std::make_unique<UndoQuotedPrintable>()); break;
    case Encoding::uuencode: steps.push_back(undo_uuencode()); break;
    case Encoding::identity:
    case Encoding::unknown: break;
  }
}

Steps transfer_steps(Encoding encoding) {
  Steps steps;
  add_transfer_step(steps, encoding);
  return steps;
}

Steps text_steps(Encoding encoding, std::string_view charset, const ContentType& type) {
  Steps steps = transfer_steps(encoding);
  steps.push_back(std::make_unique<UndoCharset>(charset));
  if (type.format_flowed && type.is("text", "plain")) steps.push_back(unflow(type.delete_space));
  return steps;
}

bool is_utf8(const LargeValue& content) {
  bool valid = true;
  const LargeValue checked = stepped_content(content, [&valid] {
    Steps steps;
    steps.push_back(std::make_unique<CheckUtf8>(valid));
    return steps;
  });
  return checked.content->size().has_value() && valid;
}

}  // namespace

std::string decoded_body(std::string_view body, Encoding encoding) { return run_steps(transfer_steps(encoding), body); }

LargeValue decoded_content(SharedBytes body, Encoding encoding) {
  LargeValue raw = shared_content(std::move(body));
  if (encoding == Encoding::identity || encoding == Encoding::unknown) return raw;
  return stepped_content(std::move(raw), [encoding] { return transfer_steps(encoding); });
}

std::string decoded_text(std::string_view body, Encoding encoding, const ContentType& type) {
  const std::string bytes = decoded_body(body, encoding);
  std::string_view charset = type.charset;
  if (codec::is_undeclared(charset)) charset = codec::is_valid_utf8(bytes) ? "utf-8" : "windows-1252";
  return run_steps(text_steps(Encoding::identity, charset, type), bytes);
}

LargeValue decoded_text_content(SharedBytes body, Encoding encoding, const ContentType& type) {
  std::string charset = type.charset;
  if (codec::is_undeclared(charset)) charset = is_utf8(decoded_content(body, encoding)) ? "utf-8" : "windows-1252";
  return stepped_content(shared_content(std::move(body)), [encoding, charset = std::move(charset), type] {
    return text_steps(encoding, charset, type);
  });
}

}  // namespace mapistore::mime
