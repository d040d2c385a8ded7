#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/posix.h>

namespace mapistore {

/// The state and properties of the messages of one folder on disk, for media whose files cannot hold them.
///
/// A directory beside the messages holds one readable JSON file for each message whose state is not the default or that
/// has properties beside its bytes.
/// Members that we do not know are kept. Format: docs/formats/state_file.md. Thread-safe; two writers of one message
/// must exclude each other.
class MAPISTORE_API StateFiles {
 public:
  struct Stored {
    State state;
    SideProperties properties;
    std::string identity;  ///< of the message when its state was written
    ChangeKey validator;   ///< empty: the message has no state file
  };

  /// A state file that is written but not yet in its place. `StateFiles` outlives it.
  class MAPISTORE_API Pending {
   public:
    Result<> commit();

   private:
    friend StateFiles;
    Pending(const StateFiles& owner, std::string file) : owner_{&owner}, file_{std::move(file)} {}

    const StateFiles* owner_;
    std::string file_;
    std::optional<posix::NewFile> content_;  ///< absent: there is nothing to say any more, so the file goes
  };

  /// The state files in the directory `name` of `folder`, both of which may yet lack one; `folder` outlives this.
  static Result<StateFiles> open(const posix::Directory& folder, std::string_view name);

  /// The name of the state file of a message.
  static std::string file_name(std::string_view message);
  /// The reverse; nothing when the message's name was too long to be kept whole, or `file` is no state file.
  static std::optional<std::string> message_name(std::string_view file);

  /// The names of all state files, for `file_name` to be looked up in.
  Result<std::vector<std::string>> list(const Call& call, Time now) const;
  /// Reads `file`. Errc::corrupted: it is not what we write; the hint says what to do.
  Result<Stored> read_file(const std::string& file) const;
  Result<Stored> read(std::string_view message) const { return read_file(file_name(message)); }
  /// Empty when the message has no state file.
  Result<ChangeKey> validator(std::string_view message) const;

  /// Writes what `message` will have once committed: of `change` the state and the properties. Whatever can fail for
  /// want of space fails here. Errc::too_large.
  Result<Pending> prepare(std::string_view message, const StateChange& change, std::string_view identity);
  /// Writes what `message` of `from` has, as what `new_message` will have once committed, which is when the message has
  /// moved. Fails as the other does; whoever moves then removes the state at `from`.
  Result<Pending> prepare(const StateFiles& from, std::string_view message, std::string_view new_message);
  Result<> remove(std::string_view message) const;
  /// Makes `file` the state file of `message`, in place of any.
  Result<> attach(const std::string& file, std::string_view message) const;

 private:
  StateFiles(const posix::Directory& folder, std::string name) : folder_{&folder}, name_{std::move(name)} {}
  Result<> create();
  Result<> write(Pending& pending, std::string_view text);

  const posix::Directory* folder_;
  std::string name_;
  std::unique_ptr<posix::Directory> directory_;  ///< null: there is none yet
};

}  // namespace mapistore
