#include "core/module_label.h"

#include <mapistore/posix.h>

#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

/// The header of libmapistore itself, put here by the linker: what it says of the machine is right.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): the linker's own name
extern "C" [[gnu::visibility("hidden")]] const ElfW(Ehdr) __ehdr_start;

namespace mapistore {
namespace {

using Header = ElfW(Ehdr);
using Section = ElfW(Shdr);
using Symbol = ElfW(Sym);

constexpr std::string_view label_section = ".mapistore";
constexpr std::string_view entry_symbol = "mapistore_backend_module";

/// An ELF file, read piece by piece and never beyond its end.
class ElfFile {
 public:
  static Result<ElfFile> open(const std::filesystem::path& file);

  Result<ModuleLabel> label() const;
  Result<bool> exports_entry() const;

 private:
  ElfFile(posix::UniqueFd descriptor, std::uint64_t size, std::string path)
      : descriptor_(std::move(descriptor)), size_(size), path_(std::move(path)) {}

  std::unexpected<Error> refuse(std::string_view what) const { return fail(Errc::incompatible, path_, what); }
  Result<> read(std::uint64_t offset, void* into, std::size_t count) const;
  template <class Record>
  Result<std::vector<Record>> records(std::uint64_t offset, std::uint64_t bytes) const;
  Result<> read_header();
  /// The bytes of the NUL-terminated texts that `section` holds.
  Result<std::vector<char>> texts(const Section& section) const {
    return records<char>(section.sh_offset, section.sh_size);
  }

  posix::UniqueFd descriptor_;
  std::uint64_t size_;
  std::string path_;
  std::vector<Section> sections_;
  std::vector<char> section_names_;
};

/// The text at `offset` of a string table; empty if it lies outside.
std::string_view text_at(const std::vector<char>& table, std::size_t offset) {
  if (offset >= table.size()) return {};
  return {table.data() + offset, ::strnlen(table.data() + offset, table.size() - offset)};
}

Result<> ElfFile::read(std::uint64_t offset, void* into, std::size_t count) const {
  if (offset > size_ || count > size_ - offset) return refuse("cut short: not a complete ELF file");
  const ssize_t got = ::pread(descriptor_.get(), into, count, static_cast<off_t>(offset));
  if (got < 0) return std::unexpected(system_error(errno, path_));
  if (static_cast<std::size_t>(got) != count) return refuse("cut short while it was read");
  return {};
}

template <class Record>
Result<std::vector<Record>> ElfFile::records(std::uint64_t offset, std::uint64_t bytes) const {
  if (bytes > size_) return refuse("cut short: not a complete ELF file");
  std::vector<Record> out(bytes / sizeof(Record));
  MAPISTORE_CHECK(read(offset, out.data(), out.size() * sizeof(Record)));
  return out;
}

Result<ElfFile> ElfFile::open(const std::filesystem::path& file) {
  posix::UniqueFd descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status{};
  if (!descriptor || ::fstat(descriptor.get(), &status) != 0)
    return std::unexpected(system_error(errno, file.string()));
  ElfFile opened(std::move(descriptor), static_cast<std::uint64_t>(status.st_size), file.string());
  MAPISTORE_CHECK(opened.read_header());
  return opened;
}

Result<> ElfFile::read_header() {
  if (size_ == 0) return refuse("is empty");
  Header header{};
  if (size_ < SELFMAG || !read(0, header.e_ident, SELFMAG) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return refuse("not an ELF file");
  MAPISTORE_CHECK(read(0, &header, sizeof header));
  const Header& ours = __ehdr_start;
  if (header.e_ident[EI_CLASS] != ours.e_ident[EI_CLASS] || header.e_ident[EI_DATA] != ours.e_ident[EI_DATA])
    return refuse("built for another word size or byte order");
  if (header.e_machine != ours.e_machine) return refuse("built for another machine");
  if (header.e_type != ET_DYN || header.e_shentsize != sizeof(Section)) return refuse("not a shared object");
  sections_ = MAPISTORE_TRY(records<Section>(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Section)));
  if (header.e_shstrndx >= sections_.size()) return refuse("its sections have no names");
  section_names_ = MAPISTORE_TRY(texts(sections_[header.e_shstrndx]));
  return {};
}

Result<ModuleLabel> ElfFile::label() const {
  for (const Section& section : sections_) {
    if (section.sh_type != SHT_PROGBITS || text_at(section_names_, section.sh_name) != label_section) continue;
    if (section.sh_size < sizeof(ModuleLabel)) break;
    ModuleLabel label{};
    MAPISTORE_CHECK(read(section.sh_offset, &label, sizeof label));
    label.toolchain[sizeof label.toolchain - 1] = '\0';
    label.name[sizeof label.name - 1] = '\0';
    return label;
  }
  return refuse("not a mapistore backend: it has no section .mapistore");
}

Result<bool> ElfFile::exports_entry() const {
  for (const Section& section : sections_) {
    if (section.sh_type != SHT_DYNSYM || section.sh_link >= sections_.size()) continue;
    const auto names = MAPISTORE_TRY(texts(sections_[section.sh_link]));
    for (const Symbol& symbol : MAPISTORE_TRY(records<Symbol>(section.sh_offset, section.sh_size)))
      if (symbol.st_shndx != SHN_UNDEF && text_at(names, symbol.st_name) == entry_symbol) return true;
  }
  return false;
}

}  // namespace

Result<ModuleLabel> read_module_label(const std::filesystem::path& file) {
  const ElfFile elf = MAPISTORE_TRY(ElfFile::open(file));
  const ModuleLabel label = MAPISTORE_TRY(elf.label());
  if (!MAPISTORE_TRY(elf.exports_entry()))
    return fail(Errc::incompatible, file.string(), "does not export mapistore_backend_module");
  return label;
}

}  // namespace mapistore
