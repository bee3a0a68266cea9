// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
#include <string.h>

#include "array.h"
#include "generate_builder.h"

/*
 * Attributes along which boxes are put together, the first ones first. Not the driver: that two drivers may
 * take a device is worth two rules.
 */
static const enum dg_attr_id dg_merge_order[] = {
	DG_ATTR_DEVICE_NAME, DG_ATTR_PCI_ADDRESS, DG_ATTR_PCI_SUBSYSTEM, DG_ATTR_PCI_ID,
	DG_ATTR_USB_SERIAL, DG_ATTR_USB_ID, DG_ATTR_PCI_REVISION, DG_ATTR_PCI_CLASS,
	DG_ATTR_USB_CLASS, DG_ATTR_USB_PORT, DG_ATTR_BUS,
};

_Static_assert(DG_ATTR_MAX <= 64, "a bit each");

uint64_t dg_box_hash(const struct dg_box *box, uint64_t without)
{
	struct {
		const char *text;
		uint64_t dim;
	} asked[DG_ATTR_MAX];
	size_t count = 0;

	for (int id = 0; id < DG_ATTR_MAX; id++) {
		const struct dg_dim *dim = &box->dims[id];

		if (without >> id & 1 || dim->state == DG_DIM_FREE)
			continue;
		asked[count].text = dim->state == DG_DIM_VALUES ? dim->text : NULL;
		asked[count++].dim = (uint64_t)id;
	}
	return dg_hash(asked, count * sizeof(*asked));
}

bool dg_dim_same(const struct dg_dim *a, const struct dg_dim *b)
{
	return a->state == b->state && (a->state != DG_DIM_VALUES || a->text == b->text);
}

static bool dg_box_same(const struct dg_box *a, const struct dg_box *b, int without)
{
	for (int id = 0; id < DG_ATTR_MAX; id++)
		if (id != without && !dg_dim_same(&a->dims[id], &b->dims[id]))
			return false;
	return true;
}

void dg_index_done(struct dg_index *index)
{
	dg_map_done(&index->heads);
	free(index->next);
}

uint32_t dg_index_first(const struct dg_index *index, uint64_t hash)
{
	uint32_t at = UINT32_MAX;

	dg_map_get(&index->heads, hash, 0, &at);
	return at;
}

int dg_index_add(struct dg_index *index, uint64_t hash, uint32_t at)
{
	index->next[at] = dg_index_first(index, hash);
	return dg_map_put(&index->heads, hash, 0, at);
}

static void dg_append_devices(struct dg_boxes *boxes, struct dg_box *to, const struct dg_box *from)
{
	if (!from->count)
		return;
	if (to->count)
		boxes->next[to->last] = from->first;
	else
		to->first = from->first;
	to->last = from->last;
	to->count += from->count;
}

/* Every device's box; those that are the same are one. */
static int dg_add_box(struct dg_builder *b, struct dg_index *index, const struct dg_box *box)
{
	struct dg_boxes *boxes = b->result;
	uint64_t hash = dg_box_hash(box, 0);
	struct dg_box *copy;
	uint32_t at;
	int err;

	for (at = dg_index_first(index, hash); at != UINT32_MAX; at = index->next[at]) {
		struct dg_box *other = boxes->boxes[at];

		if (!dg_box_same(other, box, -1) || other->evidence != box->evidence)
			continue;
		other->ops |= box->ops;
		dg_append_devices(boxes, other, box);
		return 0;
	}
	err = dg_array_reserve(&boxes->boxes, &b->room, boxes->count + 1, sizeof(*boxes->boxes));
	copy = dg_arena_new_of(boxes->arena, struct dg_box);
	if (err || !copy)
		return -ENOMEM;
	*copy = *box;
	boxes->boxes[boxes->count] = copy;
	return dg_index_add(index, hash, (uint32_t)boxes->count++);
}

