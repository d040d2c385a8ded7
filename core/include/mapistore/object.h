#pragma once

#include <algorithm>
#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include <mapistore/export.h>

namespace mapistore {

/// The store's identifier of a folder or message: unique in the store, never reused, given by the core.
/// Below 2^40, so that it fits an inode number beside a face and a part. Zero: none.
struct Fmid {
  std::uint64_t value = 0;

  explicit operator bool() const noexcept { return value != 0; }
  friend constexpr auto operator<=>(Fmid, Fmid) noexcept = default;
};

/// A backend's own name of an object inside its parent folder: a UID, an href, a row id, a file name.
/// Opaque bytes to everyone else. Stable as long as the object stays in its folder.
struct Key {
  std::string bytes;

  friend auto operator<=>(const Key&, const Key&) = default;
};

/// A folder inside its context: keys from the root down. Empty: the root folder.
using FolderPath = std::vector<Key>;

/// Whether `path` is `ancestor` or below it.
inline bool is_within(const FolderPath& path, const FolderPath& ancestor) {
  return path.size() >= ancestor.size() && std::equal(ancestor.begin(), ancestor.end(), path.begin());
}

/// The folder that holds `folder`, which is not the root.
inline FolderPath parent_of(const FolderPath& folder) { return {folder.begin(), folder.end() - 1}; }

/// A backend's validator, compared for equality only: an ETag, a MODSEQ, a modification time and size.
/// Empty where the thing it guards never changes.
struct ChangeKey {
  std::string bytes;

  friend auto operator<=>(const ChangeKey&, const ChangeKey&) = default;
};

/// How far a listing has come, for its backend to resume from. Empty: from the beginning.
struct Cursor {
  std::string bytes;

  friend auto operator<=>(const Cursor&, const Cursor&) = default;
};

/// The store's counter of changes. Grows with every change of any object; never reused.
struct ChangeNumber {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(ChangeNumber, ChangeNumber) noexcept = default;
};

/// Wall-clock time in nanoseconds since 1970-01-01T00:00:00Z.
using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

/// What a top folder or folder is for (MS-OXOSFLD 2.2.2).
enum class Role : std::uint8_t {
  none = 0, mail, drafts, sent, outbox, trash, calendar, contacts, tasks, notes, journal, fallback,
};

}  // namespace mapistore
