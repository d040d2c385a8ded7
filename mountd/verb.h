#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/arguments.h"

namespace mapistore::ctl {

class Environment;

/// What a verb does once the command line is understood. Answers the exit code (sysexits.h), 0 when all went well; an
/// error is told, and its own exit code is the program's.
using Action = std::function<Result<int>(Environment&)>;

/// A verb of mapistorectl: its arguments, and what it does. Options that share one object keep it by does().
class Verb : public Arguments {
 public:
  /// The verb that is given puts its action into `chosen`.
  Verb(const Arguments& arguments, Action& chosen) : Arguments{arguments}, chosen_{&chosen} {}

  Verb verb(const std::string& name, const std::string& what) { return {Arguments::verb(name, what), *chosen_}; }
  /// A verb that means nothing without one of those below it.
  Verb group(const std::string& name, const std::string& what) {
    Verb made = verb(name, what);
    made.need_verb();
    return made;
  }

  void does(Action action) {
    on_given([action = std::move(action), chosen = chosen_] { *chosen = action; });
  }
  template <typename Options>
  void does(const std::shared_ptr<Options>& options, Result<int> (*run)(Environment&, const Options&)) {
    does([options, run](Environment& environment) { return run(environment, *options); });
  }

 private:
  Action* chosen_;
};

}  // namespace mapistore::ctl
