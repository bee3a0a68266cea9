// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
/*
 * Which boxes does a box lie within? Scalars have to be the same, and a hash of them finds the boxes that
 * ask in one way. Sets and measurements can cover one another without being the same; and of boxes that
 * have the same scalars there may be as many as devices. So these are found by single lines, too: elements
 * of a set, or measurements.
 */
#include <string.h>

#include "array.h"
#include "generate_builder.h"

#define DG_NO_ANCHOR DG_ATTR_MAX

/* Attributes (bits) that a box leaves free, and those that it asks to be unknown. */
struct dg_way {
	uint64_t free, absent;
};

/* Boxes that ask in one way. */
struct dg_mask {
	struct dg_way way;
	uint32_t order;		/* of the scalars that are free: see dg_cover_order() */
	enum dg_attr_id anchor; /* the nested attribute by whose lines they are found, or none */
};

/* One value may cover another one: those with sets as values, and the measurements as a whole. */
static bool dg_is_nested(int id)
{
	return dg_schema_attr((enum dg_attr_id)id)->set || id == DG_ATTR_SPDM_MEAS;
}

static struct dg_way dg_way_of(const struct dg_box *box)
{
	struct dg_way way = { 0 };

	for (int id = 0; id < DG_ATTR_MAX; id++)
		if (box->dims[id].state == DG_DIM_FREE)
			way.free |= UINT64_C(1) << id;
		else if (box->dims[id].state == DG_DIM_ABSENT)
			way.absent |= UINT64_C(1) << id;
	return way;
}

/* Can a box of the way @inner lie within one of @outer? It asks for all that the other asks for. */
static bool dg_way_within(const struct dg_way *inner, const struct dg_way *outer)
{
	return !((inner->free | (inner->absent ^ outer->absent)) & ~outer->free);
}

/* Lines of @inner are all lines of @outer; both in one order. */
static bool dg_lines_within(const char *inner, const char *outer)
{
	while (*inner) {
		size_t len = strcspn(inner, "\n"), n;

		do {
			if (!*outer)
				return false;
			n = strcspn(outer, "\n");
			if (n == len && !memcmp(inner, outer, len))
				break;
			outer += n + (outer[n] == '\n');
		} while (true);
		inner += len + (inner[len] == '\n');
	}
	return true;
}

/* Does every device in @box also meet @other, by one nested attribute? */
static bool dg_nested_covers(enum dg_attr_id id, const struct dg_dim *outer,
			     const struct dg_dim *inner)
{
	if (outer->state == DG_DIM_FREE || dg_dim_same(outer, inner))
		return true;
	if (outer->state != DG_DIM_VALUES || inner->state != DG_DIM_VALUES)
		return false;
	/* Who asks for fewer measurements admits more. */
	if (id == DG_ATTR_SPDM_MEAS)
		return dg_lines_within(outer->text, inner->text);
	/* `all` is false of the empty set, which is asked for in its own way. */
	return *inner->text && dg_lines_within(inner->text, outer->text);
}

/* Does every device in @box also meet @other? */
static bool dg_covers(const struct dg_cover *cover, const struct dg_box *other,
		      const struct dg_box *box)
{
	for (int id = 0; id < DG_ATTR_MAX; id++) {
		const struct dg_dim *outer = &other->dims[id], *inner = &box->dims[id];

		if (cover->nested >> id & 1 ? !dg_nested_covers((enum dg_attr_id)id, outer, inner) :
		    outer->state != DG_DIM_FREE && !dg_dim_same(outer, inner))
			return false;
	}
	return true;
}

/* The line that *@text begins with; *@text is the next one then, or NULL. An empty text is a line. */
static struct dg_bytes dg_take_line(const char **text)
{
	struct dg_bytes line = { *text, strcspn(*text, "\n") };

	*text = line.data[line.len] ? line.data + line.len + 1 : NULL;
	return line;
}

/* What boxes are found by: what they ask of scalars, which attributes they leave free, and a line. */
static uint64_t dg_cover_key(uint64_t scalars, const struct dg_mask *mask, struct dg_bytes line)
{
	uint64_t parts[] = { scalars, mask->way.free, dg_hash(line.data, line.len) };

	return dg_hash(parts, sizeof(parts));
}

/* A hash of what the box asks of scalars that the mask does not leave free. */
static uint64_t dg_scalars(const struct dg_cover *cover, const struct dg_box *box,
			   const struct dg_mask *mask)
{
	return dg_box_hash(box, cover->nested | mask->way.free);
}

