#pragma once

#include <string>
#include <string_view>

#include <mapistore/result.h>

#include "core/properties/encoded_content.h"
#include "core/codec/shared_bytes.h"

namespace mapistore {

/// Reads JSON text strictly, token by token. Errors are Errc::invalid_content, with the line and the character in it.
class JsonInput {
 public:
  explicit JsonInput(SharedBytes text) : text_{std::move(text)} {}

  const SharedBytes& text() const noexcept { return text_; }
  /// Where the next token begins.
  std::size_t offset() noexcept;
  /// What it begins with; NUL at the end.
  char peek() noexcept;
  bool take(char punctuation) noexcept;
  Result<> expect(char punctuation);
  Result<> expect_end();
  Result<JsonString> string();
  /// A number or a literal, as it stands.
  std::string_view word() noexcept;
  /// Passes over a value of any kind, nested at most `depth` times.
  Result<> skip_value(std::size_t depth);

  /// Calls `member(name, offset of the name)` for each member, with the input at the value.
  template <class Member>
  Result<> object(const Member& member);
  /// Calls `element()` for each element, with the input at it.
  template <class Element>
  Result<> array(const Element& element);

  /// What errors are about, until told otherwise.
  void set_subject(std::string subject) { subject_ = std::move(subject); }
  std::unexpected<Error> error(std::size_t offset, std::string_view what, std::string_view hint = {}) const;

 private:
  Result<std::size_t> escape(std::size_t at, char32_t& previous_high) const;

  SharedBytes text_;
  std::size_t at_ = 0;
  std::string subject_ = "property file";
};

template <class Member>
Result<> JsonInput::object(const Member& member) {
  MAPISTORE_CHECK(expect('{'));
  if (take('}')) return {};
  do {
    const std::size_t where = offset();
    const JsonString name = MAPISTORE_TRY(string());
    MAPISTORE_CHECK(expect(':'));
    MAPISTORE_CHECK(member(decode(name), where));
  } while (take(','));
  return expect('}');
}

template <class Element>
Result<> JsonInput::array(const Element& element) {
  MAPISTORE_CHECK(expect('['));
  if (take(']')) return {};
  do MAPISTORE_CHECK(element());
  while (take(','));
  return expect(']');
}

}  // namespace mapistore
