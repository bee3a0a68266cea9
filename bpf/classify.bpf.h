/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * From the value of a fact to its class (struct dg_var). Exact values are found by hash, in one
 * probe; only what is none of them goes through the intervals or the automaton.
 *
 * The functions give a class, or 0 when the tables are damaged: the class of what is known is never
 * 0. Those that take numbers alone are global, so that the verifier looks at them once and not at
 * each call; facts may be memory that can only be read, which a global function cannot take.
 */
#pragma once

#include "tables.bpf.h"

#define DG_DIGEST_WORDS ((int)(sizeof(struct dg_digest_fact) / 8))

typedef const volatile struct dg_var *dg_var_ptr;
typedef const volatile struct dg_exact_entry *dg_entry_ptr;

static __always_inline dg_var_ptr dg_var_at(__u64 at)
{
	return dg_tables_at(at, sizeof(struct dg_var));
}

/* The entry where a value with @hash must be, if anywhere. */
static __always_inline dg_entry_ptr dg_hash_entry(dg_var_ptr var, __u64 hash)
{
	__u64 off = var->hash_off, entries;
	__u32 buckets = var->hash_buckets, displacement;

	entries = off + (((__u64)buckets * 4 + 7) & ~7ULL);
	if (!DG_READ(__u32, off + (__u64)dg_hash_bucket(hash, buckets) * 4, &displacement))
		return NULL;
	return dg_tables_at(entries + (__u64)dg_hash_slot(hash, displacement, var->hash_slots) *
					      sizeof(struct dg_exact_entry),
			    sizeof(struct dg_exact_entry));
}

/* The class of @value among the intervals. */
static __always_inline __u32 dg_search_intervals(dg_var_ptr var, __u64 value)
{
	__u64 off = var->data_off, low = 0, high = var->data_count, middle, bound;
	__u32 class;

	low = dg_zero(value);
	while (high - low > 1) {
		DG_LOOP(spent);
		middle = (low + high) / 2;
		if (!DG_READ(__u64, off + middle * sizeof(struct dg_interval), &bound))
			return 0;
		if (bound <= value)
			low = middle;
		else
			high = middle;
	}
	if (DG_READ(__u32,
		    off + low * sizeof(struct dg_interval) +
			    __builtin_offsetof(struct dg_interval, class),
		    &class))
		return class;
spent:
	return 0;
}

/* The class of @value, of the variable at @at in the tables. */
__noinline __u32 dg_classify_number(__u64 at, __u64 value)
{
	dg_var_ptr var = dg_var_at(at);
	dg_entry_ptr entry;

	if (!var)
		return 0;
	if (var->hash_slots) {
		entry = dg_hash_entry(var, dg_hash_step(dg_hash_start(var->hash_seed), value));
		if (!entry)
			return 0;
		if (entry->word == value && entry->class)
			return entry->class;
	}
	return dg_search_intervals(var, value);
}

/* Word @i of a string. The verifier sees the bound at the read, whatever it knows of @i. */
static __always_inline __u64 dg_word(const struct dg_string *string, __u64 i)
{
	asm volatile("" : "+r"(i));
	return ((const __u64 *)string)[i & (sizeof(*string) / 8 - 1)];
}

/* Byte @i of a struct dg_string, in which the length is byte 0. */
static __always_inline __u8 dg_byte(const struct dg_string *string, __u64 i)
{
	asm volatile("" : "+r"(i));
	return ((const __u8 *)string)[i & (sizeof(*string) - 1)];
}

/* The last word of a string: what lies behind the value does not count. */
static __always_inline __u64 dg_last_word(const struct dg_string *string)
{
	__u32 len = string->len;

	return dg_word(string, len / 8) & ~0ULL >> (7 - (len & 7)) * 8;
}

/* Where the automaton ends after the string; mostly its first bytes tell. */
static __always_inline __u32 dg_run_automaton(dg_var_ptr var, const struct dg_string *string)
{
	__u64 off = var->data_off, states = off + sizeof(struct dg_dfa);
	const volatile struct dg_dfa *dfa = dg_tables_at(off, sizeof(*dfa));
	__u64 i = dg_zero(dg_word(string, 0)), left;
	__u32 state = i, bit;

	if (!dfa)
		return 0;
	if (string->len >= dfa->filter_bytes) {
		bit = dg_filter_bit(dg_word(string, 0) >> 8 & dfa->filter_mask);
		if (!(dfa->filter[bit / 64 & 3] >> (bit & 63) & 1))
			return dfa->filter_class;
	}
	for (left = string->len; left; left--) {
		DG_LOOP(spent);
		if (!DG_READ(__u32,
			     states + ((__u64)state + dfa->byte_class[dg_byte(string, ++i)]) * 4,
			     &state))
			return 0;
		if (state & DG_DFA_END)
			return state & ~DG_DFA_END;
	}
	if (DG_READ(__u32, states + ((__u64)state + dfa->stride - 1) * 4, &state))
		return state;
spent:
	return 0;
}

