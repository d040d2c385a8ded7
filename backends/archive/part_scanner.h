#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <mapistore/result.h>

#include "backends/archive/coding.h"

namespace mapistore::archive {

/// Takes what a PartScanner finds, in the order of the message. An error returned ends the scan.
class PartSink {
 public:
  virtual ~PartSink() = default;
  /// Bytes that stay as they are.
  virtual Result<> literal(std::string_view bytes) = 0;
  /// An encoded part begins; `part_data` gives its decoded bytes, and encoded by `layout` they are just what was read.
  virtual Result<> begin_part(const Layout& layout) = 0;
  virtual Result<> part_data(std::string_view bytes) = 0;
  /// `size` is that of the encoded form.
  virtual Result<> end_part(std::uint64_t size) = 0;
};

/// Finds encoded parts of at least `smallest_part` bytes in the bytes of a message of any kind, as they come.
///
/// Base64 is known by its looks, lines of one length in its alphabet, so that an iCalendar file's attachments and a
/// contact's photograph are found as well; quoted-printable by the field that says so. Time linear in the bytes;
/// holds less than a megabyte of them.
class PartScanner {
 public:
  explicit PartScanner(PartSink& sink) : sink_{sink} {}

  Result<> take(std::string_view bytes);
  Result<> finish();

 private:
  Result<> line(std::string_view whole);
  Result<> plain_line(std::string_view whole);
  void look_at_field(std::string_view text);

  Result<> end_quoted();

  bool begins_run(std::string_view text, std::string_view line_end);
  Result<bool> continue_run(std::string_view text, std::string_view line_end);
  Result<> take_run_text(std::string_view text, std::string_view line_end);
  void take_characters(std::string_view text);
  Result<> open_run();
  Result<> give_decoded();
  Result<> end_run();

  PartSink& sink_;
  std::string line_;        ///< what has come of a line
  bool long_line_ = false;  ///< in a line that is too long to be one of a part
  std::uint32_t parts_ = 0;

  // Of fields.
  bool in_header_ = true;
  bool declared_quoted_ = false;

  // Of a quoted-printable body.
  bool quoted_ = false;
  std::string quoted_text_;

  // Of a run of base64 lines.
  bool run_ = false, open_ = false;
  Layout layout_;
  std::string raw_;         ///< its text until the sink knows of it
  std::string tail_;        ///< its text behind the last whole group
  std::string decoded_;     ///< what the sink does not have yet
  std::uint64_t size_ = 0;  ///< decoded bytes that the sink has
  std::uint32_t bits_ = 0;
  int count_ = 0;  ///< characters in `bits_`
};

}  // namespace mapistore::archive
