#include "backends/memory/backend.h"

#include <charconv>

#include "backends/memory/context.h"
#include "backends/memory/faulty_context.h"

namespace mapistore::memory {
namespace {

class MemoryBackend final : public Backend {
 public:
  explicit MemoryBackend(Host& host) : host_{host} {}

  std::vector<std::string> namespaces() const override { return {"memory"}; }

  Result<std::unique_ptr<Context>> open(const Call& call, const ContextUri& uri, const ContextOptions&) override {
    MAPISTORE_CHECK(call.check());
    if (uri.host().empty()) return fail(Errc::invalid_uri, uri.to_string(), "names no tree", "write memory://NAME");
    std::shared_ptr<FaultPlan> plan;
    if (const auto file = uri.query("faults")) {
      if (!file->starts_with('/')) return fail(Errc::invalid_uri, uri.to_string(), "faults is no absolute path");
      plan = std::make_shared<FaultPlan>(*file);
      MAPISTORE_CHECK(strike_before(*plan, call, "open_context", uri.host()));
    }
    auto tree = MAPISTORE_TRY(tree_of(uri));
    std::unique_ptr<Context> context =
        std::make_unique<MemoryContext>(host_, std::move(tree), uri.query("remote") == "yes",
                                        uri.query("sizes") == "hint" ? SizeTrust::hint : SizeTrust::exact);
    if (plan) return std::make_unique<FaultyContext>(std::move(context), std::move(plan));
    return context;
  }

 private:
  Result<std::shared_ptr<Tree>> tree_of(const ContextUri& uri) {
    std::uint64_t quota = 0;
    const std::string text = uri.query("quota").value_or("0");
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), quota);
    if (error != std::errc{} || end != text.data() + text.size())
      return fail(Errc::invalid_uri, uri.to_string(), "quota is no number of bytes");
    const std::lock_guard lock{mutex_};
    auto& tree = trees_[uri.host()];
    if (!tree) {
      tree = std::make_shared<Tree>();
      tree->root.folders[trash_key] = std::make_unique<Folder>();
    }
    const std::lock_guard tree_lock{tree->mutex};
    if (quota != 0) tree->quota = quota;
    return tree;
  }

  Host& host_;
  std::mutex mutex_;  ///< rank: above Tree::mutex
  std::map<std::string, std::shared_ptr<Tree>> trees_;
};

}  // namespace

std::unique_ptr<Backend> make_backend(Host& host) { return std::make_unique<MemoryBackend>(host); }

}  // namespace mapistore::memory
