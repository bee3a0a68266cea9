// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
#include <string.h>

#include "array.h"
#include "generate_boxes.h"
#include "map.h"
#include "policy_write.h"

#define DG_OPS(op) (1U << DG_OP_##op)

/*
 * Attributes along which boxes are put together, the first ones first. Not the driver: that two drivers may
 * take a device is worth two rules.
 */
static const enum dg_attr_id dg_merge_order[] = {
	DG_ATTR_DEVICE_NAME, DG_ATTR_PCI_ADDRESS, DG_ATTR_PCI_SUBSYSTEM, DG_ATTR_PCI_ID,
	DG_ATTR_USB_SERIAL, DG_ATTR_USB_ID, DG_ATTR_PCI_REVISION, DG_ATTR_PCI_CLASS,
	DG_ATTR_USB_CLASS, DG_ATTR_USB_PORT, DG_ATTR_BUS,
};

struct dg_strings {
	const char **slots;
	size_t count, room; /* a power of two */
};

struct dg_builder {
	const struct dg_inventory *inventory;
	unsigned int flags;
	struct dg_boxes *result;
	struct dg_strings strings;
	bool drivers_named, serials_given; /* by any device of the inventory */
	size_t room;			   /* of result->boxes */
	uint64_t *masks;		   /* different sets of attributes that a box leaves free */
	size_t mask_count, mask_room;
};

