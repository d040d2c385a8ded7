#include "mountd/metrics.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <vector>

namespace mapistore::mountd {

namespace {

using Labels = std::vector<std::pair<std::string_view, std::string>>;

/// One metric of the text: its head, then its samples.
class Family {
 public:
  Family(std::string& text, std::string_view name, std::string_view type, std::string_view help)
      : text_{text}, name_{name} {
    head_ = "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ + " " + std::string(type) + "\n";
  }

  /// `suffix` tells the parts of a histogram apart. A family without samples leaves no trace.
  void sample(const Labels& labels, const Json& value, std::string_view suffix = {}) {
    if (!value.is_number()) return;
    text_ += std::exchange(head_, {}) + name_ + std::string(suffix) + "{";
    bool first = true;
    for (const auto& [key, label] : labels) {
      text_ += std::string(first ? "" : ",") + std::string(key) + "=\"" + escaped(label) + "\"";
      first = false;
    }
    text_ += "} " + json_text(value) + "\n";
  }

 private:
  static std::string escaped(std::string_view label) {
    std::string text;
    for (const char c : label) {
      if (c == '\n')
        text += "\\n";
      else if (c == '"' || c == '\\')
        text += {'\\', c};
      else
        text += c;
    }
    return text;
  }

  std::string& text_;
  std::string name_, head_;
};

Json at(const Json& object, std::initializer_list<const char*> path) {
  const Json* here = &object;
  for (const char* key : path) {
    if (!here->is_object() || !here->contains(key)) return nullptr;
    here = &(*here)[key];
  }
  return *here;
}

Labels labels_of(const Json& report) { return {{"mount", text_at(report, "name")}, {"user", text_at(report, "user")}}; }

Labels with(Labels labels, std::string_view key, std::string value) {
  labels.emplace_back(key, std::move(value));
  return labels;
}

void for_each_context(const Json& report, const std::function<void(const Labels&, const Json&)>& visit) {
  for (const Json& context : at(report, {"status", "contexts"}))
    visit(with(labels_of(report), "context", text_at(context, "name")), context);
}

void add_mounts(std::string& text, const Json& reports) {
  Family up{text, "mapistorefs_mount_up", "gauge", "Whether the mount answers."};
  for (const Json& report : reports) up.sample(labels_of(report), text_at(report, "state") == "up" ? 1 : 0);
  struct Number {
    std::string_view name, type, help;
    std::initializer_list<const char*> path;
  };
  const std::array<Number, 13> numbers{{
      {"mapistorefs_mount_restarts_total", "counter", "Starts after a crash or a hang.", {"restarts"}},
      {"mapistorefs_mount_hangs_total", "counter", "How often the daemon no longer answered.", {"hangs"}},
      {"mapistorefs_unsaved_files", "gauge", "Files whose bytes no medium has yet.", {"status", "unsaved"}},
      {"mapistorefs_left_unsaved_files",
       "gauge",
       "Files that could not be saved, and are kept.",
       {"status", "left_unsaved", "files"}},
      {"mapistorefs_open_files", "gauge", "Files that are open.", {"status", "open_files"}},
      {"mapistorefs_errors_total",
       "counter",
       "Operations refused or failed, as .mapistorefs/errors lists them.",
       {"status", "errors"}},
      {"mapistorefs_spool_waiting", "gauge", "Messages that wait for their server.", {"status", "spool", "waiting"}},
      {"mapistorefs_left_to_remove",
       "gauge",
       "Moved messages whose old copy is still to be removed.",
       {"status", "left_to_remove"}},
      {"mapistorefs_read_bytes_total",
       "counter",
       "Bytes that the kernel asked for, in whole pages.",
       {"status", "bytes", "read"}},
      {"mapistorefs_written_bytes_total", "counter", "Bytes that were written.", {"status", "bytes", "written"}},
      {"mapistorefs_cache_hits_total",
       "counter",
       "Bodies of remote media that the cache on disk had.",
       {"status", "cache", "hits"}},
      {"mapistorefs_cache_misses_total",
       "counter",
       "Bodies that their remote medium was asked for.",
       {"status", "cache", "misses"}},
      {"mapistorefs_fetched_bytes_total",
       "counter",
       "Bytes of bodies fetched from remote media.",
       {"status", "cache", "fetched_bytes"}},
  }};
  for (const Number& number : numbers) {
    Family family{text, number.name, number.type, number.help};
    for (const Json& report : reports) family.sample(labels_of(report), at(report, number.path));
  }
  Family moving{text, "mapistorefs_moving_messages", "gauge", "Messages on their way between media."};
  for (const Json& report : reports) {
    std::uint64_t to_go = 0;
    for (const Json& move : at(report, {"status", "moves"})) to_go += count_at(move, "to_go");
    if (text_at(report, "state") == "up") moving.sample(labels_of(report), to_go);
  }
}

void add_contexts(std::string& text, const Json& reports) {
  Family state{text, "mapistorefs_context_up", "gauge", "Whether the medium of the top folder can be reached."};
  for (const Json& report : reports)
    for_each_context(report, [&](const Labels& labels, const Json& context) {
      const std::string condition = text_at(context, "state");
      state.sample(labels, condition == "ready" || condition == "syncing" ? 1 : 0);
    });
  struct Number {
    std::string_view name, type, help;
    const char* key;
  };
  constexpr std::array<Number, 4> numbers{{
      {"mapistorefs_context_messages", "gauge", "Messages in the top folder.", "messages"},
      {"mapistorefs_context_folders", "gauge", "Folders in the top folder.", "folders"},
      {"mapistorefs_context_local_files", "gauge", "Files that are on this machine alone.", "local"},
      {"mapistorefs_context_queue_length", "gauge", "Requests that wait for a worker.", "queued"},
  }};
  for (const Number& number : numbers) {
    Family family{text, number.name, number.type, number.help};
    for (const Json& report : reports)
      for_each_context(
          report, [&](const Labels& labels, const Json& context) { family.sample(labels, at(context, {number.key})); });
  }
}

/// Of top folders that another medium is kept like, or is about to take the place of.
void add_replicas(std::string& text, const Json& reports) {
  Family lag{text, "mapistorefs_replica_lag", "gauge", "Messages that the other medium does not have as they are now."};
  for (const Json& report : reports)
    for (const Json& one : at(report, {"status", "switches"})) {
      const std::uint64_t messages = count_at(one, "messages"), held = count_at(one, "held");
      lag.sample(with(labels_of(report), "context", text_at(one, "folder")), messages - std::min(messages, held));
    }
}

void for_each_operation(const Json& reports,
                        const std::function<void(const Labels&, const Json&, const Json&)>& visit) {
  for (const Json& report : reports) {
    const Json operations = at(report, {"status", "operations"});
    for (const auto& [name, operation] : operations.items())
      visit(with(labels_of(report), "operation", name), operation, at(report, {"status", "latency_bounds"}));
  }
}

void add_operations(std::string& text, const Json& reports) {
  Family count{text, "mapistorefs_operation_errors_total", "counter",
               "Requests of the kernel that were answered by an error."};
  for_each_operation(reports, [&](const Labels& labels, const Json& operation, const Json&) {
    count.sample(labels, at(operation, {"errors"}));
  });
  Family latency{text, "mapistorefs_operation_seconds", "histogram", "From a request of the kernel to its answer."};
  for_each_operation(reports, [&](const Labels& labels, const Json& operation, const Json& bounds) {
    std::uint64_t below = 0;
    std::size_t place = 0;
    for (const Json& bucket : at(operation, {"buckets"})) {
      below += bucket.is_number() ? bucket.get<std::uint64_t>() : 0;
      const bool bounded = bounds.is_array() && place < bounds.size() && bounds[place].is_number();
      const std::string bound = bounded ? json_text(bounds[place]) : "+Inf";
      latency.sample(with(labels, "le", bound), below, "_bucket");
      ++place;
    }
    latency.sample(labels, at(operation, {"seconds"}), "_sum");
    latency.sample(labels, at(operation, {"count"}), "_count");
  });
}

}  // namespace

std::string metrics_text(const Json& reports) {
  std::string text;
  add_mounts(text, reports);
  add_contexts(text, reports);
  add_replicas(text, reports);
  add_operations(text, reports);
  return text;
}

}  // namespace mapistore::mountd
