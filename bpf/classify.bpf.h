/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * From the value of a fact to its class (struct dg_var). Exact values are found by hash, in one
 * probe; only what is none of them goes through the intervals or the automaton.
 *
 * All functions here return false when the tables are damaged.
 */
#pragma once

#include "tables.bpf.h"

#define DG_SEARCH_STEPS 32 /* halvings of at most 2^32 elements */
#define DG_STRING_WORDS 32 /* of struct dg_string */
#define DG_DIGEST_WORDS ((int)(sizeof(struct dg_digest_fact) / 8))

typedef const volatile struct dg_var *dg_var_ptr;

/* Word @i of a string's @count words; what lies behind the value does not count. */
static __always_inline __u64 dg_string_word(const struct dg_string *string, __u32 i, __u32 count)
{
	const __u64 *words = (const __u64 *)string;
	__u64 word;

	asm volatile("" : "+r"(i));
	if (i >= DG_STRING_WORDS)
		return 0;
	word = words[i];
	if (i + 1 == count)
		word &= ~0ULL >> ((7 - (string->len & 7)) * 8);
	return word;
}

/* The entry where a value with @hash must be, if anywhere. */
static __always_inline const volatile struct dg_exact_entry *dg_hash_entry(dg_var_ptr var,
									   __u64 hash)
{
	__u64 off = var->hash_off, entries;
	__u32 buckets = var->hash_buckets, slots = var->hash_slots, displacement;

	entries = off + (((__u64)buckets * 4 + 7) & ~7ULL);
	if (!DG_READ(__u32, off + (__u64)dg_hash_bucket(hash, buckets) * 4, &displacement))
		return NULL;
	return dg_tables_at(entries + (__u64)dg_hash_slot(hash, displacement, slots) *
					      sizeof(struct dg_exact_entry),
			    sizeof(struct dg_exact_entry));
}

/* The class of @value among the intervals. */
static __always_inline bool dg_search_intervals(dg_var_ptr var, __u64 value, __u32 *ret)
{
	__u32 low = 0, high = var->data_count;
	__u64 off = var->data_off, bound;

	int i;

	bpf_for (i, 0, DG_SEARCH_STEPS) {
		__u32 middle = low + (high - low) / 2;

		if (high - low <= 1)
			break;
		if (!DG_READ(__u64, off + (__u64)middle * sizeof(struct dg_interval), &bound))
			return false;
		if (bound <= value)
			low = middle;
		else
			high = middle;
	}
	return DG_READ(__u32,
		       off + (__u64)low * sizeof(struct dg_interval) +
			       __builtin_offsetof(struct dg_interval, class),
		       ret);
}

static __noinline int dg_classify_number(dg_var_ptr var, __u64 value, __u32 *ret)
{
	const volatile struct dg_exact_entry *entry;

	if (var->hash_slots) {
		entry = dg_hash_entry(var, dg_hash_step(dg_hash_start(var->hash_seed), value));
		if (!entry)
			return -1;
		if (entry->word == value && entry->class) {
			*ret = entry->class;
			return 0;
		}
	}
	return dg_search_intervals(var, value, ret) ? 0 : -1;
}

/* Where the automaton ends after the string. */
static __always_inline bool dg_run_automaton(dg_var_ptr var, const struct dg_string *string,
					     __u32 *ret)
{
	__u64 dfa = var->data_off, states = dfa + sizeof(struct dg_dfa);
	__u32 state = 0, stride, next;
	int i, len = string->len;
	__u8 column;

	if (!DG_READ(__u32, dfa + __builtin_offsetof(struct dg_dfa, stride), &stride))
		return false;
	bpf_for (i, 0, len) {
		__u32 at = i;

		asm volatile("" : "+r"(at));
		if (at >= DG_STR_BYTES)
			break;
		if (!DG_READ(__u8,
			     dfa + __builtin_offsetof(struct dg_dfa, byte_class) +
				     string->bytes[at],
			     &column) ||
		    !DG_READ(__u32, states + ((__u64)state + column) * 4, &next))
			return false;
		state = next;
	}
	return DG_READ(__u32, states + ((__u64)state + stride - 1) * 4, ret);
}

/* Are the words of @string from the second on those at @off? 1, 0, or -1. */
static __always_inline int dg_same_string(const struct dg_string *string, __u32 count, __u64 off)
{
	__u64 word;

	int i;

	bpf_for (i, 1, (int)count) {
		if (!DG_READ(__u64, off + (__u64)i * 8, &word))
			return -1;
		if (word != dg_string_word(string, (__u32)i, count))
			return 0;
	}
	return 1;
}

static __noinline int dg_classify_string(dg_var_ptr var, const struct dg_string *string, __u32 *ret)
{
	const volatile struct dg_exact_entry *entry;
	__u32 count = string->len / 8 + 1, class;
	int i, same;
	__u64 hash;

	if (var->hash_slots) {
		hash = dg_hash_start(var->hash_seed);
		bpf_for (i, 0, (int)count)
			hash = dg_hash_step(hash, dg_string_word(string, (__u32)i, count));
		entry = dg_hash_entry(var, hash);
		if (!entry)
			return -1;
		class = entry->class;
		if (class && entry->word == dg_string_word(string, 0, count)) {
			same = count == 1 ? 1 : dg_same_string(string, count, entry->words);
			if (same < 0)
				return -1;
			if (same) {
				*ret = class;
				return 0;
			}
		}
	}
	if (var->data_count)
		return dg_run_automaton(var, string, ret) ? 0 : -1;
	*ret = var->rest;
	return 0;
}

