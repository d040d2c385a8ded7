#pragma once

#include <string_view>

#include <mapistore/object.h>

namespace mapistore {

/// Hears of changes that did not come through the hearer itself. Called from any thread, without locks held; must not
/// call back into the store, nor wait.
class StoreObserver {
 public:
  virtual ~StoreObserver() = default;
  virtual void appeared(Fmid parent, std::string_view name) = 0;
  virtual void vanished(Fmid parent, Fmid child, std::string_view name) = 0;
  virtual void bytes_changed(Fmid fmid) = 0;
  virtual void attributes_changed(Fmid fmid) = 0;
};

}  // namespace mapistore
