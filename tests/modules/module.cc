// One source for all modules of CMakeLists.txt; a case defines what is odd about it.

#include <mapistore/plugin.h>

#include <cstdlib>
#include <fstream>

#ifndef CASE_MAGIC
#define CASE_MAGIC module_magic
#endif
#ifndef CASE_MAJOR
#define CASE_MAJOR module_abi_major
#endif
#ifndef CASE_MINOR
#define CASE_MINOR module_abi_minor
#endif
#ifndef LABEL_MINOR
#define LABEL_MINOR CASE_MINOR
#endif
#ifndef CASE_TOOLCHAIN
#define CASE_TOOLCHAIN MAPISTORE_TOOLCHAIN
#endif
#ifndef CASE_CREATE
#define CASE_CREATE create_backend
#endif
#ifndef CASE_NAMESPACE
#define CASE_NAMESPACE "tested"
#endif

namespace mapistore {

#ifdef WITH_UNDEFINED_SYMBOL
// NOLINTNEXTLINE(misc-use-internal-linkage): the loader is to look for it in vain
void defined_nowhere();
#endif

namespace {

class TestedBackend : public Backend {
 public:
  std::vector<std::string> namespaces() const override { return {CASE_NAMESPACE}; }
  std::vector<std::string> option_names() const override { return {"colour"}; }
  Result<std::unique_ptr<Context>> open(const Call&, const ContextUri& uri, const ContextOptions&) override {
    return fail(Errc::unsupported, uri.to_string(), "for tests of the loader only");
  }
};

[[gnu::constructor]] void leave_marker() {
  if (const char* path = std::getenv("MAPISTORE_TEST_MARKER")) std::ofstream(path) << CASE_NAME;
#ifdef WITH_UNDEFINED_SYMBOL
  defined_nowhere();
#endif
}

[[maybe_unused]] std::unique_ptr<Backend> create_backend(Host&, Result<>&) noexcept {
  return std::make_unique<TestedBackend>();
}

[[maybe_unused]] std::unique_ptr<Backend> create_nothing(Host&, Result<>&) noexcept { return nullptr; }

[[maybe_unused]] std::unique_ptr<Backend> create_failure(Host&, Result<>& why_not) noexcept {
  why_not = fail(Errc::not_found, "the medium", "out of paper", "insert paper");
  return nullptr;
}

#ifndef WITHOUT_LABEL
[[gnu::used, gnu::section(".mapistore")]] const ModuleLabel label = {CASE_MAGIC, CASE_MAJOR, LABEL_MINOR,
                                                                      CASE_TOOLCHAIN, CASE_NAME};
#endif

}  // namespace
}  // namespace mapistore

#ifndef WITHOUT_SYMBOL
using namespace mapistore;
extern "C" MAPISTORE_API const BackendModule mapistore_backend_module;
const BackendModule mapistore_backend_module = {CASE_MAGIC, CASE_MAJOR, CASE_MINOR, CASE_TOOLCHAIN,
                                                CASE_NAME,  "1.0",      CASE_CREATE};
#endif
