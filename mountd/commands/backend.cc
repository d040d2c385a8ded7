#include "mountd/commands/commands.h"

namespace mapistore::ctl::commands {

namespace {

Result<int> list(Environment& environment) {
  const Registry* backends = MAPISTORE_TRY(environment.backends());
  std::string text = backends->to_text();
  if (!text.ends_with('\n')) text += '\n';
  environment.output.result(nlohmann::json::parse(backends->to_json()), text);
  return 0;
}

}  // namespace

void backend(CLI::App& app, Action& chosen) {
  CLI::App* verb = app.add_subcommand("backend", "the kinds of media that stores can be on")->require_subcommand(1);
  verb->add_subcommand("list", "list the backends found, and those refused with the reason")->callback([&chosen] {
    chosen = list;
  });
}

}  // namespace mapistore::ctl::commands
