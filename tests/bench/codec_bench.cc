// How fast mail is read, beside GMime in the same run: MAPISTORE_BENCH_MAIL names a folder of mails. At the end stands
// for each step how many mails a second it reads, and how many times GMime that is.

#include <benchmark/benchmark.h>
#include <gmime/gmime.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec/header_scan.h"
#include "core/conversion/convert.h"
#include "core/mime/part.h"

namespace mapistore {
namespace {

/// The real mails, unpacked into a folder that MAPISTORE_BENCH_MAIL names.
const std::vector<std::string>& mails() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> read;
    const char* folder = std::getenv("MAPISTORE_BENCH_MAIL");
    if (folder == nullptr) return read;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream stream(entry.path(), std::ios::binary);
      read.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    }
    return read;
  }();
  return all;
}

/// Runs `read` for every mail, and tells mails and bytes per second.
template <class Read>
void over_all_mails(benchmark::State& state, const Read& read) {
  if (mails().empty()) {
    state.SkipWithError("MAPISTORE_BENCH_MAIL names no folder with mails");
    return;
  }
  std::size_t bytes = 0;
  for (const std::string& mail : mails()) bytes += mail.size();
  for (auto _ : state)
    for (const std::string& mail : mails()) read(mail);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(mails().size()));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void header_scan(benchmark::State& state) {
  over_all_mails(state, [](const std::string& mail) { benchmark::DoNotOptimize(codec::scan_header(mail)); });
}

void structure(benchmark::State& state) {
  over_all_mails(state, [](const std::string& mail) { benchmark::DoNotOptimize(mime::read_structure(mail)); });
}

/// All that `mapi.json` shows of a mail, but for large contents, which are made when they are read.
void properties(benchmark::State& state) {
  over_all_mails(state, [](const std::string& mail) {
    // As the store holds a mail while it converts it: someone else owns the bytes.
    const SharedBytes bytes(mail, nullptr);
    benchmark::DoNotOptimize(read_message(MessageKind::mail, "mail.eml", bytes));
  });
}

template <class Use>
void with_gmime_message(std::string_view mail, const Use& use) {
  GMimeStream* stream = g_mime_stream_mem_new_with_buffer(mail.data(), mail.size());
  GMimeParser* parser = g_mime_parser_new_with_stream(stream);
  GMimeMessage* message = g_mime_parser_construct_message(parser, nullptr);
  if (message != nullptr) use(message);
  if (message != nullptr) g_object_unref(message);
  g_object_unref(parser);
  g_object_unref(stream);
}

/// GMime has no scan of a header alone: it is given the mail without its body.
void gmime_header_scan(benchmark::State& state) {
  g_mime_init();
  over_all_mails(state, [](const std::string& mail) {
    const std::size_t blank_line = std::min(mail.find("\n\n"), mail.find("\r\n\r\n"));
    with_gmime_message(std::string_view(mail).substr(0, blank_line),
                       [](GMimeMessage* message) { benchmark::DoNotOptimize(message); });
  });
}

void gmime_structure(benchmark::State& state) {
  g_mime_init();
  over_all_mails(state, [](const std::string& mail) {
    with_gmime_message(mail, [](GMimeMessage* message) { benchmark::DoNotOptimize(message); });
  });
}

void decode_gmime_header(GMimeObject* object) {
  GMimeHeaderList* fields = g_mime_object_get_header_list(object);
  for (int at = 0; at < g_mime_header_list_get_count(fields); ++at)
    benchmark::DoNotOptimize(g_mime_header_get_value(g_mime_header_list_get_header_at(fields, at)));
}

void decode_gmime_addresses(GMimeMessage* message) {
  for (const GMimeAddressType type : {GMIME_ADDRESS_TYPE_SENDER, GMIME_ADDRESS_TYPE_FROM, GMIME_ADDRESS_TYPE_REPLY_TO,
                                      GMIME_ADDRESS_TYPE_TO, GMIME_ADDRESS_TYPE_CC, GMIME_ADDRESS_TYPE_BCC}) {
    InternetAddressList* list = g_mime_message_get_addresses(message, type);
    for (int at = 0; at < internet_address_list_length(list); ++at)
      benchmark::DoNotOptimize(internet_address_get_name(internet_address_list_get_address(list, at)));
  }
  benchmark::DoNotOptimize(g_mime_message_get_date(message));
}

/// The fields of a part and, if it has one, its content: text in UTF-8, the rest as bytes.
void decode_gmime_part(GMimeObject*, GMimeObject* object, gpointer) {
  decode_gmime_header(object);
  if (GMIME_IS_TEXT_PART(object)) {
    char* text = g_mime_text_part_get_text(GMIME_TEXT_PART(object));
    benchmark::DoNotOptimize(text);
    g_free(text);
  } else if (GMIME_IS_PART(object)) {
    GMimeStream* decoded = g_mime_stream_mem_new();
    GMimeDataWrapper* content = g_mime_part_get_content(GMIME_PART(object));
    if (content != nullptr) g_mime_data_wrapper_write_to_stream(content, decoded);
    benchmark::DoNotOptimize(decoded);
    g_object_unref(decoded);
  }
}

/// The nearest to `properties` that GMime has: all fields decoded, addresses read, each part's content decoded.
void gmime_properties(benchmark::State& state) {
  g_mime_init();
  over_all_mails(state, [](const std::string& mail) {
    with_gmime_message(mail, [](GMimeMessage* message) {
      decode_gmime_header(GMIME_OBJECT(message));
      decode_gmime_addresses(message);
      g_mime_message_foreach(message, decode_gmime_part, nullptr);
    });
  });
}

BENCHMARK(header_scan);
BENCHMARK(gmime_header_scan);
BENCHMARK(structure);
BENCHMARK(gmime_structure);
BENCHMARK(properties);
BENCHMARK(gmime_properties);

/// Prints what each step reads in a second and compares it with GMime's step of the same name.
class RatioReporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      const auto rate = run.counters.find("items_per_second");
      // Of several repetitions the median counts, of a single one the run itself.
      const bool counts = run.run_type == Run::RT_Aggregate ? run.aggregate_name == "median" : run.repetitions <= 1;
      if (counts && rate != run.counters.end()) rates_[run.run_name.function_name] = rate->second.value;
    }
  }

  void Finalize() override {
    ConsoleReporter::Finalize();
    for (const auto& [step, rate] : rates_) {
      const auto peer = rates_.find("gmime_" + step);
      if (peer == rates_.end()) continue;
      GetOutputStream() << step << ": " << static_cast<std::int64_t>(rate) << " mails/s, " << rate / peer->second
                        << " times GMime\n";
    }
  }

 private:
  std::map<std::string, double> rates_;
};

}  // namespace
}  // namespace mapistore

int main(int count, char** arguments) {
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 1;
  mapistore::RatioReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
}
