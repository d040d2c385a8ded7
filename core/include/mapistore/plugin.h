#pragma once

#include <cstdint>
#include <memory>

#include <mapistore/backend.h>
#include <mapistore/host.h>

namespace mapistore {

/// First field of every module: "MAPS".
inline constexpr std::uint32_t module_magic = 0x5350414du;
/// Raised when an SDK type or vtable changes shape, be it that it grows: a module copies what it was built to know.
/// tests/unit/core/abi_test.cc has the shapes.
inline constexpr std::uint16_t module_abi_major = 4;
/// Raised when the SDK only grows.
inline constexpr std::uint16_t module_abi_minor = 0;

#define MAPISTORE_STRINGIFY_(x) #x
#define MAPISTORE_STRINGIFY(x) MAPISTORE_STRINGIFY_(x)
/// What must be equal on both sides for C++ objects to cross: the standard library's release and string ABI.
#define MAPISTORE_TOOLCHAIN \
  "libstdc++-" MAPISTORE_STRINGIFY(_GLIBCXX_RELEASE) "-cxx11abi" MAPISTORE_STRINGIFY(_GLIBCXX_USE_CXX11_ABI)

/// What a module says about itself in its ELF section `.mapistore`. The loader reads it from the file, so that none of
/// a refused module's code runs, not even its constructors. Texts end with a NUL.
struct ModuleLabel {
  std::uint32_t magic;
  std::uint16_t abi_major;  ///< must equal ours
  std::uint16_t abi_minor;  ///< must not exceed ours
  char toolchain[56];       ///< must equal ours
  char name[64];
};

/// The only symbol a backend exports, named `mapistore_backend_module`: plain data, checked before `create` is called.
/// What the label also says must be the same here.
struct BackendModule {
  std::uint32_t magic;
  std::uint16_t abi_major;
  std::uint16_t abi_minor;
  const char* toolchain;
  const char* name;
  const char* version;
  /// Null on failure, with the reason in `why_not`. `host` outlives the backend.
  std::unique_ptr<Backend> (*create)(Host& host, Result<>& why_not) noexcept;
};

}  // namespace mapistore

/// Defines the module's one exported symbol and its label. `create_function` as in BackendModule.
#define MAPISTORE_BACKEND(module_name, module_version, create_function)                                             \
  [[gnu::used, gnu::section(".mapistore")]] static const ::mapistore::ModuleLabel mapistore_module_label = {        \
      ::mapistore::module_magic, ::mapistore::module_abi_major, ::mapistore::module_abi_minor, MAPISTORE_TOOLCHAIN, \
      module_name};                                                                                                 \
  extern "C" MAPISTORE_API const ::mapistore::BackendModule mapistore_backend_module;                               \
  const ::mapistore::BackendModule mapistore_backend_module = {                                                     \
      ::mapistore::module_magic, ::mapistore::module_abi_major, ::mapistore::module_abi_minor, MAPISTORE_TOOLCHAIN, \
      module_name, module_version, create_function}
