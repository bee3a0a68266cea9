// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
#include <string.h>

#include "array.h"
#include "generate_builder.h"
#include "map.h"

/*
 * Attributes along which boxes are put together, the first ones first. Not the driver: that two drivers may
 * take a device is worth two rules.
 */
static const enum dg_attr_id dg_merge_order[] = {
	DG_ATTR_DEVICE_NAME, DG_ATTR_PCI_ADDRESS, DG_ATTR_PCI_SUBSYSTEM, DG_ATTR_PCI_ID,
	DG_ATTR_USB_SERIAL, DG_ATTR_USB_ID, DG_ATTR_PCI_REVISION, DG_ATTR_PCI_CLASS,
	DG_ATTR_USB_CLASS, DG_ATTR_USB_PORT, DG_ATTR_BUS,
};

/* One value may cover another one: those with sets as values, and the measurements as a whole. */
static bool dg_is_nested(int id)
{
	return dg_schema_attr((enum dg_attr_id)id)->set || id == DG_ATTR_SPDM_MEAS;
}

/* Free attributes as bits. Those that are nested are compared apart. */
static uint64_t dg_free_mask(const struct dg_box *box)
{
	uint64_t mask = 0;

	for (int id = 0; id < DG_ATTR_MAX; id++)
		if (!dg_is_nested(id) && box->dims[id].state == DG_DIM_FREE)
			mask |= UINT64_C(1) << id;
	return mask;
}

_Static_assert(DG_ATTR_MAX <= 64, "a bit each");

/* A hash of the dimensions but for those of @without (bits) and nested ones. */
static uint64_t dg_box_hash(const struct dg_box *box, uint64_t without)
{
	struct dg_dim dims[DG_ATTR_MAX];

	memset(dims, 0, sizeof(dims)); /* what is between the members too */
	for (int id = 0; id < DG_ATTR_MAX; id++) {
		if (without >> id & 1 || dg_is_nested(id))
			continue;
		dims[id].text = box->dims[id].text;
		dims[id].state = box->dims[id].state;
	}
	return dg_hash(dims, sizeof(dims));
}

static bool dg_dim_same(const struct dg_dim *a, const struct dg_dim *b)
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

/* Boxes by hash: a chain for each. */
struct dg_index {
	struct dg_map heads; /* hash -> position */
	uint32_t *next;	     /* by position */
};

static void dg_index_done(struct dg_index *index)
{
	dg_map_done(&index->heads);
	free(index->next);
}

static uint32_t dg_index_first(const struct dg_index *index, uint64_t hash)
{
	uint32_t at = UINT32_MAX;

	dg_map_get(&index->heads, hash, 0, &at);
	return at;
}

static int dg_index_add(struct dg_index *index, uint64_t hash, uint32_t at)
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

/* Does every device in @box also meet @other, by the nested attributes? */
static bool dg_nested_cover(const struct dg_box *other, const struct dg_box *box)
{
	for (int id = 0; id < DG_ATTR_MAX; id++) {
		const struct dg_dim *outer = &other->dims[id], *inner = &box->dims[id];

		if (!dg_is_nested(id) || outer->state == DG_DIM_FREE || dg_dim_same(outer, inner))
			continue;
		if (outer->state != DG_DIM_VALUES || inner->state != DG_DIM_VALUES)
			return false;
		/* Who asks for fewer measurements admits more. */
		if (id == DG_ATTR_SPDM_MEAS && !dg_lines_within(outer->text, inner->text))
			return false;
		/* `all` is false of the empty set, which is asked for in its own way. */
		if (id != DG_ATTR_SPDM_MEAS &&
		    (!*inner->text || !dg_lines_within(inner->text, outer->text)))
			return false;
	}
	return true;
}

/* Does every device in @box also meet @other, which leaves @mask free? */
static bool dg_covers(const struct dg_box *other, const struct dg_box *box, uint64_t mask)
{
	if (dg_free_mask(other) != mask)
		return false;
	for (int id = 0; id < DG_ATTR_MAX; id++)
		if (!(mask >> id & 1) && !dg_is_nested(id) &&
		    !dg_dim_same(&other->dims[id], &box->dims[id]))
			return false;
	return dg_nested_cover(other, box);
}

static int dg_collect_masks(struct dg_builder *b)
{
	for (size_t i = 0; i < b->result->count; i++) {
		uint64_t mask = dg_free_mask(b->result->boxes[i]);
		size_t k = 0;

		b->asked |= ~mask;
		while (k < b->mask_count && b->masks[k] != mask)
			k++;
		if (k < b->mask_count)
			continue;
		if (dg_array_reserve(&b->masks, &b->mask_room, b->mask_count + 1,
				     sizeof(*b->masks)))
			return -ENOMEM;
		b->masks[b->mask_count++] = mask;
	}
	return 0;
}

/*
 * The boxes other than @box that it lies within: their operations, and one of those that stay
 * (@ops: what is left of each; NULL: nobody asks).
 */
