#include "mountd/commands/commands.h"

namespace mapistore::ctl::commands {

namespace {

Result<int> list(Environment& environment) {
  const Registry* backends = MAPISTORE_TRY(environment.backends());
  std::string text = backends->to_text();
  if (!text.ends_with('\n')) text += '\n';
  environment.output.result(parse_json(backends->to_json()), text);
  return 0;
}

}  // namespace

void backend(Verb& program) {
  Verb verb = program.group("backend", "the kinds of media that stores can be on");
  verb.verb("list", "list the backends found, and those refused with the reason").does(list);
}

}  // namespace mapistore::ctl::commands
