#include <sysexits.h>

#include "mountd/commands/commands.h"
#include "mountd/folder_copy.h"

namespace mapistore::ctl::commands {

namespace {

struct CopyOptions {
  std::string from, to;
};

Result<int> transfer(Environment& environment, const CopyOptions& arguments, bool move) {
  const Location from = MAPISTORE_TRY(read_location(environment, arguments.from));
  const Location to = MAPISTORE_TRY(read_location(environment, arguments.to));
  const Copied counts = MAPISTORE_TRY(copy_folder(environment, from, to, move));
  Json result{{"from", from.text},         {"to", to.text},         {"expected", counts.expected},
              {"written", counts.written}, {"there", counts.there}, {"failed", counts.failed}};
  if (move) result["removed"] = counts.removed;
  if (environment.dry_run) result["dry_run"] = true;
  std::string text = environment.dry_run
                         ? counted(counts.expected, "message") + " would be " + (move ? "moved" : "copied")
                         : counted(counts.expected, "message") + ": " + std::to_string(counts.written) + " written, " +
                               std::to_string(counts.there) + " there already, " + std::to_string(counts.failed) +
                               " failed";
  if (move && !environment.dry_run) text += "; " + std::to_string(counts.removed) + " removed where they were";
  environment.output.result(result, text + "\n");
  return counts.failed > 0 ? EX_IOERR : 0;
}

void describe(Verb verb, bool move) {
  const auto arguments = std::make_shared<CopyOptions>();
  verb.argument("from", arguments->from, "a URI, PROFILE:TOPFOLDER/path, or a path inside a mount");
  verb.argument("to", arguments->to, "the same");
  verb.does([arguments, move](Environment& environment) { return transfer(environment, *arguments, move); });
}

}  // namespace

void copy(Verb& program) {
  describe(program.verb("copy", "copy a folder with all below it to another medium; again: what has come since"),
           false);
}

void move(Verb& program) { describe(program.verb("move", "the same, and remove where it was what has arrived"), true); }

}  // namespace mapistore::ctl::commands
