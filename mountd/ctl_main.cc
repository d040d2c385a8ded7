#include "mountd/command.h"

int main(int count, char** arguments) {
  return mapistore::ctl::run({arguments, static_cast<std::size_t>(count)}, MAPISTOREFS_VERSION);
}
