// Measures the SQL store: `sql_bench [TASKS]`, 10,000 unless said otherwise. It starts a MariaDB of its own, and works
// in the directory for temporary files. Each time is the median of nine; the exit code is 0 when both aims are met,
// else 1.
//
// Listing: the context lists a folder of tasks, against SELECT of the same columns through the client library, both
// over TCP on loopback. Ingest: tasks are saved one by one in a SQLite file, with columns read from each, and durable
// at the end.
#include <mapistore/ability.h>
#include <mysql.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <thread>

#include "backends/sql/backend.h"
#include "backends/sql/row.h"
#include "tests/bench/seam.h"
#include "tests/support/database_server.h"
#include "tests/support/temp_mount.h"

namespace mapistore::bench {
namespace {

std::string task(std::size_t number) {
  const std::string id = std::to_string(number);
  return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\nBEGIN:VTODO\r\nUID:task-" + id +
         "@example.org\r\nDTSTAMP:20260901T080000Z\r\nSUMMARY:Task number " + id +
         "\r\nDUE;VALUE=DATE:20260910\r\nSTATUS:IN-PROCESS\r\nPERCENT-COMPLETE:30\r\nORGANIZER:mailto:anna@example."
         "org\r\n"
         "DESCRIPTION:" +
         std::string(200, 'd') + "\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";
}

/// Saves `count` tasks from `threads` threads; tasks a second.
double fill(Context& context, std::size_t count, std::size_t threads) {
  const auto begin = Clock::now();
  {
    std::vector<std::jthread> workers;
    for (std::size_t worker = 0; worker < threads; ++worker)
      workers.emplace_back([&, worker] {
        for (std::size_t i = worker; i < count; i += threads)
          save(context, MessageKind::task, "task" + std::to_string(i) + ".ics", task(i));
      });
  }
  if (auto* durable = context.ability<Durability>()) need(durable->make_durable(Call{}));
  return static_cast<double>(count) / seconds_since(begin);
}

double median_ms(const std::function<void()>& action) {
  std::vector<double> times;
  for (int round = 0; round < 9; ++round) {
    const auto begin = Clock::now();
    action();
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
  }
  std::ranges::nth_element(times, times.begin() + 4);
  return times[4];
}

/// Once through the client library, without anything of ours.
void select_all(MYSQL* handle, std::size_t count) {
  static constexpr std::string_view sql =
      "SELECT " MAPISTORE_SQL_LISTED " FROM mst_message WHERE store_id = 1 AND folder_id = 1";
  if (mysql_real_query(handle, sql.data(), sql.size()) != 0) give_up(mysql_error(handle));
  MYSQL_RES* rows = mysql_store_result(handle);
  if (rows == nullptr || mysql_num_rows(rows) != count) give_up("the client library sees other rows");
  while (mysql_fetch_row(rows) != nullptr) {
  }
  mysql_free_result(rows);
}

int run(std::size_t count) {
  BenchHost host;
  const auto backend = sql::make_backend(host);
  const testing::Sandbox sandbox;
  const auto file = open(*backend, "sqlite://" + (sandbox / "one.sqlite").native());
  const double one = fill(*file, count, 1);
  const double four = fill(*open(*backend, "sqlite://" + (sandbox / "four.sqlite").native()), count, 4);
  std::printf("SQLite, tasks/s saved by one thread: %.0f (aim at least 2000)\n", one);
  std::printf("SQLite, tasks/s saved by four threads: %.0f (aim at least 2000)\n", four);

  testing::DatabaseServer server;
  host.password = server.password();
  const std::string database = server.make_database();
  const auto context = open(*backend, server.uri(database));
  std::printf("MariaDB, tasks/s saved: %.0f by four threads\n", fill(*context, count, 4));
  MYSQL* handle = mysql_init(nullptr);
  const unsigned tcp = MYSQL_PROTOCOL_TCP;
  mysql_optionsv(handle, MYSQL_OPT_PROTOCOL, &tcp);
  if (mysql_real_connect(handle, "localhost", server.user().c_str(), server.password().c_str(), database.c_str(),
                         server.port(), nullptr, 0) == nullptr)
    give_up(mysql_error(handle));
  const double plain = median_ms([&] { select_all(handle, count); });
  mysql_close(handle);
  const auto listed = [&](Context& medium) {
    if (list(medium).count != count) give_up("a listing misses tasks");
  };
  const double ours = median_ms([&] { listed(*context); });
  std::printf("MariaDB, listing %zu tasks: %.1f ms, SELECT of the same columns %.1f ms\n", count, ours, plain);
  std::printf("MariaDB, listing, times SELECT of the same columns: %.2f (aim 1.5)\n", ours / plain);
  std::printf("SQLite, listing them: %.1f ms\n", median_ms([&] { listed(*file); }));
  return std::max(one, four) >= 2000 && ours / plain <= 1.5 ? 0 : 1;
}

}  // namespace
}  // namespace mapistore::bench

int main(int argc, char** argv) {
  const long count = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 10'000;
  if (count <= 0) mapistore::bench::give_up("the number of tasks must be above zero");
  return mapistore::bench::run(static_cast<std::size_t>(count));
}
