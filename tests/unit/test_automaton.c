// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "automaton.h"
#include "glob.h"

static bool matches(const char *glob, const char *value)
{
	struct dg_pattern pattern = {.data = glob, .len = strlen(glob), .glob = true};
	struct dg_automaton a = {};
	bool result;

	cr_assert_eq(dg_automaton_build(&pattern, 1, DG_AUTOMATON_MAX_STATES, &a), 0, "\"%s\"",
		     glob);
	result = dg_automaton_run(&a, value, strlen(value)) != 0;
	cr_expect_eq(result, dg_glob_match(glob, strlen(glob), value, strlen(value)),
		     "the reference says otherwise of \"%s\" on \"%s\"", glob, value);
	dg_automaton_done(&a);
	return result;
}

Test(automaton, globs)
{
	cr_expect(matches("", ""));
	cr_expect(!matches("", "a"));
	cr_expect(matches("*", ""));
	cr_expect(matches("*", "anything"));
	cr_expect(matches("a*b*c", "axxbyyc"));
	cr_expect(!matches("a*b*c", "axxcyyb"));
	cr_expect(matches("*ab*ab*", "xabyabz"));
	cr_expect(!matches("*ab*ab*", "xaby"));
	cr_expect(matches("?", "x"));
	cr_expect(!matches("?", ""));
	cr_expect(!matches("?", "\xc3\xa9"), "? is one byte");
	cr_expect(matches("[a-c]", "b"));
	cr_expect(!matches("[!a-c]", "b"));
	cr_expect(matches("[!a-c]", "\xff"));
	cr_expect(matches("[-a]", "-"));
	cr_expect(matches("[a-]", "-"));
	cr_expect(matches("[\\]]", "]"));
	cr_expect(matches("[^]", "^"));
	cr_expect(matches("\\*", "*"));
	cr_expect(!matches("\\*", "x"));
}

Test(automaton, malformed_globs_are_refused)
{
	static const char *const globs[] = {"[", "[a", "[]", "[!]", "[c-a]", "a\\", "[a\\", "[a-"};

	for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++) {
		struct dg_pattern pattern = {
			.data = globs[i], .len = strlen(globs[i]), .glob = true};
		struct dg_automaton a = {};

		cr_expect_eq(dg_automaton_build(&pattern, 1, DG_AUTOMATON_MAX_STATES, &a), -EINVAL,
			     "\"%s\"", globs[i]);
	}
}

Test(automaton, an_exact_name_is_no_glob)
{
	const struct dg_pattern pattern = {.data = "a*", .len = 2};
	struct dg_automaton a = {};

	cr_assert_eq(dg_automaton_build(&pattern, 1, DG_AUTOMATON_MAX_STATES, &a), 0);
	cr_expect_neq(dg_automaton_run(&a, "a*", 2), 0);
	cr_expect_eq(dg_automaton_run(&a, "ab", 2), 0);
	dg_automaton_done(&a);
}

/* A string that two patterns match has a label of its own, with both. */
Test(automaton, labels_are_sets)
{
	const struct dg_pattern patterns[] = {{.data = "ab", .len = 2},
					      {.data = "a*", .len = 2, .glob = true},
					      {.data = "x", .len = 1}};
	struct dg_automaton a = {};
	uint32_t label;

	cr_assert_eq(dg_automaton_build(patterns, 3, DG_AUTOMATON_MAX_STATES, &a), 0);
	label = dg_automaton_run(&a, "ab", 2);
	cr_assert_eq(a.set_off[label + 1] - a.set_off[label], 2);
	cr_expect_eq(a.set_items[a.set_off[label]], 0);
	cr_expect_eq(a.set_items[a.set_off[label] + 1], 1);
	label = dg_automaton_run(&a, "x", 1);
	cr_assert_eq(a.set_off[label + 1] - a.set_off[label], 1);
	cr_expect_eq(a.set_items[a.set_off[label]], 2);
	dg_automaton_done(&a);
}

