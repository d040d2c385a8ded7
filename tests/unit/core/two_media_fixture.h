#pragma once

#include <mapistore/summarize.h>

#include "core/codec/names.h"
#include "tests/unit/core/store_fixture.h"

namespace mapistore::testing {

/// A store of two contexts, `a` and `b`, each on a medium in memory that outlives it, with faults of its own.
class TwoMediaTest : public StoreTest {
 protected:
  void SetUp() override {
    for (const char* name : {"a", "b"}) {
      media_.push_back(testing_backends::open_context(*backend, std::string("memory://") + name));
      faults(name, "");
    }
    open_both();
  }
  void TearDown() override {
    for (const char* name : {"a", "b"}) faults(name, "");
    close();
  }

  void open_both() {
    index = std::move(Index::open(scratch.path()).value().index);
    store = std::make_unique<Store>(*index, errors, observer, Store::Policy{});
    for (const char* name : {"a", "b"}) {
      LiveContext::Settings settings{
          .name = name,
          .uri = ContextUri::parse(std::string("memory://") + name + "?faults=" + plan_of(name).native())->uri,
          .options = {}};
      settings.deadline = std::chrono::seconds{5};
      settings.refresh = std::chrono::seconds{1};
      ASSERT_TRUE(store->add(std::move(settings), *backend));
    }
    store->start();
    for (const auto& context : store->contexts())
      ASSERT_TRUE(until([&] { return context->health().condition == LiveContext::Condition::ready; }));
  }
  void close() {
    if (!store) return;
    EXPECT_TRUE(store->stop(std::chrono::steady_clock::now() + std::chrono::seconds{20}));
    store.reset();
    index.reset();
  }

  std::filesystem::path plan_of(const std::string& name) const { return scratch.path() / ("faults-" + name); }
  void faults(const std::string& name, std::string_view text) {
    const std::string filler(++plans_, '\n');
    testing_backends::write_file((scratch.path() / "new").native(), std::string(text) + filler);
    std::filesystem::rename(scratch.path() / "new", plan_of(name));
  }

  Fmid top(std::size_t context) { return store->contexts()[context]->row().root; }
  Result<> move(const Node& node, const std::string& name, const std::optional<Node>& replaced = {}) {
    return store->move_message(call(), node, top(1), name, replaced);
  }
  /// A context's medium, to change it behind the store's back.
  Context& medium_of(std::size_t context) { return *media_[context]; }
  /// Where the medium has the folder of these names.
  FolderPath path_in(std::size_t context, std::initializer_list<std::string_view> names) {
    FolderPath path;
    for (const std::string_view name : names) {
      const auto folders = testing_backends::list(medium_of(context), path).folders;
      const auto found =
          std::ranges::find(folders, name, [](const auto& folder) { return folder.second.display_name; });
      EXPECT_NE(found, folders.end()) << name;
      if (found != folders.end()) path.push_back(found->second.key);
    }
    return path;
  }
  std::size_t held_by(std::size_t context, std::initializer_list<std::string_view> folder = {}) {
    return testing_backends::list(medium_of(context), path_in(context, folder)).messages.size();
  }
  /// Saves as another program would: a new message, or new bytes of `replaces`.
  Result<Entry> put(std::size_t context, std::initializer_list<std::string_view> folder, const std::string& name,
                    const std::string& text, const MessageRef* replaces = nullptr) {
    testing_backends::TextBody body{text};
    const Draft draft{.body = &body, .name = name, .summary = summarize(kind_of_name(name), name, text), .state = {},
                      .received = {}, .properties = {}};
    return medium_of(context).save(call(), path_in(context, folder), draft, replaces);
  }
  std::size_t folders_of(std::size_t context) { return testing_backends::list(*media_[context], {}).folders.size(); }
  bool journal_is_empty() {
    return index->count_removals().value_or(1) == 0 &&
           index->orphaned_transfers().value_or(std::vector<Transfer>(1)).empty();
  }
  /// Exactly one visible copy, with these bytes, and one in the media once all is worked off.
  void expect_one_copy(const std::string& text, std::string_view when) {
    EXPECT_EQ(rows(top(0)) + rows(top(1)), 1u) << when;
    EXPECT_TRUE(until([&] { return journal_is_empty(); })) << when << "\n" << errors.text();
    EXPECT_TRUE(until([&] { return held_by(0) + held_by(1) == 1; }))
        << when << ": " << held_by(0) << " and " << held_by(1);
    for (const std::size_t context : {0u, 1u})
      EXPECT_TRUE(store->contexts()[context]->refresh_folder(call(), top(context)));
    ASSERT_EQ(rows(top(0)) + rows(top(1)), 1u) << when;
    const Fmid folder = rows(top(0)) == 1 ? top(0) : top(1);
    static_cast<void>(index->list(folder, Fmid{}, [&](const Node& node) {
      EXPECT_EQ(text_of(node.fmid), text) << when;
      return true;
    }));
  }

 private:
  std::vector<std::unique_ptr<Context>> media_;
  std::size_t plans_ = 0;
};

}  // namespace mapistore::testing