static uint32_t dg_around(struct dg_builder *b, const struct dg_index *index,
			  const struct dg_box *box, const uint32_t *ops,
			  struct dg_box **ret_staying)
{
	struct dg_box **boxes = b->result->boxes;
	uint64_t own = dg_free_mask(box);
	uint32_t around = 0;

	for (size_t k = 0; k < b->mask_count; k++) {
		struct dg_box wider = *box;
		uint32_t i;

		if ((own & b->masks[k]) != own)
			continue;
		for (int id = 0; id < DG_ATTR_MAX; id++)
			if (b->masks[k] >> id & 1)
				wider.dims[id] = (struct dg_dim){ 0 };
		i = dg_index_first(index, dg_box_hash(&wider, 0));
		for (; i != UINT32_MAX; i = index->next[i]) {
			if (boxes[i] == box || !dg_covers(boxes[i], box, b->masks[k]))
				continue;
			around |= boxes[i]->ops;
			if (ops && ops[i])
				*ret_staying = boxes[i];
		}
	}
	return around;
}

/*
 * What the boxes allow a device. That is more than it was put in for where another device of the
 * same identity does more, or where one that shows less is described by less.
 */
static int dg_promise(struct dg_builder *b, const struct dg_index *index, uint32_t number)
{
	struct dg_box all = {0}, *staying;
	struct dg_device device;
	int err;

	dg_device_store_get(b->store, number, &device);
	err = dg_take_asked(b, &all, &device, b->asked);
	if (err)
		return err;
	b->result->promised[number] = dg_around(b, index, &all, NULL, &staying);
	b->result->left_out += !b->result->promised[number];
	return 0;
}

/*
 * A box that lies within another one needs no rule for the operations that this allows. (Boxes of single
 * values lie within a union of others only when they lie within one of them: what they leave free can be
 * unknown, or have a value that no box names.)
 */
static int dg_drop_covered(struct dg_builder *b, const struct dg_index *index)
{
	struct dg_boxes *boxes = b->result;
	_cleanup_free_ uint32_t *ops = calloc(boxes->count + 1, sizeof(*ops));
	struct dg_box *staying = NULL;
	size_t kept = 0;

	if (!ops)
		return -ENOMEM;
	for (uint32_t i = 0; i < boxes->count; i++)
		ops[i] = boxes->boxes[i]->ops &
			 ~dg_around(b, index, boxes->boxes[i], NULL, &staying);
	for (uint32_t i = 0; i < boxes->count; i++) {
		if (ops[i])
			continue;
		dg_around(b, index, boxes->boxes[i], ops, &staying);
		dg_append_devices(boxes, staying, boxes->boxes[i]);
	}
	for (size_t i = 0; i < boxes->count; i++) {
		boxes->boxes[i]->ops = ops[i];
		if (ops[i])
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

static int dg_merge_into(struct dg_builder *b, struct dg_group *group, const struct dg_box *box,
			 enum dg_attr_id id)
{
	int err = 0;

	if (!group->values)
		err = dg_group_add(group, group->box->dims[id].text);
	if (!err)
		err = dg_group_add(group, box->dims[id].text);
	dg_append_devices(b->result, group->box, box);
	return err;
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
		if (!err && groups[i].values) {
			groups[i].box->dims[id].text = dg_intern_sorted(b, groups[i].values);
			err = groups[i].box->dims[id].text ? 0 : -ENOMEM;
		}
		free(groups[i].values);
		boxes->boxes[i] = groups[i].box;
	}
	if (!err)
		boxes->count = count;
	return err;
}

static int dg_build(struct dg_builder *b)
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
	if (!err)
		err = dg_collect_masks(b);
	for (size_t i = 0; i < devices && !err; i++)
		err = dg_promise(b, &index, (uint32_t)i);
	if (!err)
		err = dg_drop_covered(b, &index);
	for (size_t i = 0; i < ARRAY_SIZE(dg_merge_order) && !err; i++)
		err = dg_merge(b, dg_merge_order[i]);
	return err;
}

int dg_boxes_new(const struct dg_device_store *store, const struct dg_boxes_options *options,
		 struct dg_boxes **ret)
{
	_cleanup_(dg_cleanup_boxes) struct dg_boxes *boxes = calloc(1, sizeof(*boxes));
	struct dg_builder b = { .store = store, .options = options, .result = boxes };
	int err;

	if (!boxes)
		return -ENOMEM;
	if (store->count > UINT32_MAX / 4)
		return -EFBIG;
	boxes->device_count = store->count;
	boxes->arena = dg_arena_new();
	boxes->next = calloc(store->count + 1, sizeof(*boxes->next));
	boxes->promised = calloc(store->count + 1, sizeof(*boxes->promised));
	if (!boxes->arena || !boxes->next || !boxes->promised)
		return -ENOMEM;
	err = dg_build(&b);
	dg_strings_done(&b.strings);
	free(b.masks);
	if (err)
		return err;
	*ret = TAKE_PTR(boxes);
	return 0;
}

void dg_boxes_free(struct dg_boxes *boxes)
{
	if (!boxes)
		return;
	dg_arena_free(boxes->arena);
	free(boxes->boxes);
	free(boxes->next);
	free(boxes->promised);
	free(boxes);
}
