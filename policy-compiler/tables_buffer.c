/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Bytes that grow, and the pieces of the tables put one behind the other. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "tables_build.h"
#include "util.h"

int dg_buffer_reserve(struct dg_buffer *buffer, size_t len)
{
	/* Far beyond any table: what comes out is never cut at a 32-bit offset. */
	if (len > DG_TABLES_MAX_BYTES || buffer->count > DG_TABLES_MAX_BYTES - len)
		return -E2BIG;
	return dg_array_reserve(&buffer->bytes, &buffer->room, buffer->count + len, 1);
}

int dg_buffer_extend(struct dg_buffer *buffer, size_t len, void **ret)
{
	int r = dg_buffer_reserve(buffer, len);

	if (r < 0)
		return r;
	if (len > 0)
		memset(buffer->bytes + buffer->count, 0, len);
	*ret = buffer->bytes + buffer->count;
	buffer->count += len;
	return 0;
}

int dg_buffer_append(struct dg_buffer *buffer, const void *data, size_t len)
{
	int r;

	if (len == 0)
		return 0;
	r = dg_buffer_reserve(buffer, len);
	if (r < 0)
		return r;
	memcpy(buffer->bytes + buffer->count, data, len);
	buffer->count += len;
	return 0;
}

int dg_buffer_pad(struct dg_buffer *buffer)
{
	static const uint8_t zero[8];

	return dg_buffer_append(buffer, zero, -buffer->count & 7);
}

void dg_pieces_done(struct dg_pieces *p)
{
	dg_bitmaps_done(&p->bitmaps);
	free(p->nodes.var_number);
	free(p->nodes.slot);
	free(p->nodes.out.bytes);
	free(p->parts.bytes);
	free(p->vars.bytes);
	free(p->leaves.bytes);
	free(p->ranks.bytes);
	free(p->rules.bytes);
	free(p->ids.bytes);
	free(p->data.bytes);
}

/* Append a part to the tables and note where it is. */
static int place(struct dg_buffer *out, const struct dg_buffer *part, size_t size, __u32 *ret_off,
		 __u32 *ret_count)
{
	int r = dg_buffer_pad(out);

	if (r < 0)
		return r;
	*ret_off = (__u32)out->count;
	*ret_count = (__u32)(part->count / size);
	return dg_buffer_append(out, part->bytes, part->count);
}

/* The classifiers' offsets become offsets in the tables. */
static void place_classifiers(struct dg_buffer *out, const struct dg_tables *header)
{
	struct dg_var var;

	for (uint32_t i = 0; i < header->var_count; i++) {
		uint8_t *at = out->bytes + header->var_off + i * sizeof(var);

		memcpy(&var, at, sizeof(var));
		dg_classifier_place(&var, out->bytes + header->data_off, header->data_off);
		memcpy(at, &var, sizeof(var));
	}
}

static int place_bitmaps(struct dg_buffer *out, const struct dg_bitmaps_out *bitmaps,
			 struct dg_tables *h)
{
	uint32_t terms;
	int r;

	r = place(out, &bitmaps->bitmaps, sizeof(struct dg_bitmap), &h->bitmap_off,
		  &h->bitmap_count);
	if (r >= 0)
		r = place(out, &bitmaps->rows, sizeof(uint32_t), &h->row_off, &h->row_count);
	if (r >= 0)
		r = place(out, &bitmaps->words, sizeof(uint64_t), &h->word_off, &h->word_count);
	if (r >= 0)
		r = place(out, &bitmaps->terms, sizeof(uint32_t), &h->term_off, &terms);
	return r;
}

/* Of the whole, the gaps before its pieces included. */
static size_t size_of_all(const struct dg_pieces *p)
{
	const struct dg_bitmaps_out *b = &p->bitmaps;
	const struct dg_buffer *all[] = {&p->parts, &p->vars,  &p->nodes.out, &b->bitmaps,
					 &b->rows,  &b->words, &b->terms,     &p->leaves,
					 &p->ranks, &p->rules, &p->ids,	      &p->data};
	size_t size = sizeof(p->header);

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		size += all[i]->count + 8;
	return size;
}

int dg_pieces_assemble(struct dg_pieces *p, struct dg_buffer *out)
{
	struct dg_tables *h = &p->header;
	int r;

	r = dg_buffer_reserve(out, size_of_all(p));
	if (r >= 0)
		r = dg_buffer_append(out, h, sizeof(*h));
	if (r >= 0)
		r = place(out, &p->parts, sizeof(struct dg_part), &h->part_off, &h->part_count);
	if (r >= 0)
		r = place(out, &p->vars, sizeof(struct dg_var), &h->var_off, &h->var_count);
	if (r >= 0)
		r = place(out, &p->nodes.out, 1, &h->node_off, &h->node_size);
	if (r >= 0)
		r = place_bitmaps(out, &p->bitmaps, h);
	if (r >= 0)
		r = place(out, &p->leaves, sizeof(struct dg_leaf), &h->leaf_off, &h->leaf_count);
	if (r >= 0)
		r = place(out, &p->ranks, sizeof(struct dg_rank), &h->rank_off, &h->rank_count);
	if (r >= 0)
		r = place(out, &p->rules, sizeof(struct dg_rule), &h->rule_off, &h->rule_count);
	if (r >= 0)
		r = place(out, &p->ids, 1, &h->id_off, &h->id_size);
	if (r >= 0)
		r = place(out, &p->data, 1, &h->data_off, &h->data_size);
	if (r >= 0)
		r = dg_buffer_pad(out);
	if (r < 0)
		return r;
	place_classifiers(out, h);
	h->size = (__u32)out->count;
	memcpy(out->bytes, h, sizeof(*h));
	return 0;
}
