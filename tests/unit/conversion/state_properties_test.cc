#include "core/conversion/state_properties.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/properties/known_properties.h"
#include "core/properties/system_time.h"

namespace mapistore::state_properties_test {
namespace {

using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

const Time some_time = Time(1'709'629'200s);

PropertyBag shown(MessageKind kind, const State& state, PropertyBag derived = {}) {
  show_state(kind, state, some_time, derived);
  return derived;
}

/// What is left of a state that `wanted` is written over.
Result<StateAndTime> changed(MessageKind kind, const State& state, const PropertyBag& derived,
                             const PropertyBag& wanted) {
  return change_state(kind, derived, shown(kind, state, derived), wanted, {state, some_time});
}

State all_set() {
  State state;
  state.read = state.flagged = state.answered = state.draft = true;
  state.importance = 2;
  state.categories = {"red", "blue, light"};
  return state;
}

template <class T>
T value_of(const PropertyBag& bag, const PropertyId& id) {
  const T* found = bag.get<T>(id);
  EXPECT_NE(found, nullptr);
  return found == nullptr ? T{} : *found;
}

TEST(StateProperties, ShowTheState) {
  const PropertyBag bag = shown(MessageKind::mail, all_set());
  EXPECT_EQ(value_of<std::int32_t>(bag, tag::message_flags), 0x9);
  EXPECT_EQ(value_of<std::int32_t>(bag, tag::flag_status), 2);
  EXPECT_EQ(value_of<std::int32_t>(bag, tag::last_verb_executed), 102);
  EXPECT_EQ(value_of<std::int32_t>(bag, tag::importance), 2);
  EXPECT_EQ(value_of<Strings>(bag, PropertyName(pname::keywords)), (Strings{"red", "blue, light"}));
  EXPECT_EQ(value_of<SystemTime>(bag, tag::message_delivery_time), to_system_time(some_time));
}

TEST(StateProperties, SayNothingOfWhatIsNotSet) {
  const PropertyBag bag = shown(MessageKind::mail, {});
  EXPECT_EQ(value_of<std::int32_t>(bag, tag::message_flags), 0);
  EXPECT_EQ(value_of<std::int32_t>(bag, tag::importance), 1);
  for (const PropertyId& id :
       {PropertyId(tag::flag_status), PropertyId(tag::last_verb_executed), PropertyId(PropertyName(pname::keywords))})
    EXPECT_FALSE(bag.contains(id));
}

TEST(StateProperties, TellForwardedRatherThanAnswered) {
  State state;
  state.answered = state.forwarded = true;
  EXPECT_EQ(value_of<std::int32_t>(shown(MessageKind::mail, state), tag::last_verb_executed), 104);
}

TEST(StateProperties, KeepWhatTheBytesTell) {
  PropertyBag derived;
  derived.set(tag::message_flags, std::int32_t{0x11});  // read, and with attachments
  derived.set(tag::importance, std::int32_t{0});
  derived.set(PropertyName(pname::keywords), Strings{"of the bytes"});
  derived.set(tag::last_modification_time, SystemTime{7});
  const PropertyBag bag = shown(MessageKind::contact, {}, derived);
  EXPECT_EQ(value_of<std::int32_t>(bag, tag::message_flags), 0x10);  // the medium knows better who has read it
  EXPECT_EQ(value_of<std::int32_t>(bag, tag::importance), 0);
  EXPECT_EQ(value_of<Strings>(bag, PropertyName(pname::keywords)), Strings{"of the bytes"});
  EXPECT_EQ(value_of<SystemTime>(bag, tag::last_modification_time), SystemTime{7});
  derived.set(tag::message_delivery_time, SystemTime{7});
  EXPECT_EQ(value_of<SystemTime>(shown(MessageKind::mail, {}, derived), tag::message_delivery_time),
            to_system_time(some_time));
}

TEST(StateProperties, ReadBackAsTheState) {
  for (const MessageKind kind : {MessageKind::mail, MessageKind::contact, MessageKind::note}) {
    const auto same = changed(kind, {}, {}, shown(kind, {}));
    ASSERT_TRUE(same);
    EXPECT_EQ(same->state, State{});
    EXPECT_EQ(same->received, some_time);
  }
  const auto set = changed(MessageKind::mail, {}, {}, shown(MessageKind::mail, all_set()));
  ASSERT_TRUE(set);
  EXPECT_EQ(set->state, all_set());
  const auto cleared = changed(MessageKind::mail, all_set(), {}, shown(MessageKind::mail, {}));
  ASSERT_TRUE(cleared);
  EXPECT_EQ(cleared->state, State{});
}

TEST(StateProperties, ChangeOneByOne) {
  PropertyBag wanted = shown(MessageKind::mail, {});
  wanted.set(tag::last_verb_executed, std::int32_t{103});  // to all
  wanted.set(tag::message_delivery_time, SystemTime{116'444'736'000'000'000 + 10'000'000});
  const auto answered = changed(MessageKind::mail, {}, {}, wanted);
  ASSERT_TRUE(answered);
  EXPECT_TRUE(answered->state.answered);
  EXPECT_FALSE(answered->state.forwarded);
  EXPECT_EQ(answered->received, Time(1s));
  wanted.set(tag::last_verb_executed, std::int32_t{104});
  wanted.set(tag::flag_status, std::int32_t{1});  // complete
  const auto forwarded = changed(MessageKind::mail, {}, {}, wanted);
  ASSERT_TRUE(forwarded);
  EXPECT_TRUE(forwarded->state.forwarded);
  EXPECT_FALSE(forwarded->state.answered);
  EXPECT_FALSE(forwarded->state.flagged);
}

TEST(StateProperties, LeaveTheContentOfCalendarsAndContactsAlone) {
  PropertyBag derived;
  derived.set(tag::importance, std::int32_t{1});
  PropertyBag wanted = shown(MessageKind::appointment, {}, derived);
  wanted.set(tag::importance, std::int32_t{2});
  wanted.set(PropertyName(pname::keywords), Strings{"red"});
  const auto kept = changed(MessageKind::appointment, {}, derived, wanted);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->state, State{});  // both are lines of the file
  EXPECT_FALSE(is_state_property(MessageKind::appointment, derived, {}, tag::importance));
  EXPECT_FALSE(is_state_property(MessageKind::contact, {}, {}, PropertyName(pname::keywords)));
  EXPECT_TRUE(is_state_property(MessageKind::mail, {}, {}, PropertyName(pname::keywords)));
  EXPECT_FALSE(is_state_property(MessageKind::mail, {}, {}, tag::subject));
}

TEST(StateProperties, OnceOfTheMediumStayOfTheMedium) {
  State state;
  state.categories = {"red"};
  PropertyBag derived;
  derived.set(PropertyName(pname::keywords), Strings{"of the bytes"});
  EXPECT_TRUE(is_state_property(MessageKind::contact, derived, state, PropertyName(pname::keywords)));
  EXPECT_EQ(value_of<Strings>(shown(MessageKind::contact, state, derived), PropertyName(pname::keywords)),
            Strings{"red"});
}

TEST(StateProperties, RefuseOtherTypesAndRanges) {
  const std::vector<Property> wrong = {{tag::message_flags, true},
                                       {tag::flag_status, std::string("2")},
                                       {tag::last_verb_executed, std::int16_t{102}},
                                       {tag::importance, std::int32_t{3}},
                                       {tag::importance, std::int32_t{-1}},
                                       {PropertyName(pname::keywords), std::string("red")},
                                       {PropertyName(pname::keywords), Strings{"red", ""}},
                                       {PropertyName(pname::keywords), Strings{"red\nblue"}},
                                       {PropertyName(pname::keywords), Strings{std::string("red\0", 4)}},
                                       {tag::message_delivery_time, std::int32_t{0}}};
  for (const Property& property : wrong) {
    PropertyBag wanted = shown(MessageKind::mail, {});
    wanted.set(property.id, property.value);
    const auto refused = changed(MessageKind::mail, {}, {}, wanted);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid_content);
  }
}

TEST(StateProperties, ComputedOnesAreNeverTaken) {
  EXPECT_TRUE(is_computed(tag::change_key));
  EXPECT_TRUE(is_computed(tag::display_to));
  EXPECT_FALSE(is_computed(tag::subject));
  EXPECT_FALSE(is_computed(PropertyTag(0x6abc, PropertyType::long_integer)));
}

TEST(StateProperties, TimesGoBothWaysAsFarAsBothReach) {
  for (const Time time : {Time{}, some_time, Time(-1s), Time(1ns * 100)})
    EXPECT_EQ(to_time(to_system_time(time)), time);
  EXPECT_EQ(to_system_time(Time{}), SystemTime{116'444'736'000'000'000});
  EXPECT_EQ(to_time(to_system_time(Time(199ns))), Time(100ns));
  EXPECT_EQ(to_time(to_system_time(Time(-1ns))), Time(-100ns));
  EXPECT_LT(to_time(SystemTime{0}), Time(-290 * 365 * 24h));
  EXPECT_GT(to_time(SystemTime{std::numeric_limits<std::uint64_t>::max()}), Time(200 * 365 * 24h));
}

}  // namespace
}  // namespace mapistore::state_properties_test
