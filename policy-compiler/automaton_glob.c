/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* From the text of patterns to their elements. */
#include "automaton_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

void dg_elements_done(struct dg_elements *e)
{
	free(e->items);
	free(e->masks);
}

static void mask_add(struct dg_byte_mask *mask, uint8_t low, uint8_t high)
{
	for (unsigned int byte = low; byte <= high; byte++)
		mask->words[byte / 64] |= UINT64_C(1) << (byte % 64);
}

static int add_element(struct dg_elements *e, struct dg_element element)
{
	int r = dg_array_reserve(&e->items, &e->room, e->count + 1, sizeof(*e->items));

	if (r < 0)
		return r;
	e->items[e->count++] = element;
	return 0;
}

static int add_class(struct dg_elements *e, uint32_t pattern, const struct dg_byte_mask *mask)
{
	uint32_t class;
	int r;

	for (class = 0; class < e->mask_count; class ++)
		if (!memcmp(&e->masks[class], mask, sizeof(*mask)))
			break;
	if (class == e->mask_count) {
		r = dg_array_reserve(&e->masks, &e->mask_room, e->mask_count + 1,
				     sizeof(*e->masks));
		if (r < 0)
			return r;
		e->masks[e->mask_count++] = *mask;
	}
	return add_element(
		e,
		(struct dg_element){.kind = DG_ELEMENT_CLASS, .pattern = pattern, .class = class});
}

/* One byte of a bracket, an escape resolved. Returns the bytes consumed, 0 past the end. */
static size_t bracket_byte(const char *data, size_t len, uint8_t *ret)
{
	if (len == 0 || (data[0] == '\\' && len == 1))
		return 0;
	*ret = (uint8_t)(data[0] == '\\' ? data[1] : data[0]);
	return data[0] == '\\' ? 2 : 1;
}

/* Parse behind a '['. Returns the bytes consumed, the ']' included, or -EINVAL. */
static int parse_bracket(const char *data, size_t len, struct dg_byte_mask *ret)
{
	struct dg_byte_mask mask = {};
	bool negated = len > 0 && data[0] == '!';
	size_t at = negated, start = at, n;
	uint8_t low, high;

	while (at < len && data[at] != ']') {
		n = bracket_byte(data + at, len - at, &low);
		if (n == 0)
			return -EINVAL;
		at += n;
		high = low;
		if (at + 1 < len && data[at] == '-' && data[at + 1] != ']') {
			n = bracket_byte(data + at + 1, len - at - 1, &high);
			if (n == 0 || high < low)
				return -EINVAL;
			at += 1 + n;
		}
		mask_add(&mask, low, high);
	}
	if (at >= len || at == start)
		return -EINVAL;
	for (size_t i = 0; negated && i < 4; i++)
		mask.words[i] = ~mask.words[i];
	*ret = mask;
	return (int)(at + 1);
}

static int parse_glob(struct dg_elements *e, uint32_t index, const struct dg_pattern *pattern)
{
	struct dg_byte_mask mask;
	bool after_star = false;
	int r = 0, n;

	for (size_t at = 0; at < pattern->len && r >= 0; at++) {
		char c = pattern->data[at];

		if (c == '*') {
			if (!after_star)
				r = add_element(e, (struct dg_element){.kind = DG_ELEMENT_STAR,
								       .pattern = index});
			after_star = true;
			continue;
		}
		after_star = false;
		if (c == '?') {
			memset(&mask, 0xff, sizeof(mask));
			r = add_class(e, index, &mask);
		} else if (c == '[') {
			n = parse_bracket(pattern->data + at + 1, pattern->len - at - 1, &mask);
			if (n < 0)
				return n;
			at += (size_t)n;
			r = add_class(e, index, &mask);
		} else {
			if (c == '\\' && ++at == pattern->len)
				return -EINVAL;
			r = add_element(e, (struct dg_element){.kind = DG_ELEMENT_BYTE,
							       .byte = (uint8_t)pattern->data[at],
							       .pattern = index});
		}
	}
	return r;
}

static int parse_pattern(struct dg_elements *e, uint32_t index, const struct dg_pattern *pattern)
{
	int r = 0;

	if (pattern->glob)
		r = parse_glob(e, index, pattern);
	else
		for (size_t i = 0; i < pattern->len && r >= 0; i++)
			r = add_element(e, (struct dg_element){.kind = DG_ELEMENT_BYTE,
							       .byte = (uint8_t)pattern->data[i],
							       .pattern = index});
	if (r < 0)
		return r;
	return add_element(e, (struct dg_element){.kind = DG_ELEMENT_END, .pattern = index});
}

static bool same_in_masks(const struct dg_elements *e, uint8_t a, uint8_t b)
{
	for (size_t m = 0; m < e->mask_count; m++)
		if (dg_mask_has(&e->masks[m], a) != dg_mask_has(&e->masks[m], b))
			return false;
	return true;
}

/* Numbered by their first byte. */
static void classify_bytes(struct dg_elements *e)
{
	bool single[256] = {};

	for (size_t i = 0; i < e->count; i++)
		if (e->items[i].kind == DG_ELEMENT_BYTE)
			single[e->items[i].byte] = true;
	for (unsigned int byte = 1; byte < 256; byte++) {
		uint32_t class = e->byte_class_count;

		for (uint32_t c = 0; c < e->byte_class_count && !single[byte]; c++)
			if (!single[e->representative[c]] &&
			    same_in_masks(e, (uint8_t)byte, e->representative[c])) {
				class = c;
				break;
			}
		if (class == e->byte_class_count)
			e->representative[e->byte_class_count++] = (uint8_t)byte;
		e->byte_class[byte] = (uint8_t) class;
	}
	e->byte_class[0] = e->byte_class[1];
}

int dg_elements_parse(const struct dg_pattern *patterns, size_t count, struct dg_elements *ret)
{
	int r = 0;

	for (size_t i = 0; i < count && r >= 0; i++)
		r = parse_pattern(ret, (uint32_t)i, &patterns[i]);
	if (r >= 0)
		classify_bytes(ret);
	return r;
}
