#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <mapistore/export.h>
#include <mapistore/result.h>

namespace CLI {
class App;
}

namespace mapistore {

/// How a command line, or a verb of it, is written: a handle to what the parser has of it, for as long as that lives.
/// What is read goes into variables of the caller, which live as long. The parser itself is seen by no file but one, as
/// its templates cost each that sees them seconds of the build.
class MAPISTORE_API Arguments {
 public:
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
  void number(const std::string& names, int& into, int least, int most, const std::string& what);
  void seconds(const std::string& names, double& into, double least, double most, const std::string& what);

  /// A verb, with arguments of its own; `given` is called when it is the one on the command line.
  Arguments verb(const std::string& name, const std::string& what);
  void on_given(std::function<void()> given);
  /// It means nothing without one of its verbs.
  void need_verb();

 protected:
  explicit Arguments(CLI::App& parser) : parser_{&parser} {}

 private:
  friend class ArgumentParser;
  CLI::App* parser_;
};

/// The command line of a program.
class MAPISTORE_API ArgumentParser : public Arguments {
 public:
  /// `name` is how the program is called, `what` says what it does.
  ArgumentParser(const std::string& name, const std::string& what);
  ArgumentParser(const ArgumentParser&) = delete;
  ~ArgumentParser();

  /// The program describes --help itself.
  void own_help();
  /// The program's options may stand behind a verb.
  void options_anywhere();

  /// Reads `arguments`, the program's name first. An exit code if help was asked for, and has been printed.
  /// Errc::invalid_argument says what is wrong.
  Result<std::optional<int>> parse(std::span<char* const> arguments);
  /// The text of --help.
  std::string help() const;

 private:
  explicit ArgumentParser(std::unique_ptr<CLI::App> parser);

  std::unique_ptr<CLI::App> owned_;
};

}  // namespace mapistore
