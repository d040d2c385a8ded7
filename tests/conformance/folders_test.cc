#include <gmock/gmock.h>

#include <algorithm>

#include "tests/conformance/suite.h"

namespace mapistore::conformance::folders_test {
namespace {

class Folders : public Suite {
 protected:
  /// A folder in `outer`; where folders hold none, `outer`, after a try.
  FolderPath inside(const FolderPath& outer, std::string_view name) {
    if (GetParam().nested) return must_create(name, outer);
    EXPECT_EQ(code(context_->create_folder(soon(), outer, name)), Errc::unsupported);
    return outer;
  }
  /// How many there are but those that the medium makes unasked.
  std::size_t count(const FolderPath& folder = {}) {
    return static_cast<std::size_t>(
        std::ranges::count_if(list(folder).folders, [](const auto& one) { return !one.second.special; }));
  }
};
MAPISTORE_BACKENDS(Folders, with_folders);

FolderPath below(FolderPath parent, const FolderEntry& entry) {
  parent.push_back(entry.key);
  return parent;
}

TEST_P(Folders, AreCreatedListedAndEntered) {
  const FolderPath outer = must_create("Projects");
  const FolderPath inner = inside(outer, "2026");
  const Listed root = list();
  ASSERT_EQ(count(), 1u);
  EXPECT_EQ(root.folders.at(outer.back()).display_name, "Projects");
  EXPECT_FALSE(root.folders.at(outer.back()).special);
  if (GetParam().nested) {
    EXPECT_EQ(list(outer).folders.at(inner.back()).display_name, "2026");
  }
  must_save("deep.eml", sample("deep"), inner);
  EXPECT_EQ(list(inner).messages.size(), 1u);
  EXPECT_EQ(list(outer).messages.empty(), GetParam().nested);
  EXPECT_TRUE(list().messages.empty());
}

TEST_P(Folders, ATakenNameIsRefused) {
  must_create("Projects");
  EXPECT_EQ(code(context_->create_folder(soon(), {}, "Projects")), Errc::exists);
  const FolderPath other = must_create("Other");
  EXPECT_EQ(code(context_->rename_folder(soon(), other, {}, "Projects")), Errc::exists);
  EXPECT_EQ(count(), 2u);
}

TEST_P(Folders, AnyNameRoundTripsOrIsRefused) {
  const std::vector<std::string> plain{"Posteingang äöü", "日本語", "a & b", "&", "~tilde", "😀 smile", " blank ", "-"};
  for (const std::string& name : plain) {
    const auto made = context_->create_folder(soon(), {}, name);
    if (GetParam().trims_folder_names && name.starts_with(' ')) {
      EXPECT_EQ(code(made), Errc::invalid_argument);
      continue;
    }
    ASSERT_TRUE(ok(made)) << name;
    EXPECT_EQ(made->display_name, name);
    EXPECT_EQ(list().folders.at(made->key).display_name, name);
  }
  for (const std::string& name : {std::string("a/b"), std::string(".hidden"), std::string("..")}) {
    const auto made = context_->create_folder(soon(), {}, name);
    EXPECT_EQ(code(made), GetParam().any_folder_name ? Errc{0} : Errc::invalid_argument) << name;
    if (!made) continue;
    EXPECT_EQ(list().folders.at(made->key).display_name, name);
  }
  EXPECT_EQ(code(context_->create_folder(soon(), {}, "")), Errc::invalid_argument);
  const auto endless = context_->create_folder(soon(), {}, std::string(300, 'x'));
  EXPECT_THAT(code(endless),
              testing::AnyOf(GetParam().any_folder_name ? Errc{0} : Errc::name_too_long, Errc::name_too_long));
}

TEST_P(Folders, ARenameTakesAllBelowAlong) {
  const FolderPath outer = must_create("Outer");
  const FolderPath inner = inside(outer, "Inner");
  const FolderPath other = must_create("Other");
  State flagged;
  flagged.flagged = true;
  flagged.importance = 2;
  ASSERT_TRUE(ok(save("deep.eml", sample("deep"), inner, nullptr, flagged)));

  const auto renamed = context_->rename_folder(soon(), outer, {}, "Änderung");
  ASSERT_TRUE(ok(renamed));
  EXPECT_EQ(renamed->display_name, "Änderung");
  if (!GetParam().nested) {
    EXPECT_EQ(code(context_->rename_folder(soon(), below({}, *renamed), other, "Moved")), Errc::unsupported);
    EXPECT_EQ(list(below({}, *renamed)).messages.size(), 1u);
    EXPECT_EQ(list().folders.at(renamed->key).display_name, "Änderung");
    return;
  }
  const auto moved = context_->rename_folder(soon(), below({}, *renamed), other, "Moved");
  ASSERT_TRUE(ok(moved));
  const FolderPath now = below(other, *moved);
  const Listed listed = list(now);
  ASSERT_EQ(listed.folders.size(), 1u);
  const Listed deep = list(below(now, listed.folders.begin()->second));
  ASSERT_EQ(deep.messages.size(), 1u);
  EXPECT_EQ(deep.messages.begin()->second.state, flagged);
  EXPECT_EQ(count(), 1u);
  Listed none;
  EXPECT_EQ(code(context_->changes(soon(), below({}, *renamed), {}, none)), Errc::not_found);
}

TEST_P(Folders, ARenameToTheSameNameIsNoError) {
  const FolderPath folder = must_create("Same");
  EXPECT_TRUE(ok(context_->rename_folder(soon(), folder, {}, "Same")));
  EXPECT_EQ(count(), 1u);
}

TEST_P(Folders, AFolderCannotMoveIntoItself) {
  const FolderPath outer = must_create("Outer");
  const FolderPath inner = inside(outer, "Inner");
  EXPECT_EQ(code(context_->rename_folder(soon(), outer, inner, "Loop")), Errc::invalid_argument);
  EXPECT_EQ(code(context_->rename_folder(soon(), outer, outer, "Loop")), Errc::invalid_argument);
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(list(outer).folders.size(), GetParam().nested ? 1u : 0u);
}

TEST_P(Folders, OnlyAnEmptyFolderIsRemoved) {
  const FolderPath outer = must_create("Outer");
  const FolderPath inner = inside(outer, "Inner");
  if (GetParam().nested) {
    EXPECT_EQ(code(context_->remove_folder(soon(), outer)), Errc::not_empty);
  }
  State state;
  state.categories = {"kept in a file of its own"};
  const auto saved = save("mail.eml", sample("mail"), inner, nullptr, state);
  ASSERT_TRUE(ok(saved));
  EXPECT_EQ(code(context_->remove_folder(soon(), inner)), Errc::not_empty);
  ASSERT_TRUE(list(inner).messages.contains(saved->key));
  if (context_->profile().keeps_state) {
    EXPECT_EQ(list(inner).messages.at(saved->key).state, state) << "a refusal changed something";
  }
  ASSERT_TRUE(ok(context_->remove(soon(), inner, ref(*saved))));
  if (GetParam().nested) {
    ASSERT_TRUE(ok(context_->remove_folder(soon(), inner)));
  }
  ASSERT_TRUE(ok(context_->remove_folder(soon(), outer)));
  EXPECT_EQ(code(context_->remove_folder(soon(), outer)), Errc::not_found);
  EXPECT_EQ(count(), 0u);
}

TEST_P(Folders, TheRootAndTheTrashStayWhatTheyAre) {
  EXPECT_EQ(code(context_->remove_folder(soon(), {})), Errc::not_permitted);
  EXPECT_EQ(code(context_->rename_folder(soon(), {}, {}, "root")), Errc::not_permitted);
  auto* const trashing = context_->ability<Trashing>();
  if (trashing == nullptr) return;
  const FolderPath trash = trashing->trash();
  EXPECT_EQ(code(context_->remove_folder(soon(), trash)), Errc::not_permitted);
  EXPECT_EQ(code(context_->rename_folder(soon(), trash, {}, "bin")), Errc::not_permitted);
}

TEST_P(Folders, AMissingFolderIsNotFound) {
  const FolderPath missing{Key{"missing"}};
  Listed listed;
  EXPECT_EQ(code(context_->changes(soon(), missing, {}, listed)), Errc::not_found);
  EXPECT_EQ(code(save("a.eml", sample("a"), missing)), Errc::not_found);
  EXPECT_EQ(code(context_->create_folder(soon(), missing, "child")), Errc::not_found);
  EXPECT_EQ(code(context_->rename_folder(soon(), missing, {}, "found")), Errc::not_found);
  EXPECT_EQ(code(context_->remove_folder(soon(), missing)), Errc::not_found);
  EXPECT_EQ(code(context_->inspect(soon(), missing, Key{"a.eml"})), Errc::not_found);
}

}  // namespace
}  // namespace mapistore::conformance::folders_test