size_t dg_lines_count(const char *text)
{
	size_t count = *text != 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static int dg_strings_grow(struct dg_strings *strings)
{
	size_t room = strings->room ? 2 * strings->room : 1024;
	const char **slots = calloc(room, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < strings->room; i++) {
		size_t at;

		if (!strings->slots[i])
			continue;
		at = dg_hash(strings->slots[i], strlen(strings->slots[i])) & (room - 1);
		while (slots[at])
			at = (at + 1) & (room - 1);
		slots[at] = strings->slots[i];
	}
	free(strings->slots);
	strings->slots = slots;
	strings->room = room;
	return 0;
}

/* The one copy of @text. NULL: out of memory. */
static const char *dg_intern(struct dg_builder *b, const char *text, size_t len)
{
	struct dg_strings *strings = &b->strings;
	size_t at;
	char *copy;

	if (2 * strings->count >= strings->room && dg_strings_grow(strings))
		return NULL;
	at = dg_hash(text, len) & (strings->room - 1);
	for (; strings->slots[at]; at = (at + 1) & (strings->room - 1))
		if (strlen(strings->slots[at]) == len && !memcmp(strings->slots[at], text, len))
			return strings->slots[at];
	copy = dg_arena_copy(b->result->arena, text, len);
	if (!copy)
		return NULL;
	strings->slots[at] = copy;
	strings->count++;
	return copy;
}

static int dg_by_text(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Lines of @text, which is changed: ascending, each once, interned. */
static const char *dg_intern_sorted(struct dg_builder *b, char *text)
{
	size_t count = dg_lines_count(text), kept = 0, len = 0;
	_cleanup_free_ char **lines = calloc(count + 1, sizeof(*lines));
	_cleanup_free_ char *sorted = malloc(strlen(text) + 1);

	if (!lines || !sorted)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		lines[i] = text;
		text += strcspn(text, "\n");
		if (*text)
			*text++ = 0;
	}
	qsort(lines, count, sizeof(*lines), dg_by_text);
	for (size_t i = 0; i < count; i++) {
		if (i && !strcmp(lines[i], lines[i - 1]))
			continue;
		if (kept++)
			sorted[len++] = '\n';
		memcpy(sorted + len, lines[i], strlen(lines[i]));
		len += strlen(lines[i]);
	}
	return dg_intern(b, sorted, len);
}

/* The known fact of @attr as a dimension's text; of SPDM_MEAS all measurements. */
static const char *dg_fact_text(struct dg_builder *b, const struct dg_device *device,
				const struct dg_attr *attr)
{
	const struct dg_fact *fact = &device->facts[attr->id];
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	if (attr->id == DG_ATTR_SPDM_MEAS) {
		for (size_t i = 0; i < device->measurement_count; i++) {
			const struct dg_measurement *one = &device->measurements[i];

			if (!one->fact.known)
				continue;
			fprintf(out, "%s%u ", ftell(out) ? "\n" : "", one->index);
			dg_policy_write_value(out, attr, &one->fact.scalar);
		}
	} else if (attr->set) {
		for (size_t i = 0; i < fact->element_count; i++) {
			fputs(i ? "\n" : "", out);
			dg_policy_write_value(out, attr, &fact->elements[i]);
		}
	} else {
		dg_policy_write_value(out, attr, &fact->scalar);
	}
	if (fclose(out))
		return NULL;
	/* Measurements stay in the order of their indices. */
	return attr->id == DG_ATTR_SPDM_MEAS ? dg_intern(b, text, len) : dg_intern_sorted(b, text);
}

static bool dg_known(const struct dg_device *device, enum dg_attr_id id)
{
	return device->facts[id].known;
}

static bool dg_is_true(const struct dg_device *device, enum dg_attr_id id)
{
	return dg_known(device, id) && device->facts[id].scalar.num;
}

static bool dg_is_string(const struct dg_device *device, enum dg_attr_id id, const char *text)
{
	const struct dg_fact *fact = &device->facts[id];

	return fact->known && fact->scalar.str.len == strlen(text) &&
	       !memcmp(fact->scalar.str.data, text, strlen(text));
}

/* The kernel's own hubs: their strings name the kernel and the controller's address. */
static bool dg_is_root_hub(const struct dg_device *device)
{
	uint64_t id = device->facts[DG_ATTR_USB_ID].scalar.num;

	return dg_known(device, DG_ATTR_USB_ID) && id >= 0x1d6b0001 && id <= 0x1d6b0003;
}

/* Ask for the device's value; nothing when it has none. */
static int dg_take(struct dg_builder *b, struct dg_box *box, const struct dg_device *device,
		   enum dg_attr_id id)
{
	struct dg_dim *dim = &box->dims[id];

	if (id == DG_ATTR_SPDM_MEAS ? !device->measurement_count : !dg_known(device, id))
		return 0;
	dim->text = dg_fact_text(b, device, dg_schema_attr(id));
	if (!dim->text)
		return -ENOMEM;
	/* Measurements may all be unknown. */
	if (id != DG_ATTR_SPDM_MEAS || *dim->text)
		dim->state = DG_DIM_VALUES;
	return 0;
}

static int dg_take_all(struct dg_builder *b, struct dg_box *box, const struct dg_device *device,
		       const enum dg_attr_id *ids, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = dg_take(b, box, device, ids[i]);
	return err;
}

/* Evidence and what depends on the machine's set-up, not on the device, is no part of what it is. */
static bool dg_describes(const struct dg_attr *attr, const struct dg_device *device)
{
	switch (attr->id) {
	case DG_ATTR_USB_SERIAL:
	case DG_ATTR_USB_PRODUCT:
	case DG_ATTR_USB_MANUFACTURER:
		return !dg_is_root_hub(device);
	case DG_ATTR_DRIVER_NAME: /* has its own place */
	case DG_ATTR_DRIVER_BUILTIN:
	case DG_ATTR_IOMMU_DOMAIN:
		return false;
	default:
		return !attr->unstable && attr->known_from == DG_KNOWN_FROM_BIND &&
		       attr->provenance != DG_PROVENANCE_VERIFIED;
	}
}

static int dg_take_everything(struct dg_builder *b, struct dg_box *box,
			      const struct dg_device *device)
{
	int err = 0;

	for (int id = 0; id < DG_ATTR_MAX && !err; id++)
		if (dg_describes(dg_schema_attr((enum dg_attr_id)id), device))
			err = dg_take(b, box, device, (enum dg_attr_id)id);
	return err;
}

static int dg_identity_pci(struct dg_builder *b, struct dg_box *box, const struct dg_device *device)
{
	static const enum dg_attr_id always[] = { DG_ATTR_BUS, DG_ATTR_PCI_ID, DG_ATTR_PCI_CLASS,
						  DG_ATTR_PCI_EXTERNAL };
	static const enum dg_attr_id pinned[] = { DG_ATTR_PCI_SUBSYSTEM, DG_ATTR_PCI_REVISION,
						  DG_ATTR_PCI_VIRTFN };
	int err = dg_take_all(b, box, device, always, ARRAY_SIZE(always));

	if (!err && dg_is_true(device, DG_ATTR_PCI_VIRTFN))
		err = dg_take(b, box, device, DG_ATTR_PCI_VIRTFN);
	if (!err && b->flags & DG_GENERATE_PIN)
		err = dg_take_all(b, box, device, pinned, ARRAY_SIZE(pinned));
	/* Where a device outside sits is up to who plugs it in. */
	if (!err && b->flags & DG_GENERATE_PIN && !dg_is_true(device, DG_ATTR_PCI_EXTERNAL))
		err = dg_take(b, box, device, DG_ATTR_PCI_ADDRESS);
	return err;
}

static int dg_identity_usb(struct dg_builder *b, struct dg_box *box, const struct dg_device *device)
{
	static const enum dg_attr_id always[] = { DG_ATTR_BUS, DG_ATTR_USB_ID, DG_ATTR_USB_CLASS,
						  DG_ATTR_USB_INTERFACES };
	int err = dg_take_all(b, box, device, always, ARRAY_SIZE(always));

	if (err || dg_is_root_hub(device) || !b->serials_given)
		return err;
	if (dg_known(device, DG_ATTR_USB_SERIAL))
		return dg_take(b, box, device, DG_ATTR_USB_SERIAL);
	box->dims[DG_ATTR_USB_SERIAL].state = DG_DIM_ABSENT;
	return 0;
}

static int dg_identity(struct dg_builder *b, struct dg_box *box, const struct dg_device *device)
{
	static const enum dg_attr_id named[] = { DG_ATTR_BUS, DG_ATTR_DEVICE_NAME };
	int err;

	if (dg_known(device, DG_ATTR_PCI_ID))
		err = dg_identity_pci(b, box, device);
	else if (dg_known(device, DG_ATTR_USB_ID))
		err = dg_identity_usb(b, box, device);
	else if (dg_known(device, DG_ATTR_DEVICE_NAME) && dg_known(device, DG_ATTR_BUS) &&
		 !dg_is_string(device, DG_ATTR_BUS, "pci") &&
		 !dg_is_string(device, DG_ATTR_BUS, "usb"))
		err = dg_take_all(b, box, device, named, ARRAY_SIZE(named));
	else
		err = dg_take_everything(b, box, device);
	if (err || !b->drivers_named)
		return err;
	if (dg_known(device, DG_ATTR_DRIVER_NAME))
		return dg_take(b, box, device, DG_ATTR_DRIVER_NAME);
	box->dims[DG_ATTR_DRIVER_NAME].state = DG_DIM_ABSENT;
	return 0;
}

static bool dg_asks_anything(const struct dg_box *box)
{
	for (int id = 0; id < DG_ATTR_MAX; id++)
		if (box->dims[id].state == DG_DIM_VALUES)
			return true;
	return false;
}

static bool dg_runs_relaxed(const struct dg_device *device)
{
	static const char *const relaxed[] = { "identity", "dma-fq" };
	const struct dg_attr *attr = dg_schema_attr(DG_ATTR_IOMMU_DOMAIN);

	if (!dg_known(device, DG_ATTR_IOMMU_DOMAIN) || dg_is_true(device, DG_ATTR_PCI_EXTERNAL))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(relaxed); i++)
		if (!strcmp(dg_schema_enum_names(attr)[device->facts[attr->id].scalar.num],
			    relaxed[i]))
			return true;
	return false;
}