/* Does the box ask for what tells a device from others? */
static bool dg_tells(const struct dg_box *box)
{
	for (int id = 0; id < DG_ATTR_MAX; id++)
		if (box->dims[id].state == DG_DIM_VALUES && *box->dims[id].text &&
		    dg_identifies(dg_schema_attr((enum dg_attr_id)id)))
			return true;
	return false;
}

static int dg_add_device(struct dg_builder *b, struct dg_index *index, uint32_t number)
{
	struct dg_box box = {.first = number, .last = number, .count = 1};
	struct dg_device device;
	uint32_t ops;
	int err;

	dg_device_store_get(b->store, number, &device);
	ops = dg_device_operations(b, number, &device);
	err = dg_identity(b, &box, &device);
	if (err || !dg_tells(&box))
		return err;
	/* What is connected, locked or accepted has no driver yet, and may get any. */
	if (b->options->ops && !(ops & 1U << DG_OP_BIND) &&
	    box.dims[DG_ATTR_DRIVER_NAME].state == DG_DIM_ABSENT)
		box.dims[DG_ATTR_DRIVER_NAME].state = DG_DIM_FREE;
	box.ops = ops & ~DG_EVIDENCE_OPS;
	if (box.ops)
		err = dg_add_box(b, index, &box);
	if (err || !(ops & DG_EVIDENCE_OPS))
		return err;
	/* A box of its own, with its own rule; the device is named at the other one. */
	if (box.ops)
		box.count = 0;
	box.ops = ops & DG_EVIDENCE_OPS;
	box.evidence = true;
	err = dg_identity_evidence(b, &box, &device);
	return err ?: dg_add_box(b, index, &box);
}

/*
 * What the boxes allow a device. That is more than it was put in for where another device of the
 * same identity does more, or where one that shows less is described by less.
 */
static int dg_promise(struct dg_builder *b, uint32_t number)
{
	struct dg_cover *cover = &b->cover;
	struct dg_device device;
	uint32_t promised = 0;
	int err;

	dg_device_store_get(b->store, number, &device);
	err = dg_find_around(b, &device);
	for (size_t i = 0; i < cover->found_count && !err; i++)
		promised |= cover->boxes[cover->found[i]]->ops;
	b->result->promised[number] = promised;
	b->result->left_out += !promised;
	return err;
}

/* The operations that boxes other than the one at @at, which lies within them, allow. */
static int dg_allowed_around(struct dg_cover *cover, uint32_t at, uint32_t *ret)
{
	int err = dg_cover_find(cover, cover->boxes[at]);

	*ret = 0;
	for (size_t i = 0; i < cover->found_count && !err; i++)
		if (cover->found[i] != at)
			*ret |= cover->boxes[cover->found[i]]->ops;
	return err;
}

/*
 * The devices of the box at @at, of which nothing is left, are named at a box around it that stays. Of
 * many, it is one whose set of free scalars came up last, and of those the first.
 */
static int dg_hand_over(struct dg_builder *b, uint32_t at, const uint32_t *left)
{
	struct dg_cover *cover = &b->cover;
	int err = dg_cover_find(cover, cover->boxes[at]);
	uint32_t to = UINT32_MAX, order = 0;

	for (size_t i = 0; i < cover->found_count && !err; i++) {
		uint32_t other = cover->found[i], its = dg_cover_order(cover, other);

		if (!left[other] || (to != UINT32_MAX &&
				     (its < order || (its == order && other > to))))
			continue;
		to = other;
		order = its;
	}
	if (to != UINT32_MAX)
		dg_append_devices(b->result, cover->boxes[to], cover->boxes[at]);
	return err;
}

/*
 * A box that lies within another one needs no rule for the operations that this allows. (Boxes of single
 * values lie within a union of others only when they lie within one of them: what they leave free can be
 * unknown, or have a value that no box names.)
 */
