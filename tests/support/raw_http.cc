#include "tests/support/raw_http.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace mapistore::testing {

namespace {

std::size_t append(char* bytes, std::size_t, std::size_t count, void* target) {
  static_cast<std::string*>(target)->append(bytes, count);
  return count;
}

std::string header_value(const std::string& headers, std::string_view name) {
  std::string lower = headers;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t at = lower.find("\r\n" + std::string(name) + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 4;
  return headers.substr(begin, headers.find("\r\n", begin) - begin);
}

}  // namespace

RawHttp::Reply RawHttp::send(std::string_view method, std::string_view path, std::string_view body,
                             const std::vector<std::string>& headers) const {
  const std::unique_ptr<CURL, decltype(&::curl_easy_cleanup)> handle{::curl_easy_init(), &::curl_easy_cleanup};
  const auto set = [&](CURLoption option, auto value) { ::curl_easy_setopt(handle.get(), option, value); };
  const std::string url = "http://127.0.0.1:" + std::to_string(port_) + std::string(path), verb(method);
  curl_slist* list = ::curl_slist_append(nullptr, "Expect:");
  for (const std::string& line : headers) list = ::curl_slist_append(list, line.c_str());
  const std::unique_ptr<curl_slist, decltype(&::curl_slist_free_all)> lines{list, &::curl_slist_free_all};
  Reply reply;
  std::string head;
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TIMEOUT, 20L);
  set(CURLOPT_CUSTOMREQUEST, verb.c_str());
  set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
  set(CURLOPT_USERPWD, credentials_.c_str());
  set(CURLOPT_HTTPHEADER, list);
  if (!body.empty()) {
    set(CURLOPT_POSTFIELDS, body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  }
  set(CURLOPT_WRITEFUNCTION, &append);
  set(CURLOPT_WRITEDATA, &reply.body);
  set(CURLOPT_HEADERFUNCTION, &append);
  set(CURLOPT_HEADERDATA, &head);
  if (const CURLcode done = ::curl_easy_perform(handle.get()); done != CURLE_OK)
    throw std::runtime_error(verb + " " + url + ": " + ::curl_easy_strerror(done));
  long status = 0;
  ::curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  reply.etag = header_value(head, "etag");
  for (const char* name : {"etag", "last-modified", "content-location", "preference-applied"})
    if (const std::string value = header_value(head, name); !value.empty())
      reply.about += std::string(name) + ": " + value + "\r\n";
  return reply;
}

RawHttp::Reply RawHttp::put(std::string_view path, std::string_view body) const {
  return send("PUT", path, body,
              {path.ends_with(".vcf") ? "Content-Type: text/vcard; charset=utf-8"
                                      : "Content-Type: text/calendar; charset=utf-8"});
}

RawHttp::Reply RawHttp::make_address_book(std::string_view path) const {
  return send("MKCOL", path,
              "<mkcol xmlns=\"DAV:\"><set><prop><resourcetype><collection/><addressbook "
              "xmlns=\"urn:ietf:params:xml:ns:carddav\"/></resourcetype></prop></set></mkcol>",
              {"Content-Type: application/xml"});
}

std::vector<std::string> RawHttp::list(std::string_view path) const {
  const std::string body = send("PROPFIND", path, "<propfind xmlns=\"DAV:\"><prop><getetag/></prop></propfind>",
                                {"Depth: 1", "Content-Type: application/xml"})
                               .body;
  std::vector<std::string> found;
  for (std::size_t at = body.find("href>"); at != std::string::npos; at = body.find("href>", at + 1)) {
    const std::size_t begin = at + 5, end = body.find('<', begin);
    if (body[begin] != '/') continue;  // the end of the element
    std::string href = body.substr(begin, end - begin);
    if (href != path) found.push_back(std::move(href));
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace mapistore::testing
