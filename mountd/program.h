#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mapistore::ctl {

/// Runs a program, looked up in PATH, with nothing on standard input; answers its exit code, or -1.
int run_program(const std::vector<std::string>& words);

/// The program `name` beside this one, in the build tree's `built_in`, or as PATH has it.
std::filesystem::path program_beside(std::string_view name, std::string_view built_in);

}  // namespace mapistore::ctl
