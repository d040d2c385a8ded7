#include <algorithm>

#include "core/mime/content.h"

namespace mapistore::mime {
namespace {

constexpr std::string_view signature_mark = "-- ";
/// A longer line is passed on in pieces.
constexpr std::size_t longest_held_line = 64 * 1024;

class Unflow : public Step {
 public:
  explicit Unflow(bool delete_space) : delete_space_{delete_space} {}

  void append(std::string& out, std::string_view piece, bool last) override {
    while (!piece.empty()) {
      // A carriage return is looked at together with what follows it.
      if (line_.ends_with('\r')) {
        const bool feeds = piece.front() == '\n';
        line_.pop_back();
        take_line(out, feeds ? "\r\n" : "\r");
        if (feeds) piece.remove_prefix(1);
        continue;
      }
      const std::size_t end = piece.find_first_of("\r\n");
      line_ += piece.substr(0, end);
      if (end == std::string_view::npos) break;
      if (piece[end] == '\n')
        take_line(out, "\n");
      else
        line_ += '\r';
      piece.remove_prefix(end + 1);
    }
    if (line_.size() > longest_held_line) take_piece(out);
    if (last) finish(out);
  }

 private:
  void finish(std::string& out) {
    const bool returns = line_.ends_with('\r');
    if (returns) line_.pop_back();
    if (returns || !line_.empty() || inside_line_) take_line(out, returns ? "\r" : "");
    out += held_end_;
    held_end_.clear();
  }

  /// Cuts the quote marks and the stuffed blank (RFC 3676 4.4, 4.5) off a line, returns its depth.
  static std::size_t take_marks(std::string_view& line) {
    const std::size_t depth = std::min(line.find_first_not_of('>'), line.size());
    line.remove_prefix(depth);
    if (line.starts_with(' ')) line.remove_prefix(1);
    return depth;
  }

  /// The beginning of a line, or of what was left of it: joins it to the paragraph, or begins one.
  std::string_view begin_line(std::string& out) {
    std::string_view line = line_;
    if (inside_line_) return line;
    const std::size_t depth = take_marks(line);
    if (!open_ || depth != depth_ || line == signature_mark) {
      out += held_end_;
      out.append(depth, '>');
      if (depth > 0 && !line.empty()) out += ' ';
    }
    held_end_.clear();
    depth_ = depth;
    return line;
  }

  /// Passes on all but the last character, which may be the blank that keeps the paragraph open.
  void take_piece(std::string& out) {
    std::string_view line = begin_line(out);
    const std::string last(line.substr(line.size() - std::min<std::size_t>(line.size(), 1)));
    line.remove_suffix(last.size());
    out += line;
    inside_line_ = true;
    line_ = last;
  }

  void take_line(std::string& out, std::string_view line_end) {
    std::string_view line = begin_line(out);
    open_ = line.ends_with(' ') && line != signature_mark;
    if (open_ && delete_space_) line.remove_suffix(1);
    out += line;
    if (open_)
      held_end_ = line_end;
    else
      out += line_end;
    inside_line_ = false;
    line_.clear();
  }

  bool delete_space_;
  std::string line_;
  bool inside_line_ = false;  ///< the line's beginning has been passed on
  bool open_ = false;         ///< the paragraph goes on with the next line
  std::size_t depth_ = 0;
  std::string held_end_;  ///< the line end of a paragraph that was to go on
};

}  // namespace

std::unique_ptr<Step> unflow(bool delete_space) { return std::make_unique<Unflow>(delete_space); }

}  // namespace mapistore::mime