static __noinline int dg_classify_digest(dg_var_ptr var, const struct dg_facts_more *more,
					 __u32 *ret)
{
	const volatile struct dg_exact_entry *entry;
	__u32 fact = var->fact;
	const __u64 *words;
	__u64 hash, word;
	int i;

	if (fact >= DG_DIGEST_SLOTS)
		return -1;
	*ret = 0;
	if (!(more->known_digest[fact / 64] >> (fact & 63) & 1))
		return 0;
	*ret = var->rest;
	if (!var->hash_slots)
		return 0;
	words = (const __u64 *)&more->digest[fact];
	hash = dg_hash_start(var->hash_seed);
#pragma unroll
	for (i = 0; i < DG_DIGEST_WORDS; i++)
		hash = dg_hash_step(hash, words[i]);
	entry = dg_hash_entry(var, hash);
	if (!entry)
		return -1;
	if (!entry->class || entry->word != words[1])
		return 0;
#pragma unroll
	for (i = 0; i < DG_DIGEST_WORDS; i++) {
		if (!DG_READ(__u64, (__u64)entry->words + i * 8, &word))
			return -1;
		if (word != words[i])
			return 0;
	}
	*ret = entry->class;
	return 0;
}

/* One more element of a set, of class @class: where the set's automaton goes from *@state. */
static __always_inline bool dg_set_step(dg_var_ptr var, __u32 class, __u32 *state)
{
	return DG_READ(__u32, (__u64)var->set_off + ((__u64)*state + class) * 4, state);
}

static __always_inline bool dg_set_numbers(dg_var_ptr var, const struct dg_number_set *set,
					   __u32 *state)
{
	__u32 class = 0;
	int i;

	bpf_for (i, 0, DG_SET_NUMBERS) {
		__u32 at = i;

		asm volatile("" : "+r"(at));
		if (at >= set->count || at >= DG_SET_NUMBERS)
			break;
		if (dg_classify_number(var, set->value[at], &class) ||
		    !dg_set_step(var, class, state))
			return false;
	}
	return true;
}

static __always_inline bool dg_set_strings(dg_var_ptr var, const struct dg_string_set *set,
					   __u32 *state)
{
	__u32 class = 0;
	int i;

	bpf_for (i, 0, DG_SET_STRINGS) {
		__u32 at = i;

		asm volatile("" : "+r"(at));
		if (at >= set->count || at >= DG_SET_STRINGS)
			break;
		if (dg_classify_string(var, &set->str[at], &class) ||
		    !dg_set_step(var, class, state))
			return false;
	}
	return true;
}

static __noinline int dg_classify_set(dg_var_ptr var, const struct dg_facts_more *more, __u32 *ret)
{
	__u32 fact = var->fact, state = 0;
	bool good;

	if (fact >= DG_SET_MAX)
		return -1;
	if (!(more->known_set >> fact & 1)) {
		*ret = 0;
		return 0;
	}
	if (fact == DG_SET_USB_INTERFACES)
		good = dg_set_numbers(var, &more->usb_interfaces, &state);
	else if (fact == DG_SET_ACPI_IDS)
		good = dg_set_strings(var, &more->acpi_ids, &state);
	else
		good = dg_set_strings(var, &more->of_compatible, &state);
	if (!good || !DG_READ(__u32, (__u64)var->set_off + (__u64)state * 4, ret))
		return -1;
	return 0;
}

/* The class of the variable. 0, or -1 when the tables are damaged. */
static __always_inline int dg_classify(dg_var_ptr var, const struct dg_facts *facts,
				       const struct dg_facts_more *more,
				       const struct dg_query *query, __u32 *ret)
{
	__u32 fact = var->fact;
	__u64 value;

	switch (var->kind) {
	case DG_VAR_NUM:
		if (fact >= DG_NUM_SLOTS)
			return -1;
		if (!(facts->known_num >> fact & 1)) {
			*ret = 0;
			return 0;
		}
		value = facts->num[fact] & var->mask;
		break;
	case DG_VAR_STR:
		if (fact >= DG_STR_SLOTS)
			return -1;
		if (!(facts->known_str >> fact & 1)) {
			*ret = 0;
			return 0;
		}
		return dg_classify_string(var, &facts->str[fact], ret);
	case DG_VAR_SET:
		*ret = 0; /* the kernel does not tell them yet */
		return more ? dg_classify_set(var, more, ret) : 0;
	case DG_VAR_TIME:
		value = query->time;
		break;
	case DG_VAR_CLOCK:
		*ret = query->clock_synced ? 1 : 2;
		return 0;
	default:
		return -1;
	}
	return dg_classify_number(var, value, ret);
}