/* Can the device be accepted again as it is: is it told by an id, and does it show what to compare? */
static bool dg_is_verified(const struct dg_device *device)
{
	return dg_is_true(device, DG_ATTR_SPDM_VERIFIED) && dg_known(device, DG_ATTR_PCI_ID) &&
	       (dg_known(device, DG_ATTR_SPDM_ROOT) || device->measurement_count);
}

static uint32_t dg_operations(const struct dg_device *device)
{
	const struct dg_bytes *driver = &device->facts[DG_ATTR_DRIVER_NAME].scalar.str;
	uint32_t ops = DG_OPS(BIND) | DG_OPS(MMIO) | DG_OPS(DMA);

	if (dg_known(device, DG_ATTR_DRIVER_NAME) && driver->len >= 4 &&
	    memmem(driver->data, driver->len, "vfio", 4))
		ops |= DG_OPS(MMAP);
	if (dg_runs_relaxed(device))
		ops |= DG_OPS(DMA_RELAXED);
	if (dg_is_verified(device))
		ops |= DG_OPS(CONNECT) | DG_OPS(LOCK);
	return ops;
}

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

static int dg_add_device(struct dg_builder *b, struct dg_index *index, uint32_t number)
{
	static const enum dg_attr_id evidence[] = { DG_ATTR_SPDM_VERIFIED, DG_ATTR_SPDM_ROOT,
						    DG_ATTR_SPDM_MEAS };
	const struct dg_device *device = b->inventory->devices[number];
	struct dg_box box = { .first = number, .last = number, .count = 1 };
	struct dg_boxes *boxes = b->result;
	int err = dg_identity(b, &box, device);

	if (err)
		return err;
	if (!dg_asks_anything(&box)) {
		boxes->left_out++;
		return 0;
	}
	box.ops = boxes->promised[number] = dg_operations(device);
	err = dg_add_box(b, index, &box);
	if (err || !dg_is_verified(device))
		return err;
	err = dg_take_all(b, &box, device, evidence, ARRAY_SIZE(evidence));
	if (err)
		return err;
	/* A box of its own, with its own rule; the device is named at the other one. */
	box.ops = DG_OPS(ACCEPT) | DG_OPS(DMA_PRIVATE);
	box.evidence = true;
	box.count = 0;
	boxes->promised[number] |= box.ops;
	return dg_add_box(b, index, &box);
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

static bool dg_covers(const struct dg_box *other, const struct dg_box *box, uint64_t mask)
{
	if (other == box || other->evidence != box->evidence || dg_free_mask(other) != mask)
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

/* The boxes around boxes[@at]: their operations, and one of those that stay (@ops: what is left of each). */
static uint32_t dg_around(struct dg_builder *b, const struct dg_index *index, uint32_t at,
			  const uint32_t *ops, struct dg_box **ret_staying)
{
	struct dg_box **boxes = b->result->boxes;
	const struct dg_box *box = boxes[at];
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
			if (!dg_covers(boxes[i], box, b->masks[k]))
				continue;
			around |= boxes[i]->ops;
			if (ops && ops[i])
				*ret_staying = boxes[i];
		}
	}
	return around;
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

	if (!ops || dg_collect_masks(b))
		return -ENOMEM;
	for (uint32_t i = 0; i < boxes->count; i++)
		ops[i] = boxes->boxes[i]->ops & ~dg_around(b, index, i, NULL, &staying);
	for (uint32_t i = 0; i < boxes->count; i++) {
		if (ops[i])
			continue;
		dg_around(b, index, i, ops, &staying);
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
	const struct dg_inventory *inventory = b->inventory;
	_cleanup_(dg_index_done) struct dg_index index = {
		/* Twice: a device of verified evidence has two boxes. */
		.next = calloc(2 * inventory->device_count + 1, sizeof(*index.next)),
	};
	int err = index.next ? 0 : -ENOMEM;

	for (size_t i = 0; i < inventory->device_count; i++) {
		const struct dg_device *device = inventory->devices[i];

		b->result->next[i] = DG_NO_DEVICE;
		b->drivers_named |= dg_known(device, DG_ATTR_DRIVER_NAME);
		b->serials_given |= dg_known(device, DG_ATTR_USB_SERIAL);
	}
	for (size_t i = 0; i < inventory->device_count && !err; i++)
		err = dg_add_device(b, &index, (uint32_t)i);
	if (!err)
		err = dg_drop_covered(b, &index);
	for (size_t i = 0; i < ARRAY_SIZE(dg_merge_order) && !err; i++)
		err = dg_merge(b, dg_merge_order[i]);
	return err;
}

int dg_boxes_new(const struct dg_inventory *inventory, unsigned int flags, struct dg_boxes **ret)
{
	_cleanup_(dg_cleanup_boxes) struct dg_boxes *boxes = calloc(1, sizeof(*boxes));
	struct dg_builder b = { .inventory = inventory, .flags = flags, .result = boxes };
	int err;

	if (!boxes)
		return -ENOMEM;
	if (inventory->device_count > UINT32_MAX / 4)
		return -EFBIG;
	boxes->device_count = inventory->device_count;
	boxes->arena = dg_arena_new();
	boxes->next = calloc(inventory->device_count + 1, sizeof(*boxes->next));
	boxes->promised = calloc(inventory->device_count + 1, sizeof(*boxes->promised));
	if (!boxes->arena || !boxes->next || !boxes->promised)
		return -ENOMEM;
	err = dg_build(&b);
	free(b.strings.slots);
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
