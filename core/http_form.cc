#include "core/http_form.h"

#include <curl/curl.h>

#include <memory>

#include "core/secret_text.h"

namespace mapistore {
namespace {

constexpr std::size_t largest_answer = 64 * 1024;

struct Free {
  void operator()(CURL* handle) const noexcept { ::curl_easy_cleanup(handle); }
  void operator()(CURLU* url) const noexcept { ::curl_url_cleanup(url); }
  void operator()(curl_slist* list) const noexcept { ::curl_slist_free_all(list); }
};

/// A part of `url`; empty if it has none.
std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (::curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  std::string found{text};
  ::curl_free(text);
  return found;
}

bool is_this_machine(std::string_view host) {
  const bool is_number = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "[::1]" || (is_number && host.starts_with("127."));
}

/// 0 ends the transfer.
std::size_t take(const char* bytes, std::size_t size, std::size_t count, void* answer) {
  auto& body = static_cast<HttpAnswer*>(answer)->body;
  if (size * count > largest_answer - body.size()) return 0;
  body.append(bytes, size * count);
  return size * count;
}

Error failure(CURLcode code, const std::string& url) {
  const auto about = [&](Errc kind, std::string_view hint) {
    return Error{kind, url, ::curl_easy_strerror(code), std::string(hint)};
  };
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return about(Errc::unreachable, "check the name and the network");
    case CURLE_COULDNT_CONNECT: return about(Errc::connection_refused, "try later");
    case CURLE_OPERATION_TIMEDOUT: return about(Errc::timed_out, "try later");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return about(Errc::invalid_configuration, "its certificate is not trusted: set tls_ca if it is one of your own");
    case CURLE_WRITE_ERROR: return {Errc::io, url, "answers more than 64 KiB", "check token_url"};
    default: return about(Errc::io, "check token_url");
  }
}

/// Once in a process, before any other use.
bool is_ready() {
  static const CURLcode done = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  return done == CURLE_OK;
}

}  // namespace

std::string encode_form(const FormFields& fields) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' ||
           c == '_';
  };
  std::string form;
  // No growing, which would leave copies of secrets behind.
  std::size_t most = 0;
  for (const auto& [name, value] : fields) most += 2 + 3 * (name.size() + value.size());
  form.reserve(most);
  const auto add = [&](std::string_view text) {
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (is_plain(c))
        form += c;
      else
        form.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
  };
  for (const auto& [name, value] : fields) {
    if (!form.empty()) form += '&';
    add(name);
    form += '=';
    add(value);
  }
  return form;
}

Result<> check_form_url(const std::string& url) {
  const std::unique_ptr<CURLU, Free> parsed{::curl_url()};
  if (!parsed || ::curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK)
    return fail(Errc::invalid_configuration, {}, "is not a URL", "write https://HOST/PATH");
  if (!part_of(parsed.get(), CURLUPART_USER).empty() || !part_of(parsed.get(), CURLUPART_PASSWORD).empty())
    return fail(Errc::invalid_configuration, {}, "must not hold a user or a password");
  const std::string scheme = part_of(parsed.get(), CURLUPART_SCHEME);
  if (scheme == "https" || (scheme == "http" && is_this_machine(part_of(parsed.get(), CURLUPART_HOST)))) return {};
  return fail(Errc::invalid_configuration, {}, "is not encrypted", "write https://HOST/PATH");
}

Result<HttpAnswer> post_form(const std::string& url, const FormFields& fields, const std::filesystem::path& authorities,
                             std::chrono::milliseconds limit) {
  MAPISTORE_CHECK(check_form_url(url));
  const std::unique_ptr<CURL, Free> handle{is_ready() ? ::curl_easy_init() : nullptr};
  const std::unique_ptr<curl_slist, Free> headers{::curl_slist_append(nullptr, "Accept: application/json")};
  if (!handle || !headers) return fail(Errc::no_memory, url);
  std::string form = encode_form(fields);
  HttpAnswer answer;
  answer.body.reserve(largest_answer);
  const auto set = [&](CURLoption option, auto value) { ::curl_easy_setopt(handle.get(), option, value); };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(form.size()));
  set(CURLOPT_POSTFIELDS, form.c_str());
  set(CURLOPT_WRITEFUNCTION, &take);
  set(CURLOPT_WRITEDATA, &answer);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!authorities.empty()) set(CURLOPT_CAINFO, authorities.c_str());
  // What is not encrypted stays on this machine.
  if (url.starts_with("http:")) set(CURLOPT_PROXY, "");
  const CURLcode done = ::curl_easy_perform(handle.get());
  SecretText::wipe(form);
  if (done != CURLE_OK) {
    SecretText::wipe(answer.body);
    return std::unexpected(failure(done, url));
  }
  ::curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

}  // namespace mapistore
