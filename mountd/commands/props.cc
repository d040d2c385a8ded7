#include <sys/stat.h>
#include <sys/xattr.h>

#include <cerrno>

#include "mountd/commands/commands.h"
#include "mountd/file_text.h"

namespace mapistore::ctl::commands {

namespace {

constexpr std::string_view prefix = "user.mapi.";

struct PropsOptions {
  std::string path, name, value;
};

std::string attribute_of(const std::string& name) {
  return name.starts_with(prefix) ? name : std::string(prefix) + name;
}

/// What a failed call on an attribute means for who wrote its name.
Error failure(const PropsOptions& arguments) {
  Error error = system_error(errno, arguments.path);
  if (errno == ENODATA)
    error = {Errc::no_data, arguments.name, "is not set, or no property", "see mapistore-properties(7)"};
  if (errno == EOPNOTSUPP)
    error = {Errc::unsupported, arguments.path, "has no properties", "name a message in a mount"};
  return error;
}

Result<int> get(Environment& environment, const PropsOptions& arguments) {
  const std::string name = attribute_of(arguments.name);
  std::string value(65536, '\0');
  const ssize_t size = ::lgetxattr(arguments.path.c_str(), name.c_str(), value.data(), value.size());
  if (size < 0) return std::unexpected(failure(arguments));
  value.resize(static_cast<std::size_t>(size));
  environment.output.result({{"path", arguments.path}, {"name", arguments.name}, {"value", value}}, value + "\n");
  return 0;
}

Result<int> set(Environment& environment, const PropsOptions& arguments) {
  const std::string name = attribute_of(arguments.name);
  if (!environment.dry_run &&
      ::lsetxattr(arguments.path.c_str(), name.c_str(), arguments.value.data(), arguments.value.size(), 0) != 0)
    return std::unexpected(failure(arguments));
  environment.output.result({{"path", arguments.path}, {"name", arguments.name}, {"dry_run", environment.dry_run}}, "");
  return 0;
}

Result<int> list(Environment& environment, const PropsOptions& arguments) {
  struct stat facts {};
  if (::lstat(arguments.path.c_str(), &facts) != 0) return std::unexpected(system_error(errno, arguments.path));
  const auto text = read_file(arguments.path + ".mapi.json");
  if (!text) return fail(Errc::unsupported, arguments.path, "has no properties", "name a message in a mount");
  environment.output.result(parse_json(*text), *text);
  return 0;
}

}  // namespace

void props(Verb& program) {
  const auto arguments = std::make_shared<PropsOptions>();
  Verb verb = program.group("props", "the properties of a message in a mount");
  Verb getting = verb.verb("get", "write the value of one");
  Verb setting = verb.verb("set", "give one a value");
  Verb listing = verb.verb("list", "write all, as the property file has them");
  for (Verb sub : {getting, setting, listing}) sub.argument("path", arguments->path, "the message");
  for (Verb sub : {getting, setting})
    sub.argument("name", arguments->name, "the property, as of mapistore-properties(7)");
  setting.argument("value", arguments->value, "the value");
  getting.does(arguments, get);
  setting.does(arguments, set);
  listing.does(arguments, list);
}

}  // namespace mapistore::ctl::commands
