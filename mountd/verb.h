#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mapistore/result.h"

namespace CLI {
class App;
}

namespace mapistore::ctl {

class Environment;

/// What a verb does once the command line is understood. Answers the exit code (sysexits.h), 0 when all went well; an
/// error is told, and its own exit code is the program's.
using Action = std::function<Result<int>(Environment&)>;

/// How a verb is written on the command line: a handle to what the parser has of it, for as long as that lives. What is
/// read goes into variables of the caller, which live as long; options that share one object keep it by does(). The
/// parser is seen by no file but two, as its templates cost each that sees them seconds of the build.
class Verb {
 public:
  /// The whole command line; the verb that is given puts its action into `chosen`.
  Verb(CLI::App& parser, Action& chosen) : parser_{&parser}, chosen_{&chosen} {}

  Verb verb(const std::string& name, const std::string& what);
  /// A verb that means nothing without one of those below it.
  Verb group(const std::string& name, const std::string& what);

  void does(Action action);
  template <typename Options>
  void does(const std::shared_ptr<Options>& options, Result<int> (*run)(Environment&, const Options&)) {
    does([options, run](Environment& environment) { return run(environment, *options); });
  }

  /// A word that must be given, after those described before.
  void argument(const std::string& name, std::string& into, const std::string& what);
  void optional_argument(const std::string& name, std::string& into, const std::string& what);
  void optional_arguments(const std::string& name, std::vector<std::string>& into, const std::string& what);

  /// `excluded`: the flag, described before, that cannot be given along.
  void flag(const std::string& names, bool& into, const std::string& what, const std::string& excluded = {});
  void option(const std::string& names, std::string& into, const std::string& what);
  void option_of(const std::string& names, std::string& into, const std::vector<std::string>& choices,
                 const std::string& what);
  /// One that may be repeated, with one value each time.
  void options(const std::string& names, std::vector<std::string>& into, const std::string& what);
  void count(const std::string& names, unsigned& into, const std::string& what);
  void seconds(const std::string& names, double& into, double least, double most, const std::string& what);

 private:
  CLI::App* parser_;
  Action* chosen_;
};

}  // namespace mapistore::ctl