/* The key of the line of @text that the fewest boxes have. *@ret_load: how many those are. */
static uint64_t dg_rarest(const struct dg_cover *cover, uint64_t scalars, const struct dg_mask *mask,
			  const char *text, uint32_t *ret_load)
{
	uint64_t rarest = 0;

	*ret_load = UINT32_MAX;
	while (text) {
		uint64_t key = dg_cover_key(scalars, mask, dg_take_line(&text));
		uint32_t load = 0;

		dg_map_get(&cover->loads, key, 0, &load);
		if (load < *ret_load) {
			*ret_load = load;
			rarest = key;
		}
	}
	return rarest;
}

/* The mask of the way, a new one or not. @map has masks by their way, and orders by the free scalars. */
static int dg_add_mask(struct dg_cover *cover, struct dg_map *map, const struct dg_way *way,
		       uint32_t *orders, uint32_t *ret)
{
	struct dg_mask mask = { .way = *way, .order = *orders, .anchor = DG_NO_ANCHOR };
	uint64_t scalars = way->free | cover->nested;
	int err;

	if (dg_map_get(map, way->free, way->absent, ret))
		return 0;
	/* No box asks for all to be unknown: this is no way. */
	if (!dg_map_get(map, scalars, UINT64_MAX, &mask.order)) {
		err = dg_map_put(map, scalars, UINT64_MAX, (*orders)++);
		if (err)
			return err;
	}
	for (int id = 0; id < DG_ATTR_MAX && mask.anchor == DG_NO_ANCHOR; id++)
		if (cover->nested & ~way->free & ~way->absent & UINT64_C(1) << id)
			mask.anchor = (enum dg_attr_id)id;
	err = dg_array_reserve(&cover->masks, &cover->mask_room, cover->mask_count + 1,
			       sizeof(*cover->masks));
	if (err)
		return err;
	*ret = (uint32_t)cover->mask_count;
	cover->masks[cover->mask_count++] = mask;
	cover->asked |= ~way->free;
	return dg_map_put(map, way->free, way->absent, *ret);
}

static int dg_add_masks(struct dg_cover *cover)
{
	_cleanup_(dg_map_done) struct dg_map map = { 0 };
	uint32_t orders = 0;
	int err = 0;

	for (size_t i = 0; i < cover->count && !err; i++) {
		struct dg_way way = dg_way_of(cover->boxes[i]);

		err = dg_add_mask(cover, &map, &way, &orders, &cover->mask_of[i]);
	}
	return err;
}

/* How many boxes each line has, and how many entries there will be. */
static int dg_count_lines(struct dg_cover *cover, size_t *ret)
{
	size_t entries = 0;
	int err = 0;

	for (size_t i = 0; i < cover->count && !err; i++) {
		const struct dg_mask *mask = &cover->masks[cover->mask_of[i]];
		uint64_t scalars = dg_scalars(cover, cover->boxes[i], mask);
		const char *text;
		size_t lines = 0;

		if (mask->anchor == DG_NO_ANCHOR) {
			entries++;
			continue;
		}
		for (text = cover->boxes[i]->dims[mask->anchor].text; text && !err; lines++) {
			uint64_t key = dg_cover_key(scalars, mask, dg_take_line(&text));
			uint32_t load = 0;

			dg_map_get(&cover->loads, key, 0, &load);
			err = dg_map_put(&cover->loads, key, 0, load + 1);
		}
		entries += mask->anchor == DG_ATTR_SPDM_MEAS ? 1 : lines;
	}
	*ret = entries;
	return err;
}

static int dg_add_entry(struct dg_cover *cover, uint64_t key, uint32_t at)
{
	cover->entries[cover->entry_count] = at;
	return dg_index_add(&cover->index, key, (uint32_t)cover->entry_count++);
}

/*
 * A box that asks for a set is found by each of its elements: a box within it has none but these. One that
 * asks for measurements is found by the rarest of them: a box within it has them all.
 */
