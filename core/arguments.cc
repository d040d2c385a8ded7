#include "core/arguments.h"

#include <CLI/CLI.hpp>

namespace mapistore {

void Arguments::argument(const std::string& name, std::string& into, const std::string& what) {
  parser_->add_option(name, into, what)->required();
}

void Arguments::optional_argument(const std::string& name, std::string& into, const std::string& what) {
  parser_->add_option(name, into, what);
}

void Arguments::optional_arguments(const std::string& name, std::vector<std::string>& into, const std::string& what) {
  parser_->add_option(name, into, what);
}

void Arguments::flag(const std::string& names, bool& into, const std::string& what, const std::string& excluded) {
  CLI::Option* flag = parser_->add_flag(names, into, what);
  if (!excluded.empty()) flag->excludes(parser_->get_option(excluded));
}

void Arguments::option(const std::string& names, std::string& into, const std::string& what) {
  parser_->add_option(names, into, what);
}

void Arguments::option_of(const std::string& names, std::string& into, const std::vector<std::string>& choices,
                          const std::string& what) {
  parser_->add_option(names, into, what)->check(CLI::IsMember(choices));
}

void Arguments::options(const std::string& names, std::vector<std::string>& into, const std::string& what) {
  parser_->add_option(names, into, what)->allow_extra_args(false);
}

void Arguments::count(const std::string& names, unsigned& into, const std::string& what) {
  parser_->add_option(names, into, what);
}

void Arguments::number(const std::string& names, int& into, int least, int most, const std::string& what) {
  parser_->add_option(names, into, what)->check(CLI::Range(least, most));
}

void Arguments::seconds(const std::string& names, double& into, double least, double most, const std::string& what) {
  parser_->add_option(names, into, what)->check(CLI::Range(least, most));
}

Arguments Arguments::verb(const std::string& name, const std::string& what) {
  return Arguments{*parser_->add_subcommand(name, what)};
}

void Arguments::on_given(std::function<void()> given) { parser_->callback(std::move(given)); }

void Arguments::need_verb() { parser_->require_subcommand(1); }

ArgumentParser::ArgumentParser(const std::string& name, const std::string& what)
    : ArgumentParser{std::make_unique<CLI::App>(what, name)} {}

ArgumentParser::ArgumentParser(std::unique_ptr<CLI::App> parser) : Arguments{*parser}, owned_{std::move(parser)} {}

ArgumentParser::~ArgumentParser() = default;

void ArgumentParser::own_help() { owned_->set_help_flag(); }

void ArgumentParser::options_anywhere() { owned_->fallthrough(); }

Result<std::optional<int>> ArgumentParser::parse(std::span<char* const> arguments) {
  try {
    owned_->parse(static_cast<int>(arguments.size()), const_cast<char**>(arguments.data()));
  } catch (const CLI::Success& asked) {
    return owned_->exit(asked);
  } catch (const CLI::ParseError& error) {
    return fail(Errc::invalid_argument, "arguments", error.what(), "see " + owned_->get_name() + " --help");
  }
  return std::nullopt;
}

std::string ArgumentParser::help() const { return owned_->help(); }

}  // namespace mapistore
