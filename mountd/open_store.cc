#include "mountd/open_store.h"

#include <cstdlib>

#include "core/directories.h"

namespace mapistore::ctl {

namespace {

constexpr std::chrono::seconds time_to_end{15};
constexpr std::chrono::milliseconds between_questions{100};

}  // namespace

/// Nobody else sees this store.
class OpenStore::Observer final : public StoreObserver {
 public:
  void appeared(Fmid, std::string_view) override {}
  void vanished(Fmid, Fmid, std::string_view) override {}
  void bytes_changed(Fmid) override {}
  void attributes_changed(Fmid) override {}
};

OpenStore::OpenStore(Host& host) : observer_{std::make_unique<Observer>()}, errors_{host} {}

Result<std::unique_ptr<OpenStore>> OpenStore::open(Environment& environment, const Location& location,
                                                   const std::string& name, bool read_only, bool listed) {
  std::unique_ptr<OpenStore> opened{new OpenStore{environment.host()}};
  const auto directory =
      MAPISTORE_TRY(directories::make_private_directory(MAPISTORE_TRY(directories::state_home()) / name));
  opened->index_ = MAPISTORE_TRY(Index::open(directory)).index;
  opened->store_ = std::make_unique<Store>(*opened->index_, opened->errors_, *opened->observer_,
                                           Store::Policy{.read_only = read_only, .cache_directory = directory / "cache",
                                                         .cache_size = 0});
  LiveContext::Settings settings = location.settings;
  settings.trash_keep.reset();
  settings.archive_after.reset();
  MAPISTORE_CHECK(opened->store_->add(std::move(settings), *location.backend));
  opened->store_->start();
  MAPISTORE_CHECK(opened->context().medium(Call::within(time_to_open)));
  if (!listed) return opened;
  const Call call = Call::within(time_to_list);
  while (opened->context().health().condition != LiveContext::Condition::ready) {
    const auto health = opened->context().health();
    if (health.condition == LiveContext::Condition::down && health.error) return std::unexpected(*health.error);
    MAPISTORE_CHECK(call.check());
    environment.output.progress("listing " + location.text);
    static_cast<void>(opened->context().await_ready(Call::within(between_questions)));
  }
  return opened;
}

OpenStore::~OpenStore() {
  // Who is stuck in a medium keeps nobody: all that was acknowledged is safe.
  if (store_ && !store_->contexts().empty() && !store_->stop(std::chrono::steady_clock::now() + time_to_end))
    std::_Exit(EXIT_FAILURE);
}

Result<Fmid> OpenStore::folder(const std::vector<std::string>& path) {
  Fmid at = context().row().root;
  for (const std::string& name : path) {
    const auto node = index_->find(at, name);
    if (!node || node->kind != NodeKind::folder) return fail(Errc::not_found, name, "is no folder there");
    at = node->fmid;
  }
  return at;
}

}  // namespace mapistore::ctl
