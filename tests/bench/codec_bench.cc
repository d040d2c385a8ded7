// How fast mail is read, beside GMime in the same run: MAPISTORE_BENCH_MAIL names a folder of mails.

#include <benchmark/benchmark.h>
#include <gmime/gmime.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/codec/header_scan.h"
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

void gmime_structure(benchmark::State& state) {
  g_mime_init();
  over_all_mails(state, [](const std::string& mail) {
    GMimeStream* stream = g_mime_stream_mem_new_with_buffer(mail.data(), mail.size());
    GMimeParser* parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage* message = g_mime_parser_construct_message(parser, nullptr);
    benchmark::DoNotOptimize(message);
    if (message != nullptr) g_object_unref(message);
    g_object_unref(parser);
    g_object_unref(stream);
  });
}

BENCHMARK(header_scan);
BENCHMARK(structure);
BENCHMARK(gmime_structure);

}  // namespace
}  // namespace mapistore

BENCHMARK_MAIN();
