#pragma once

#include <memory>

#include <mapistore/ability.h>
#include <mapistore/context.h>

#include "backends/memory/fault_plan.h"

namespace mapistore::memory {

/// Any context, with the faults of a plan. What no fault strikes is forwarded unchanged, abilities included.
class FaultyContext final : public Context,
                            public Moving,
                            public Watching,
                            public Trashing,
                            public Quota,
                            public Reading,
                            public Describing {
 public:
  FaultyContext(std::unique_ptr<Context> inner, std::shared_ptr<FaultPlan> plan)
      : inner_{std::move(inner)}, plan_{std::move(plan)} {}

  const Profile& profile() const noexcept override { return inner_->profile(); }
  Result<Listing> changes(const Call& call, const FolderPath& folder, const Cursor& since, ChangeSink& sink) override;
  Result<Entry> inspect(const Call& call, const FolderPath& folder, const Key& key) override;
  Result<std::unique_ptr<Body>> open(const Call& call, const FolderPath& folder, const MessageRef& message) override;
  Result<Entry> save(const Call& call, const FolderPath& folder, const Draft& draft,
                     const MessageRef* replaces) override;
  Result<Entry> set_state(const Call& call, const FolderPath& folder, const MessageRef& message,
                          const StateChange& change) override;
  Result<> remove(const Call& call, const FolderPath& folder, const MessageRef& message) override;
  Result<FolderEntry> create_folder(const Call& call, const FolderPath& parent, std::string_view display_name) override;
  Result<FolderEntry> rename_folder(const Call& call, const FolderPath& folder, const FolderPath& new_parent,
                                    std::string_view new_name) override;
  Result<> remove_folder(const Call& call, const FolderPath& folder) override;

  Result<Entry> move(const Call& call, const FolderPath& from, const MessageRef& message, const FolderPath& to,
                     std::string_view name, const MessageRef* replaces) override;
  Result<Entry> copy(const Call& call, const FolderPath& from, const MessageRef& message, const FolderPath& to,
                     std::string_view name) override;
  Result<> start(const Call& call) override;
  Result<> watch(const Call& call, WatchSink& sink) override;
  FolderPath trash() const override { return inner_->ability<Trashing>()->trash(); }
  Result<Usage> usage(const Call& call) override;
  Result<> read_many(const Call& call, const FolderPath& folder, std::span<const MessageRef> messages,
                     BodySink& sink) override;
  Result<Details> details(const Call& call, const FolderPath& folder) override;
  Result<> set_detail(const Call& call, const FolderPath& folder, std::string_view name,
                      std::optional<std::string_view> value) override;

 private:
  void* query(AbilityId id) noexcept override;

  std::unique_ptr<Context> inner_;
  std::shared_ptr<FaultPlan> plan_;
};

/// Fails, stalls or hangs if `plan` wants it before `operation` on `key`.
Result<> strike_before(FaultPlan& plan, const Call& call, std::string_view operation, const std::string& key);

}  // namespace mapistore::memory
