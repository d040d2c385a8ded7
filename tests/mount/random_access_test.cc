// Random reading and writing of one file, in the manner of fsx, compared with a model in memory and with the medium.
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "tests/mount/posix.h"

namespace mapistore::mount_tests::random_access_test {
namespace {

constexpr std::size_t longest = 300'000;
constexpr int operations = 2500;

/// MAPISTORE_TEST_SEED repeats or varies a run.
unsigned seed() {
  const char* text = std::getenv("MAPISTORE_TEST_SEED");
  return text != nullptr ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : 20260817;
}

class RandomAccess : public Posix {
 protected:
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>{0, limit - 1}(random_); }
  std::string some_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    for (char& c : bytes) c = static_cast<char>(random_());
    return bytes;
  }
  /// Mostly short, sometimes over several pages.
  std::size_t some_length() { return 1 + below(below(4) == 0 ? 70'000 : 3000); }

  void put_into_model(const std::string& bytes, std::size_t offset) {
    if (model_.size() < offset + bytes.size()) model_.resize(offset + bytes.size());
    model_.replace(offset, bytes.size(), bytes);
  }

  void expect_medium(const char* when) {
    if (!in_medium_) return;
    ASSERT_TRUE(testing::read_file(*in_medium_) == model_) << "the medium " << when;
  }

  void open(int flags) { file_.emplace(path_, O_RDWR | flags); }
  void close() {
    ASSERT_EQ(file_->close(), 0) << mount_.errors();
    expect_all("after a close");
    expect_medium("after a close");
  }
  void expect_all(const char* when) {
    const auto bytes = testing::read_file(path_);
    ASSERT_TRUE(bytes) << when;
    ASSERT_EQ(bytes->size(), model_.size()) << when;
    const auto differs = std::ranges::mismatch(*bytes, model_).in1 - bytes->begin();
    ASSERT_TRUE(*bytes == model_) << when << ": differs at " << differs;
    ASSERT_EQ(testing::stat_of(path_).st_size, static_cast<off_t>(model_.size())) << when;
  }

 public:
  void read();
  void write();
  void append();
  void truncate();
  void map_and_read();
  void map_and_write();
  void allocate();
  void punch();
  void reopen();

 protected:
  const Path path_ = at("random.bin");
  const std::optional<Path> in_medium_ =
      GetParam() == std::string_view{"file"} ? std::optional{sandbox_ / "medium/random.bin"} : std::nullopt;
  std::minstd_rand random_{seed()};
  std::string model_;
  std::optional<Handle> file_;
};
INSTANTIATE_TEST_SUITE_P(Media, RandomAccess, ::testing::Values("file", "memory"), medium_name);

void RandomAccess::read() {
  const std::size_t offset = below(model_.size() + 100);
  std::string bytes(some_length(), '\0');
  const ssize_t count = ::pread(file_->get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
  ASSERT_GE(count, 0);
  bytes.resize(static_cast<std::size_t>(count));
  ASSERT_TRUE(bytes == (offset < model_.size() ? model_.substr(offset, std::max<std::size_t>(bytes.size(), 1)) : ""))
      << offset;
}

void RandomAccess::write() {
  const std::string bytes = some_bytes(some_length());
  const std::size_t offset = below(std::min(longest, model_.size() + 5000));
  ASSERT_EQ(file_->write_at(bytes, static_cast<off_t>(offset)), 0);
  put_into_model(bytes, offset);
}

void RandomAccess::append() {
  if (model_.size() > longest) return;
  const std::string bytes = some_bytes(some_length());
  // Through another handle, as a second program would.
  Handle other{path_, O_WRONLY | O_APPEND};
  ASSERT_EQ(other.write(bytes), 0);
  put_into_model(bytes, model_.size());
  ASSERT_EQ(other.close(), 0);
}

void RandomAccess::truncate() {
  const std::size_t size = 1 + below(std::min(longest, model_.size() + 5000));
  if (below(2) == 0) {
    ASSERT_EQ(error_of(::ftruncate(file_->get(), static_cast<off_t>(size))), 0);
  } else {
    ASSERT_EQ(shorten(path_, static_cast<off_t>(size)), 0) << mount_.errors();
  }
  model_.resize(size);
}

void RandomAccess::map_and_read() {
  if (model_.empty()) return;
  void* const map = ::mmap(nullptr, model_.size(), PROT_READ, MAP_SHARED, file_->get(), 0);
  ASSERT_NE(map, MAP_FAILED);
  EXPECT_TRUE(std::string_view(static_cast<const char*>(map), model_.size()) == model_);
  ASSERT_EQ(::munmap(map, model_.size()), 0);
}

void RandomAccess::map_and_write() {
  if (model_.empty()) return;
  void* const map = ::mmap(nullptr, model_.size(), PROT_READ | PROT_WRITE, MAP_SHARED, file_->get(), 0);
  ASSERT_NE(map, MAP_FAILED);
  const std::size_t offset = below(model_.size());
  const std::string bytes = some_bytes(std::min(some_length(), model_.size() - offset));
  std::ranges::copy(bytes, static_cast<char*>(map) + offset);
  put_into_model(bytes, offset);
  ASSERT_EQ(::msync(map, model_.size(), MS_SYNC), 0);
  ASSERT_EQ(::munmap(map, model_.size()), 0);
}

void RandomAccess::allocate() {
  const std::size_t offset = below(std::min(longest, model_.size() + 5000)), length = some_length();
  const bool keep_size = below(2) == 0;
  ASSERT_EQ(::fallocate(file_->get(), keep_size ? FALLOC_FL_KEEP_SIZE : 0, static_cast<off_t>(offset),
                        static_cast<off_t>(length)),
            0);
  if (!keep_size) model_.resize(std::max(model_.size(), offset + length));
}

void RandomAccess::punch() {
  const std::size_t offset = below(model_.size() + 1), length = some_length();
  ASSERT_EQ(::fallocate(file_->get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                        static_cast<off_t>(length)),
            0);
  const std::size_t zeroed = std::min(length, model_.size() - offset);
  model_.replace(offset, zeroed, std::string(zeroed, '\0'));
}

void RandomAccess::reopen() {
  if (below(4) == 0) {
    ASSERT_EQ(error_of(::fsync(file_->get())), 0);
    expect_all("after fsync");
    expect_medium("after fsync");
    return;
  }
  close();
  if (HasFatalFailure()) return;
  if (below(20) == 0) {
    open(O_TRUNC);
    model_.clear();
  } else {
    open(0);
  }
}

TEST_P(RandomAccess, AgreesWithAModel) {
  using Operation = void (RandomAccess::*)();
  const std::pair<Operation, const char*> all[] = {
      {&RandomAccess::read, "read"},         {&RandomAccess::read, "read"},
      {&RandomAccess::write, "write"},       {&RandomAccess::write, "write"},
      {&RandomAccess::append, "append"},     {&RandomAccess::truncate, "truncate"},
      {&RandomAccess::allocate, "allocate"}, {&RandomAccess::punch, "punch"},
      {&RandomAccess::map_and_read, "map and read"}, {&RandomAccess::map_and_write, "map and write"},
      {&RandomAccess::reopen, "reopen"}};
  std::cout << "MAPISTORE_TEST_SEED=" << seed() << "\n";
  std::vector<std::string> past;
  open(O_CREAT | O_EXCL);
  for (int i = 0; i < operations; ++i) {
    const auto& [operation, name] = all[below(std::size(all))];
    past.emplace_back(name);
    (this->*operation)();
    if (!HasFailure()) continue;
    std::string last;
    for (std::size_t at = past.size() - std::min<std::size_t>(past.size(), 12); at < past.size(); ++at)
      last += past[at] + ", ";
    FAIL() << "operation " << i << "; the last were " << last;
  }
  close();
}

}  // namespace
}  // namespace mapistore::mount_tests::random_access_test
