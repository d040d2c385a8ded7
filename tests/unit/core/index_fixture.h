#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "core/index_writer.h"
#include "tests/unit/core/scratch.h"

namespace mapistore::testing {

template <class T>
Errc code(const Result<T>& result) {
  return result ? Errc{0} : result.error().code;
}

/// A message as a medium would list it; `name` empty: the core names it.
inline Entry entry(std::string key, std::string subject, std::string name = {}) {
  Entry made;
  made.key = {std::move(key)};
  made.change = {"1"};
  made.identity = "id-" + made.key.bytes;
  made.name = std::move(name);
  made.size = 7;
  made.received = Time{std::chrono::seconds{1'700'000'000}};
  made.summary.message_id = subject + "@example.org";
  made.summary.from = "anna@example.org";
  made.summary.subject = std::move(subject);
  made.summary.date = made.received;
  return made;
}

inline FolderEntry folder_entry(std::string key) {
  FolderEntry made;
  made.identity = "id-" + key;
  made.display_name = key;
  made.key = {std::move(key)};
  return made;
}

/// An index with one context, and short forms of what tests do to it.
struct OneIndex {
  OneIndex() : OneIndex(std::filesystem::path{}) {}
  explicit OneIndex(const std::filesystem::path& where) : directory{where.empty() ? scratch.path() : where} {
    auto opened = Index::open(directory);
    if (!opened) throw std::runtime_error(opened.error().to_string());
    moved_aside = opened->moved_aside;
    alone = opened->alone;
    index = std::move(opened->index);
    auto writer = write();
    row = writer->context("memory://one").value();
    if (!writer->commit()) throw std::runtime_error("commit");
  }

  std::unique_ptr<IndexWriter> write() const { return IndexWriter::begin(*index).value(); }
  IndexWriter::Applied apply(Fmid parent, const Entry& what, std::optional<Fmid> from = {}) const {
    auto writer = write();
    auto applied = writer->apply(row.id, parent, what, {}, from).value();
    commit(*writer);
    return applied;
  }
  Fmid folder(Fmid parent, const std::string& key, std::optional<Fmid> from = {}) const {
    auto writer = write();
    const Fmid made = writer->apply(row.id, parent, folder_entry(key), {}, from).value().fmid;
    commit(*writer);
    return made;
  }
  template <class Change>
  Result<> change(Change what) const {
    auto writer = write();
    if (auto done = what(*writer); !done) return std::unexpected(done.error());
    return writer->commit();
  }
  std::vector<std::string> names(Fmid parent) const {
    std::vector<std::string> found;
    static_cast<void>(index->list(parent, Fmid{}, [&](const Node& node) {
      found.push_back(node.name);
      return true;
    }));
    return found;
  }

  Scratch scratch;
  std::filesystem::path directory;
  std::filesystem::path moved_aside;
  bool alone = false;
  std::unique_ptr<Index> index;
  ContextRow row;

 private:
  static void commit(IndexWriter& writer) {
    if (auto done = writer.commit(); !done) throw std::runtime_error(done.error().to_string());
  }
};

}  // namespace mapistore::testing
