#include "mountd/verb.h"

#include <CLI/CLI.hpp>

namespace mapistore::ctl {

Verb Verb::verb(const std::string& name, const std::string& what) {
  return {*parser_->add_subcommand(name, what), *chosen_};
}

Verb Verb::group(const std::string& name, const std::string& what) {
  Verb made = verb(name, what);
  made.parser_->require_subcommand(1);
  return made;
}

void Verb::does(Action action) {
  parser_->callback([action = std::move(action), chosen = chosen_] { *chosen = action; });
}

void Verb::argument(const std::string& name, std::string& into, const std::string& what) {
  parser_->add_option(name, into, what)->required();
}

void Verb::optional_argument(const std::string& name, std::string& into, const std::string& what) {
  parser_->add_option(name, into, what);
}

void Verb::optional_arguments(const std::string& name, std::vector<std::string>& into, const std::string& what) {
  parser_->add_option(name, into, what);
}

void Verb::flag(const std::string& names, bool& into, const std::string& what, const std::string& excluded) {
  CLI::Option* flag = parser_->add_flag(names, into, what);
  if (!excluded.empty()) flag->excludes(parser_->get_option(excluded));
}

void Verb::option(const std::string& names, std::string& into, const std::string& what) {
  parser_->add_option(names, into, what);
}

void Verb::option_of(const std::string& names, std::string& into, const std::vector<std::string>& choices,
                     const std::string& what) {
  parser_->add_option(names, into, what)->check(CLI::IsMember(choices));
}

void Verb::options(const std::string& names, std::vector<std::string>& into, const std::string& what) {
  parser_->add_option(names, into, what)->allow_extra_args(false);
}

void Verb::count(const std::string& names, unsigned& into, const std::string& what) {
  parser_->add_option(names, into, what);
}

void Verb::seconds(const std::string& names, double& into, double least, double most, const std::string& what) {
  parser_->add_option(names, into, what)->check(CLI::Range(least, most));
}

}  // namespace mapistore::ctl
