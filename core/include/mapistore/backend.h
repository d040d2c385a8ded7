#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <mapistore/context.h>
#include <mapistore/uri.h>

namespace mapistore {

/// Options of one top folder in a profile, beyond uri, role and read_only: key to text. With "oauth2" what Host::secret
/// answers is an access token (RFC 6749), and another once that one was refused.
using ContextOptions = std::map<std::string, std::string, std::less<>>;

/// Code for one kind of medium. Thread-safe. One object per process.
class MAPISTORE_API Backend {
 public:
  virtual ~Backend();

  /// The URI namespaces served, in lower case.
  virtual std::vector<std::string> namespaces() const = 0;

  /// The option names understood, for messages about a wrong one.
  virtual std::vector<std::string> option_names() const { return {}; }

  /// Opens the context that `uri` names. Connects; blocks until `call.deadline` at most. Makes at most a file or tables
  /// of its own, in a directory or database that is there: else Errc::not_found says how to create that.
  virtual Result<std::unique_ptr<Context>> open(const Call& call, const ContextUri& uri,
                                                const ContextOptions& options) = 0;
};

}  // namespace mapistore
