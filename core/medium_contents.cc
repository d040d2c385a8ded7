#include "core/medium_contents.h"

namespace mapistore {

namespace {

class Collector final : public ChangeSink {
 public:
  bool known(const Key& key, const ChangeKey& change, const ChangeKey&) override {
    contents.messages[key] = change;
    return true;
  }
  Result<> message(Entry entry) override {
    contents.messages[entry.key] = entry.change;
    return {};
  }
  Result<> folder(FolderEntry entry) override {
    contents.folders.push_back(std::move(entry));
    return {};
  }
  Result<> removed(const Key&) override { return {}; }

  MediumContents contents;
};

}  // namespace

Result<MediumContents> contents_of(const Call& call, Context& medium, const FolderPath& folder) {
  Collector collector;
  MAPISTORE_CHECK(medium.changes(call, folder, {}, collector));
  return std::move(collector.contents);
}

Result<std::vector<FolderEntry>> folders_in(const Call& call, Context& medium, const FolderPath& folder) {
  return MAPISTORE_TRY(contents_of(call, medium, folder)).folders;
}

}  // namespace mapistore