static int dg_drop_covered(struct dg_builder *b)
{
	struct dg_boxes *boxes = b->result;
	_cleanup_free_ uint32_t *left = calloc(boxes->count + 1, sizeof(*left));
	size_t kept = 0;
	int err = left ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < boxes->count && !err; i++) {
		uint32_t around;

		err = dg_allowed_around(&b->cover, i, &around);
		left[i] = boxes->boxes[i]->ops & ~around;
	}
	for (uint32_t i = 0; i < boxes->count && !err; i++)
		if (!left[i])
			err = dg_hand_over(b, i, left);
	if (err)
		return err;
	for (size_t i = 0; i < boxes->count; i++) {
		boxes->boxes[i]->ops = left[i];
		if (left[i])
			boxes->boxes[kept++] = boxes->boxes[i];
	}
	boxes->count = kept;
	return 0;
}

/* One pass of merging: boxes that differ in @id alone become one with the values of all. */
struct dg_group {
	struct dg_box *box;
	char *values; /* lines, as they came; NULL: still those of the box */
	size_t len, room;
};

static int dg_group_add(struct dg_group *group, const char *text)
{
	size_t len = strlen(text);
	int err = dg_array_reserve(&group->values, &group->room, group->len + len + 2, 1);

	if (err)
		return err;
	if (group->len)
		group->values[group->len++] = '\n';
	memcpy(group->values + group->len, text, len + 1);
	group->len += len;
	return 0;
}

static int dg_merge_into(struct dg_builder *b, struct dg_group *group, struct dg_box *box,
			 enum dg_attr_id id)
{
	int err = 0;

	if (!group->values)
		err = dg_group_add(group, group->box->dims[id].text);
	if (!err)
		err = dg_group_add(group, box->dims[id].text);
	dg_append_devices(b->result, group->box, box);
	box->into = group->box;
	return err;
}

/* All members are there. The first one stays as it was, too: devices are found by it. */
static int dg_merge_end(struct dg_builder *b, struct dg_group *group, enum dg_attr_id id)
{
	struct dg_box *merged = dg_arena_new_of(b->result->arena, struct dg_box);
	const char *text = dg_intern_sorted(b, group->values);

	if (!merged || !text)
		return -ENOMEM;
	*merged = *group->box;
	merged->dims[id].text = text;
	group->box->into = merged;
	group->box = merged;
	return 0;
}

static int dg_merge(struct dg_builder *b, enum dg_attr_id id)
{
	struct dg_boxes *boxes = b->result;
	_cleanup_free_ struct dg_group *groups = calloc(boxes->count + 1, sizeof(*groups));
	_cleanup_(dg_index_done) struct dg_index index = {
		.next = calloc(boxes->count + 1, sizeof(*index.next)),
	};
	size_t count = 0;
	int err = groups && index.next ? 0 : -ENOMEM;

	for (size_t i = 0; i < boxes->count && !err; i++) {
		struct dg_box *box = boxes->boxes[i];
		uint64_t hash = dg_box_hash(box, UINT64_C(1) << id);
		uint32_t at = UINT32_MAX;

		if (box->dims[id].state == DG_DIM_VALUES)
			at = dg_index_first(&index, hash);
		for (; at != UINT32_MAX; at = index.next[at])
			if (groups[at].box->ops == box->ops &&
			    groups[at].box->evidence == box->evidence &&
			    groups[at].box->dims[id].state == DG_DIM_VALUES &&
			    dg_box_same(groups[at].box, box, (int)id))
				break;
		if (at != UINT32_MAX) {
			err = dg_merge_into(b, &groups[at], box, id);
			continue;
		}
		groups[count].box = box;
		err = dg_index_add(&index, hash, (uint32_t)count++);
	}
	for (size_t i = 0; i < count; i++) {
		if (!err && groups[i].values)
			err = dg_merge_end(b, &groups[i], id);
		free(groups[i].values);
		boxes->boxes[i] = groups[i].box;
	}
	if (!err)
		boxes->count = count;
	return err;
}