static int dg_add_entries(struct dg_cover *cover, uint32_t at)
{
	const struct dg_mask *mask = &cover->masks[cover->mask_of[at]];
	uint64_t scalars = dg_scalars(cover, cover->boxes[at], mask);
	const char *text;
	uint32_t load;
	int err = 0;

	if (mask->anchor == DG_NO_ANCHOR)
		return dg_add_entry(cover, dg_cover_key(scalars, mask, (struct dg_bytes){ "", 0 }),
				    at);
	text = cover->boxes[at]->dims[mask->anchor].text;
	if (mask->anchor == DG_ATTR_SPDM_MEAS)
		return dg_add_entry(cover, dg_rarest(cover, scalars, mask, text, &load), at);
	while (text && !err)
		err = dg_add_entry(cover, dg_cover_key(scalars, mask, dg_take_line(&text)), at);
	return err;
}

int dg_cover_init(struct dg_cover *cover, struct dg_box *const *boxes, size_t count)
{
	size_t entries;
	int err;

	cover->boxes = calloc(count + 1, sizeof(struct dg_box *));
	cover->mask_of = calloc(count + 1, sizeof(*cover->mask_of));
	if (!cover->boxes || !cover->mask_of)
		return -ENOMEM;
	if (count)
		memcpy(cover->boxes, boxes, count * sizeof(struct dg_box *));
	cover->count = count;
	for (int id = 0; id < DG_ATTR_MAX; id++)
		if (dg_is_nested(id))
			cover->nested |= UINT64_C(1) << id;
	err = dg_add_masks(cover);
	if (!err)
		err = dg_count_lines(cover, &entries);
	if (err)
		return err;
	cover->entries = calloc(entries + 1, sizeof(*cover->entries));
	cover->index.next = calloc(entries + 1, sizeof(*cover->index.next));
	if (!cover->entries || !cover->index.next)
		return -ENOMEM;
	for (uint32_t i = 0; i < count && !err; i++)
		err = dg_add_entries(cover, i);
	return err;
}

void dg_cover_done(struct dg_cover *cover)
{
	dg_index_done(&cover->index);
	dg_map_done(&cover->loads);
	free(cover->boxes);
	free(cover->masks);
	free(cover->mask_of);
	free(cover->entries);
	free(cover->found);
}

/* Of the boxes of the mask that are found by @key those that @box lies within. */
static int dg_find_by(struct dg_cover *cover, const struct dg_box *box, uint32_t mask, uint64_t key)
{
	uint32_t entry = dg_index_first(&cover->index, key);

	for (; entry != UINT32_MAX; entry = cover->index.next[entry]) {
		uint32_t at = cover->entries[entry];

		if (cover->mask_of[at] != mask || !dg_covers(cover, cover->boxes[at], box))
			continue;
		if (dg_array_reserve(&cover->found, &cover->found_room, cover->found_count + 1,
				     sizeof(*cover->found)))
			return -ENOMEM;
		cover->found[cover->found_count++] = at;
	}
	return 0;
}

/* Of the boxes of the mask those that @box lies within. */
static int dg_find_masked(struct dg_cover *cover, const struct dg_box *box, uint32_t number)
{
	const struct dg_mask *mask = &cover->masks[number];
	uint64_t scalars = dg_scalars(cover, box, mask), key;
	const char *text;
	uint32_t load;
	int err = 0;

	if (mask->anchor == DG_NO_ANCHOR) {
		key = dg_cover_key(scalars, mask, (struct dg_bytes){ "", 0 });
		return dg_find_by(cover, box, number, key);
	}
	text = box->dims[mask->anchor].text;
	if (mask->anchor != DG_ATTR_SPDM_MEAS) {
		key = dg_rarest(cover, scalars, mask, text, &load);
		return load ? dg_find_by(cover, box, number, key) : 0;
	}
	while (text && !err)
		err = dg_find_by(cover, box, number,
				 dg_cover_key(scalars, mask, dg_take_line(&text)));
	return err;
}

int dg_cover_find(struct dg_cover *cover, const struct dg_box *box)
{
	struct dg_way own = dg_way_of(box);
	int err = 0;

	cover->found_count = 0;
	for (uint32_t i = 0; i < cover->mask_count && !err; i++)
		if (dg_way_within(&own, &cover->masks[i].way))
			err = dg_find_masked(cover, box, i);
	return err;
}

uint32_t dg_cover_order(const struct dg_cover *cover, uint32_t at)
{
	return cover->masks[cover->mask_of[at]].order;
}

int dg_find_around(struct dg_builder *b, const struct dg_device *device)
{
	struct dg_box box = { 0 };

	return dg_take_asked(b, &box, device, b->cover.asked) ?: dg_cover_find(&b->cover, &box);
}