static __always_inline __u64 dg_hash_string(const struct dg_string *string, __u64 hash)
{
	__u64 i = dg_zero(dg_word(string, 0)), left;

	for (left = string->len / 8; left; left--) {
		DG_LOOP(spent);
		hash = dg_hash_step(hash, dg_word(string, i++));
	}
spent:
	return dg_hash_step(hash, dg_last_word(string));
}

/* Is @string the value of @entry? False also when its words are outside of the tables. */
static __always_inline bool dg_same_string(const struct dg_string *string, dg_entry_ptr entry)
{
	__u64 first = dg_word(string, 0), off = entry->words, i = dg_zero(first), word;
	__u64 left = string->len / 8;

	if (!left)
		return entry->word == dg_last_word(string);
	if (entry->word != first)
		return false;
	while (--left) {
		DG_LOOP(spent);
		i++;
		off += 8;
		if (!DG_READ(__u64, off, &word) || word != dg_word(string, i))
			return false;
	}
	return DG_READ(__u64, off + 8, &word) && word == dg_last_word(string);
spent:
	return false;
}

static __noinline __u32 dg_classify_string(dg_var_ptr var, const struct dg_string *string)
{
	dg_entry_ptr entry;

	if (string->len / 8 < var->exact_words) {
		entry = dg_hash_entry(var, dg_hash_string(string, dg_hash_start(var->hash_seed)));
		if (!entry)
			return 0;
		if (entry->class && dg_same_string(string, entry))
			return entry->class;
	}
	return var->data_count ? dg_run_automaton(var, string) : var->rest;
}

/* The class of digest @fact, which may be unknown. False when the tables are damaged. */
static __noinline int dg_classify_digest(dg_var_ptr var, const struct dg_facts_more *more,
					 __u32 fact, __u32 *ret)
{
	const __u64 *words = (const __u64 *)&more->digest[fact & (DG_DIGEST_SLOTS - 1)];
	dg_entry_ptr entry;
	__u64 hash, word;
	int i;

	*ret = 0;
	if (!(more->known_digest[fact / 64 & (DG_DIGEST_SLOTS / 64 - 1)] >> (fact & 63) & 1))
		return true;
	*ret = var->rest;
	if (!var->hash_slots)
		return true;
	hash = dg_hash_start(var->hash_seed);
#pragma unroll
	for (i = 0; i < DG_DIGEST_WORDS; i++)
		hash = dg_hash_step(hash, words[i]);
	entry = dg_hash_entry(var, hash);
	if (!entry)
		return false;
	if (!entry->class || entry->word != words[1])
		return true;
#pragma unroll
	for (i = 0; i < DG_DIGEST_WORDS; i++) {
		if (!DG_READ(__u64, (__u64)entry->words + i * 8, &word))
			return false;
		if (word != words[i])
			return true;
	}
	*ret = entry->class;
	return true;
}

/* One more element of a set, of class @class: where the set's automaton goes from *@state. */
static __always_inline bool dg_set_step(dg_var_ptr var, __u32 class, __u32 *state)
{
	return class && DG_READ(__u32, (__u64)var->set_off + ((__u64)*state + class) * 4, state);
}

static __always_inline bool dg_set_numbers(__u64 at, dg_var_ptr var,
					   const struct dg_number_set *set, __u32 *state)
{
	__u64 left = set->count, i = dg_zero(set->value[0]);

	if (left > DG_SET_NUMBERS)
		left = i + DG_SET_NUMBERS;
	for (; left; left--) {
		DG_LOOP(spent);
		if (!dg_set_step(var,
				 dg_classify_number(at, set->value[i++ & (DG_SET_NUMBERS - 1)]),
				 state))
			return false;
	}
	return true;
spent:
	return false;
}

static __always_inline bool dg_set_strings(dg_var_ptr var, const struct dg_string_set *set,
					   __u32 *state)
{
	__u64 left = set->count, i = dg_zero(dg_word(set->str, 0));

	if (left > DG_SET_STRINGS)
		left = i + DG_SET_STRINGS;
	for (; left; left--) {
		DG_LOOP(spent);
		if (!dg_set_step(var,
				 dg_classify_string(var, &set->str[i++ & (DG_SET_STRINGS - 1)]),
				 state))
			return false;
	}
	return true;
spent:
	return false;
}

static __noinline __u32 dg_classify_set(__u64 at, dg_var_ptr var, const struct dg_facts_more *more)
{
	__u32 fact = var->fact, state = dg_zero(more->known_set);
	bool good;

	if (fact == DG_SET_USB_INTERFACES)
		good = dg_set_numbers(at, var, &more->usb_interfaces, &state);
	else
		good = dg_set_strings(var, &more->acpi_ids + (fact == DG_SET_OF_COMPATIBLE),
				      &state);
	if (!good || !DG_READ(__u32, (__u64)var->set_off + (__u64)state * 4, &state))
		return 0;
	return state;
}