/* Every device's box, those of all devices once each. */
static int dg_add_devices(struct dg_builder *b)
{
	size_t devices = b->store->count;
	_cleanup_(dg_index_done) struct dg_index index = {
		/* Twice: a device of verified evidence has two boxes. */
		.next = calloc(2 * devices + 1, sizeof(*index.next)),
	};
	int err = index.next ? 0 : -ENOMEM;

	for (size_t i = 0; i < devices; i++) {
		b->result->next[i] = DG_NO_DEVICE;
		b->drivers_named |= dg_device_store_knows(b->store, i, DG_ATTR_DRIVER_NAME);
		b->serials_given |= dg_device_store_knows(b->store, i, DG_ATTR_USB_SERIAL);
	}
	for (size_t i = 0; i < devices && !err; i++)
		err = dg_add_device(b, &index, (uint32_t)i);
	return err;
}

static int dg_build(struct dg_builder *b)
{
	struct dg_boxes *boxes = b->result;
	int err = dg_add_devices(b);

	if (!err)
		err = dg_cover_init(&b->cover, boxes->boxes, boxes->count);
	for (size_t i = 0; i < b->store->count && !err; i++)
		err = dg_promise(b, (uint32_t)i);
	if (!err)
		err = dg_drop_covered(b);
	for (size_t i = 0; i < ARRAY_SIZE(dg_merge_order) && !err; i++)
		err = dg_merge(b, dg_merge_order[i]);
	for (size_t i = 0; i < boxes->count; i++)
		boxes->boxes[i]->number = (uint32_t)i;
	return err;
}

int dg_boxes_new(const struct dg_device_store *store, const struct dg_boxes_options *options,
		 struct dg_boxes **ret)
{
	_cleanup_(dg_cleanup_boxes) struct dg_boxes *boxes = calloc(1, sizeof(*boxes));
	struct dg_builder *b;
	int err;

	if (!boxes)
		return -ENOMEM;
	if (store->count > UINT32_MAX / 4)
		return -EFBIG;
	boxes->device_count = store->count;
	boxes->arena = dg_arena_new();
	boxes->next = calloc(store->count + 1, sizeof(*boxes->next));
	boxes->promised = calloc(store->count + 1, sizeof(*boxes->promised));
	boxes->builder = b = calloc(1, sizeof(*b));
	if (!boxes->arena || !boxes->next || !boxes->promised || !b)
		return -ENOMEM;
	*b = (struct dg_builder){ .store = store, .options = options, .result = boxes };
	err = dg_build(b);
	/* The caller's: not needed to find boxes. */
	b->store = NULL;
	b->options = NULL;
	if (err)
		return err;
	*ret = TAKE_PTR(boxes);
	return 0;
}

int dg_boxes_find(struct dg_boxes *boxes, const struct dg_device *device, const uint32_t **ret,
		  size_t *ret_count)
{
	struct dg_builder *b = boxes->builder;
	struct dg_cover *cover = &b->cover;
	size_t count = 0;
	int err;

	if (!b->scratch)
		b->scratch = dg_arena_new();
	if (!b->scratch)
		return -ENOMEM;
	dg_arena_reset(b->scratch);
	b->questions++;
	err = dg_find_around(b, device);
	if (err)
		return err;
	for (size_t i = 0; i < cover->found_count; i++) {
		struct dg_box *box = cover->boxes[cover->found[i]];

		if (!box->ops) /* dropped: others allow all that it did */
			continue;
		while (box->into)
			box = box->into;
		if (box->question == b->questions)
			continue;
		box->question = b->questions;
		cover->found[count++] = box->number;
	}
	*ret = cover->found;
	*ret_count = count;
	return 0;
}

void dg_boxes_free(struct dg_boxes *boxes)
{
	if (!boxes)
		return;
	if (boxes->builder) {
		dg_strings_done(&boxes->builder->strings);
		dg_cover_done(&boxes->builder->cover);
		dg_arena_free(boxes->builder->scratch);
	}
	free(boxes->builder);
	dg_arena_free(boxes->arena);
	free(boxes->boxes);
	free(boxes->next);
	free(boxes->promised);
	free(boxes);
}
