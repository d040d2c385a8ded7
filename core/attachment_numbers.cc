#include "core/attachment_numbers.h"

#include <algorithm>
#include <charconv>

#include "core/properties/known_properties.h"

namespace mapistore {

namespace {

bool contains(const std::vector<std::int32_t>& numbers, std::int32_t number) {
  return std::ranges::find(numbers, number) != numbers.end();
}

/// The next number, then those in use.
std::vector<std::int32_t> parse(std::string_view text) {
  std::vector<std::int32_t> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    std::int32_t number = 0;
    const auto [stopped, error] = std::from_chars(at, end, number);
    if (error != std::errc{} || number < 1) return {};
    numbers.push_back(number);
    at = stopped == end ? end : stopped + 1;
  }
  return numbers;
}

}  // namespace

AttachmentNumbers AttachmentNumbers::read(const SideProperties& side, std::size_t count) {
  AttachmentNumbers read;
  if (const auto row = std::ranges::find(side, part, &SideProperty::part); row != side.end() && row->value) {
    const auto stored = parse(*row->value);
    if (stored.size() == count + 1) {
      read.next_ = stored.front();
      read.numbers_.assign(stored.begin() + 1, stored.end());
      return read;
    }
  }
  for (std::size_t at = 0; at < count; ++at) read.numbers_.push_back(read.next_++);
  return read;
}

void AttachmentNumbers::show(std::vector<Attachment>& attachments) const {
  for (std::size_t at = 0; at < std::min(attachments.size(), numbers_.size()); ++at)
    attachments[at].properties.set(tag::attach_number, numbers_[at]);
}

AttachmentNumbers AttachmentNumbers::take(std::vector<Attachment>& wanted) const {
  AttachmentNumbers taken;
  taken.next_ = next_;
  for (Attachment& attachment : wanted) {
    const std::int32_t* number = attachment.properties.get<std::int32_t>(tag::attach_number);
    const bool known = number != nullptr && contains(numbers_, *number) && !contains(taken.numbers_, *number);
    taken.numbers_.push_back(known ? *number : taken.next_++);
    attachment.properties.set(tag::attach_number, taken.numbers_.back());
  }
  return taken;
}

void AttachmentNumbers::translate(std::vector<Attachment>& wanted, const std::vector<Attachment>& derived) const {
  for (Attachment& attachment : wanted) {
    const std::int32_t* number = attachment.properties.get<std::int32_t>(tag::attach_number);
    const auto at = number == nullptr ? numbers_.end() : std::ranges::find(numbers_, *number);
    const auto place = static_cast<std::size_t>(at - numbers_.begin());
    const Property* own = place < derived.size() ? derived[place].properties.find(tag::attach_number) : nullptr;
    if (own != nullptr)
      attachment.properties.set(own->id, own->value);
    else
      attachment.properties.erase(tag::attach_number);
  }
}

void AttachmentNumbers::write(SideProperties& side) const {
  std::erase_if(side, [](const SideProperty& row) { return row.part == part; });
  bool usual = next_ == static_cast<std::int32_t>(numbers_.size()) + 1;
  for (std::size_t at = 0; at < numbers_.size(); ++at)
    usual = usual && numbers_[at] == static_cast<std::int32_t>(at) + 1;
  if (usual) return;
  std::string text = std::to_string(next_);
  for (const std::int32_t number : numbers_) text.append(" ").append(std::to_string(number));
  side.push_back({std::string(part), {}, std::move(text)});
  std::ranges::sort(side);
}

}  // namespace mapistore
