#include "core/conversion/loss.h"

namespace mapistore {
namespace {

constexpr std::size_t most_losses = 1000;

std::string_view word(Fidelity fidelity) noexcept {
  switch (fidelity) {
    case Fidelity::exact: return "exact";
    case Fidelity::approximated: return "approximated";
    case Fidelity::dropped: break;
  }
  return "dropped";
}

}  // namespace

void LossReport::add(std::string field, Fidelity fidelity, std::string reason) {
  if (losses_.size() > most_losses) return;
  if (losses_.size() == most_losses) return losses_.push_back({"...", Fidelity::dropped, "and more"});
  losses_.push_back({std::move(field), fidelity, std::move(reason)});
}

void LossReport::append(std::string_view prefix, const LossReport& other) {
  for (const Loss& loss : other.losses_) add(std::string(prefix) + loss.field, loss.fidelity, loss.reason);
}

std::string LossReport::text() const {
  std::string text;
  for (const Loss& loss : losses_)
    text.append(word(loss.fidelity)).append("\t").append(loss.field).append("\t").append(loss.reason).append("\n");
  return text;
}

}  // namespace mapistore
