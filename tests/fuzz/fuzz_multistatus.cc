#include "backends/dav/multistatus.h"
#include "backends/dav/object_text.h"
#include "backends/dav/xml.h"
#include "tests/fuzz/check.h"

using namespace mapistore;

namespace {

void check_url(const dav::Url& url) {
  fuzz::check(url.path.starts_with('/'), "a path does not begin at the root");
  fuzz::check(url.path.find("/../") == std::string::npos && !url.path.ends_with("/.."), "a path leads up");
  fuzz::check(dav::Url::parse(url.text()) == url, "an address does not come back");
}

}  // namespace

/// An answer of a calendar server, or the text of an object.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::view_of(data, size);
  const dav::Url base = *dav::Url::parse("https://dav.example.org/home/cal/");
  if (const auto answer = dav::read_multistatus(std::string(text), base))
    for (const dav::Resource& resource : answer->resources) {
      check_url(resource.url);
      fuzz::check(resource.url.same_origin(base), "a resource is of another server");
      for (const dav::Url& home : resource.calendar_homes) check_url(home);
    }
  static_cast<void>(dav::read_error(std::string(text)));
  if (const auto url = base.resolve(text)) check_url(*url);
  const dav::Url child = base.child(text, false);
  if (!text.empty())
    fuzz::check(child.last_segment() == text && child.parent_path() == base.path, "a name does not come back");

  const dav::ObjectText object = dav::scan(text);
  if (dav::check_single(object, "x") && object.without_uid != 0)
    fuzz::check(dav::scan(dav::with_uid(text, "uid")).without_uid == 0, "an object has no UID yet");
  for (const unsigned attempt : {0u, 1u}) {
    const std::string shifted = dav::with_astral_shifted(text, attempt);
    fuzz::check(dav::has_astral(shifted) == dav::has_astral(text), "characters were lost");
  }
  return 0;
}
