#include "core/folder_traffic.h"

namespace mapistore {

std::uint64_t FolderTraffic::enter(Fmid folder) {
  const Locked locked{mutex_};
  lanes_[folder].changes.insert(++last_ticket_);
  return last_ticket_;
}

void FolderTraffic::leave(Fmid folder) {
  const auto lane = lanes_.find(folder);
  if (lane->second.changes.empty() && lane->second.reports.empty()) lanes_.erase(lane);
}

bool FolderTraffic::is_changing(Fmid folder, std::uint64_t last) const {
  const auto lane = lanes_.find(folder);
  return lane != lanes_.end() && !lane->second.changes.empty() && *lane->second.changes.begin() <= last;
}

FolderTraffic::Change::Change(FolderTraffic& traffic, Fmid folder)
    : traffic_{traffic}, folder_{folder}, ticket_{traffic.enter(folder)} {}

FolderTraffic::Change::~Change() {
  const Locked locked{traffic_.mutex_};
  traffic_.lanes_[folder_].changes.erase(ticket_);
  traffic_.leave(folder_);
  traffic_.ended_.notify_all();
}

void FolderTraffic::Change::wrote(const Key& key) {
  const Locked locked{traffic_.mutex_};
  for (Report* report : traffic_.lanes_[folder_].reports) report->written_.insert(key);
}

FolderTraffic::Report::Report(FolderTraffic& traffic, Fmid folder) : traffic_{traffic}, folder_{folder} {
  const Locked locked{traffic_.mutex_};
  traffic_.lanes_[folder_].reports.insert(this);
}

FolderTraffic::Report::~Report() {
  const Locked locked{traffic_.mutex_};
  traffic_.lanes_[folder_].reports.erase(this);
  traffic_.leave(folder_);
}

Result<> FolderTraffic::Report::settle(const Call& call) {
  Locked locked{traffic_.mutex_};
  const std::uint64_t last = traffic_.last_ticket_;
  while (traffic_.is_changing(folder_, last) || traffic_.is_changing(all_places, last))
    if (traffic_.ended_.wait_until(locked, call.deadline) == std::cv_status::timeout) MAPISTORE_CHECK(call.check());
  return {};
}

void FolderTraffic::Report::entered(const Key& key) {
  const Locked locked{traffic_.mutex_};
  for (Report* report : traffic_.lanes_[folder_].reports)
    if (report != this) report->written_.insert(key);
}

bool FolderTraffic::Report::is_outdated(const Key& key) const {
  const Locked locked{traffic_.mutex_};
  return written_.contains(key);
}

}  // namespace mapistore