/* Patterns that are treated alike: the states that only told them apart go. */
Test(automaton, minimised_to_the_smallest)
{
	const struct dg_pattern patterns[] = {{.data = "ax", .len = 2}, {.data = "bx", .len = 2}};
	static const uint32_t alike[] = {1, 2, 2}, apart[] = {1, 2, 3};
	struct dg_automaton a = {};

	cr_assert_eq(dg_automaton_build(patterns, 2, DG_AUTOMATON_MAX_STATES, &a), 0);
	cr_assert_eq(dg_automaton_minimise(&a, alike), 0);
	cr_expect_eq(a.state_count, 4, "start, after a or b, end, no more: %u", a.state_count);
	cr_expect_eq(a.byte_class_count, 3, "a and b, x, the others: %u", a.byte_class_count);
	cr_expect_eq(dg_automaton_run(&a, "ax", 2), 2);
	cr_expect_eq(dg_automaton_run(&a, "bx", 2), 2);
	cr_expect_eq(dg_automaton_run(&a, "b", 1), 1);
	dg_automaton_done(&a);

	cr_assert_eq(dg_automaton_build(patterns, 2, DG_AUTOMATON_MAX_STATES, &a), 0);
	cr_assert_eq(dg_automaton_minimise(&a, apart), 0);
	cr_expect_eq(a.state_count, 6);
	cr_expect_neq(dg_automaton_run(&a, "ax", 2), dg_automaton_run(&a, "bx", 2));
	dg_automaton_done(&a);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* A glob over a, b and c. */
static void random_glob(uint32_t *state, char *ret)
{
	static const char *const parts[] = {"a", "b", "a", "b", "*", "*", "?", "[ab]", "[!a]", "c"};
	unsigned int count = next_random(state) % 6;

	*ret = 0;
	while (count-- > 0)
		strcat(ret, parts[next_random(state) % 10]);
}

static void check_labels(const struct dg_automaton *a, const struct dg_pattern *patterns,
			 uint32_t count, const char *value, size_t len)
{
	uint32_t label = dg_automaton_run(a, value, len), at = a->set_off[label];

	for (uint32_t p = 0; p < count; p++) {
		bool in = at < a->set_off[label + 1] && a->set_items[at] == p;

		cr_assert_eq(in, dg_glob_match(patterns[p].data, patterns[p].len, value, len),
			     "%s on %.*s", patterns[p].data, (int)len, value);
		at += in;
	}
	cr_assert_eq(at, a->set_off[label + 1]);
}

/* Sets of random globs, and every string of up to six letters: the labels are who matches. */
Test(automaton, labels_of_every_short_string, .timeout = 60)
{
	uint32_t state = 4711;

	for (unsigned int round = 0; round < 300; round++) {
		uint32_t count = 1 + next_random(&state) % 6;
		struct dg_pattern patterns[6];
		struct dg_automaton a = {};
		char globs[6][64], value[8];

		for (uint32_t p = 0; p < count; p++) {
			random_glob(&state, globs[p]);
			patterns[p] = (struct dg_pattern){
				.data = globs[p], .len = strlen(globs[p]), .glob = true};
		}
		cr_assert_eq(dg_automaton_build(patterns, count, DG_AUTOMATON_MAX_STATES, &a), 0);
		for (size_t len = 0, total = 1; len <= 6; len++, total *= 3)
			for (size_t n = 0; n < total; n++) {
				for (size_t i = 0, rest = n; i < len; i++, rest /= 3)
					value[i] = (char)('a' + rest % 3);
				check_labels(&a, patterns, count, value, len);
			}
		dg_automaton_done(&a);
	}
}

/* A hundred globs that begin with a star, or end with one, stay near the length of their text. */
Test(automaton, many_suffixes_and_prefixes)
{
	struct dg_pattern patterns[100];
	struct dg_automaton a = {};
	char globs[100][24];

	for (unsigned int prefix = 0; prefix < 2; prefix++) {
		for (unsigned int i = 0; i < 100; i++) {
			snprintf(globs[i], sizeof(globs[i]), prefix ? "drv-%03u-%c*" : "*-%03u-%c",
				 i * 7, 'a' + (int)(i % 26));
			patterns[i] = (struct dg_pattern){
				.data = globs[i], .len = strlen(globs[i]), .glob = true};
		}
		cr_assert_eq(dg_automaton_build(patterns, 100, DG_AUTOMATON_MAX_STATES, &a), 0);
		cr_expect_lt(a.state_count, 1000, "%u", a.state_count);
		check_labels(&a, patterns, 100, "drv-007-b-693-v", 15);
		check_labels(&a, patterns, 100, "drv-007-b", 9);
		dg_automaton_done(&a);
	}
}

/* Twenty globs `*x*` with their own letters have 2^20 states together: an error, not a wait. */
Test(automaton, too_big_is_an_error)
{
	struct dg_pattern patterns[20];
	char globs[20][4];
	struct dg_automaton a = {};

	for (size_t i = 0; i < 20; i++) {
		globs[i][0] = globs[i][2] = '*';
		globs[i][1] = (char)('a' + i);
		globs[i][3] = 0;
		patterns[i] = (struct dg_pattern){.data = globs[i], .len = 3, .glob = true};
	}
	cr_expect_eq(dg_automaton_build(patterns, 20, 1U << 18, &a), -E2BIG);
	cr_expect_null(a.next, "the output is untouched on failure");
}

/* The number of the set of globs that match, from a hash of it: few classes, so that states merge.
 */
static uint32_t class_by_reference(const struct dg_pattern *patterns, size_t count,
				   const char *value, size_t len)
{
	uint32_t set = 0;

	for (size_t i = 0; i < count; i++)
		set |= (uint32_t)dg_glob_match(patterns[i].data, patterns[i].len, value, len) << i;
	return 1 + __builtin_parity(set * 0x9e3779b9U);
}

static uint32_t class_of_label(const struct dg_automaton *a, uint32_t label)
{
	uint32_t set = 0;

	for (uint32_t i = a->set_off[label]; i < a->set_off[label + 1]; i++)
		set |= 1U << a->set_items[i];
	return 1 + __builtin_parity(set * 0x9e3779b9U);
}

/* Several globs at once, before and after minimising, on every short string over their letters. */
Test(automaton, random_globs_as_the_reference)
{
	static const char letters[] = "abc",
			  pieces[][5] = {"a", "b", "c", "?", "*", "[ab]", "[!a]"};
	uint32_t random = 12345;

	for (unsigned int round = 0; round < 300; round++) {
		struct dg_pattern patterns[6];
		struct dg_automaton a = {};
		char globs[6][40] = {};
		uint32_t classes[64];
		size_t count = 1 + round % 6;

		for (size_t i = 0; i < count; i++) {
			for (size_t k = 0; k < 1 + (random >> 20) % 5; k++) {
				random = random * 1664525 + 1013904223;
				strncat(globs[i], pieces[(random >> 24) % 7], 4);
			}
			patterns[i] = (struct dg_pattern){
				.data = globs[i], .len = strlen(globs[i]), .glob = true};
		}
		cr_assert_eq(dg_automaton_build(patterns, count, DG_AUTOMATON_MAX_STATES, &a), 0);
		cr_assert_leq(a.label_count, 64);
		for (uint32_t label = 0; label < a.label_count; label++)
			classes[label] = class_of_label(&a, label);
		cr_assert_eq(dg_automaton_minimise(&a, classes), 0);
		for (size_t number = 0; number < 4 * 4 * 4 * 4 * 4 * 4; number++) {
			char value[7];
			size_t len = 0;

			for (size_t rest = number; rest % 4; rest /= 4)
				value[len++] = letters[rest % 4 - 1];
			cr_assert_eq(dg_automaton_run(&a, value, len),
				     class_by_reference(patterns, count, value, len),
				     "round %u on \"%.*s\", the first of %zu globs is \"%s\"",
				     round, (int)len, value, count, globs[0]);
		}
		dg_automaton_done(&a);
	}
}
