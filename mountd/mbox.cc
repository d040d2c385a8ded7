#include "mountd/mbox.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <memory>
#include <vector>

#include <mapistore/posix.h>

namespace mapistore::ctl::mbox {

namespace {

namespace files = std::filesystem;

using Stream = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

Stream open_stream(const files::path& file, const char* mode) { return {std::fopen(file.c_str(), mode), std::fclose}; }

/// The next line with its end, empty at the end of the file; any bytes.
class Lines {
 public:
  explicit Lines(std::FILE* stream) : stream_{stream} {}
  ~Lines() { std::free(line_); }
  Lines(const Lines&) = delete;

  std::string_view next() {
    const ssize_t length = ::getline(&line_, &size_, stream_);
    return length < 0 ? std::string_view{} : std::string_view{line_, static_cast<std::size_t>(length)};
  }

 private:
  std::FILE* stream_;
  char* line_ = nullptr;
  std::size_t size_ = 0;
};

bool is_separator(std::string_view line) { return line.starts_with("From "); }

/// ">From ", ">>From " and so on: what was quoted, or has to be once more.
bool is_quoted(std::string_view line) {
  const std::size_t text = line.find_first_not_of('>');
  return text != std::string_view::npos && text > 0 && is_separator(line.substr(text));
}

/// The time at the end of a separator, in UTC; none if it tells none.
std::optional<std::time_t> time_of(std::string_view separator) {
  const std::size_t sender_end = separator.find(' ', 5);
  if (sender_end == std::string_view::npos) return std::nullopt;
  const std::string text{separator.substr(sender_end + 1)};
  std::tm parts{};
  if (::strptime(text.c_str() + text.find_first_not_of(' '), "%a %b %d %H:%M:%S %Y", &parts) == nullptr)
    return std::nullopt;
  return ::timegm(&parts);
}

/// Ends a message file: an mbox has one empty line behind each message.
Result<> finish(Stream& message, const files::path& file, bool ends_empty, std::size_t last,
                std::optional<std::time_t> time) {
  bool done = std::fflush(message.get()) == 0;
  const long end = std::ftell(message.get());
  if (done && ends_empty && end >= static_cast<long>(last))
    done = ::ftruncate(::fileno(message.get()), end - static_cast<long>(last)) == 0;
  if (done && time) {
    const std::array<timespec, 2> times{timespec{*time, 0}, timespec{*time, 0}};
    ::futimens(::fileno(message.get()), times.data());
  }
  message.reset();
  return done ? Result<>{} : std::unexpected(system_error(errno, file.native()));
}

Result<> append(std::FILE* to, const files::path& from, std::time_t time) {
  const Stream in = open_stream(from, "rb");
  if (!in) return std::unexpected(system_error(errno, from.native()));
  std::tm parts{};
  std::array<char, 64> text{};
  ::gmtime_r(&time, &parts);
  std::strftime(text.data(), text.size(), "From MAILER-DAEMON %a %b %e %H:%M:%S %Y\n", &parts);
  std::fputs(text.data(), to);
  Lines lines{in.get()};
  bool complete = true;
  for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
    if (is_separator(line) || is_quoted(line)) std::fputc('>', to);
    std::fwrite(line.data(), 1, line.size(), to);
    complete = line.ends_with('\n');
  }
  std::fputs(complete ? "\n" : "\n\n", to);
  return std::ferror(to) == 0 ? Result<>{} : std::unexpected(system_error(EIO, from.native()));
}

}  // namespace

Result<std::uint64_t> split(const files::path& file, const files::path& directory) {
  const Stream in = open_stream(file, "rb");
  if (!in) return std::unexpected(system_error(errno, file.native()));
  Lines lines{in.get()};
  Stream message{nullptr, std::fclose};
  files::path name;
  std::uint64_t count = 0;
  bool after_empty = true;
  std::size_t empty_length = 0;
  std::optional<std::time_t> time;
  for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
    if (after_empty && is_separator(line)) {
      if (message) MAPISTORE_CHECK(finish(message, name, true, empty_length, time));
      time = time_of(line);
      name = directory / (std::to_string(++count) + ".eml");
      message = open_stream(name, "wbx");
      if (!message) return std::unexpected(system_error(errno, name.native()));
      after_empty = false;
      continue;
    }
    if (!message)
      return fail(Errc::invalid_content, file.native(), "does not begin with a \"From \" line", "it is no mbox file");
    after_empty = line == "\n" || line == "\r\n";
    empty_length = line.size();
    const std::string_view text = is_quoted(line) ? line.substr(1) : line;
    if (std::fwrite(text.data(), 1, text.size(), message.get()) != text.size())
      return std::unexpected(system_error(errno, name.native()));
  }
  if (message) MAPISTORE_CHECK(finish(message, name, after_empty, empty_length, time));
  return count;
}

Result<std::uint64_t> join(const files::path& directory, const files::path& file) {
  std::vector<std::pair<std::time_t, files::path>> messages;
  std::error_code error;
  for (files::recursive_directory_iterator at{directory, error}, end; !error && at != end; at.increment(error)) {
    struct stat facts {};
    if (at->path().extension() == ".eml" && ::stat(at->path().c_str(), &facts) == 0)
      messages.emplace_back(facts.st_mtime, at->path());
  }
  if (error) return std::unexpected(system_error(error.value(), directory.native()));
  std::ranges::sort(messages);
  const Stream out = open_stream(file, "wbx");
  if (!out) return std::unexpected(system_error(errno, file.native()));
  for (const auto& [time, message] : messages) MAPISTORE_CHECK(append(out.get(), message, time));
  if (std::fflush(out.get()) != 0 || ::fsync(::fileno(out.get())) != 0)
    return std::unexpected(system_error(errno, file.native()));
  return messages.size();
}

}  // namespace mapistore::ctl::mbox
