#pragma once

#include <mapistore/backend.h>
#include <mapistore/host.h>

namespace mapistore::memory {

/// Serves `memory://NAME[?quota=BYTES][&remote=yes][&sizes=hint][&faults=/absolute/file]`: a tree that lives as long as
/// the backend. Contexts of the same NAME share it. `remote` and `sizes` make it declare so what it is not, for tests;
/// `faults`: see fault_plan.h. `host` outlives the backend.
std::unique_ptr<Backend> make_backend(Host& host);

}  // namespace mapistore::memory
