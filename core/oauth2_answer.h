#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <mapistore/result.h>

#include "core/http_form.h"
#include "core/json.h"
#include "core/oauth2.h"

namespace mapistore {

/// The error that the code of a refusal means, with the way out; Errc::io if the code is not known.
Error oauth2_refusal(const std::string& object, const std::string& error, const std::string& description);

/// What an authorization server answered to a form (RFC 6749 section 5). Its texts are wiped with it.
class OAuth2Answer {
 public:
  /// Sends `fields`, and who asks, to `url`. Errors as of post_form.
  static Result<OAuth2Answer> to(const OAuth2Client& client, const std::string& url, FormFields fields,
                                 std::chrono::milliseconds limit);
  OAuth2Answer(OAuth2Answer&&) = default;
  ~OAuth2Answer();

  bool is_granted() const;
  /// The code of a refusal, such as "invalid_grant"; empty if none is told.
  std::string error() const { return text("error"); }
  std::string text(const char* member) const;
  /// A number, which some write as a string.
  std::optional<std::chrono::seconds> seconds(const char* member) const;

  /// The refusal as an error that names the way out.
  std::unexpected<Error> refusal() const;
  /// What was granted, of which the log is told; or the refusal.
  Result<OAuth2Tokens> tokens() const;

 private:
  OAuth2Answer(std::string url, long status, Json json)
      : url_{std::move(url)}, status_{status}, json_(std::move(json)) {}

  std::string url_;
  long status_;
  Json json_;
};

}  // namespace mapistore
