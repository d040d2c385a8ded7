#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/export.h>

namespace mapistore {

/// How much of a field a conversion kept.
enum class Fidelity : std::uint8_t {
  exact,         ///< reads back as it was
  approximated,  ///< the meaning was kept, not the form
  dropped,       ///< has no home in the target; the raw bytes are the only place where it is
};

/// What became of one field.
struct Loss {
  std::string field;  ///< as the source calls it: "Received", "VALARM[2]", "PidTagInternetCodepage"
  Fidelity fidelity = Fidelity::dropped;
  std::string reason;  ///< one line for people
};

/// Fields that did not pass exactly, in the order of the source; what is not listed is exact. What is, and is listed as
/// such, is kept elsewhere than in the bytes. Bounded: after 1,000 fields one entry `...` says that there are more.
class LossReport {
 public:
  void add(std::string field, Fidelity fidelity, std::string reason);
  void append(std::string_view prefix, const LossReport& other);
  const std::vector<Loss>& losses() const noexcept { return losses_; }

  /// A line each: `dropped TAB Received TAB reason`.
  MAPISTORE_API std::string text() const;

 private:
  std::vector<Loss> losses_;
};

}  // namespace mapistore
