// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
/* What makes a device the same one (generate.h), and what it may do. */
#include <string.h>

#include "array.h"
#include "generate_builder.h"
#include "map.h"
#include "policy_write.h"

#define DG_OPS(op) (1U << DG_OP_##op)

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

void dg_strings_done(struct dg_strings *strings)
{
	free(strings->slots);
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
	/* No box has it: it is needed for one question. */
	if (b->scratch)
		return dg_arena_copy(b->scratch, text, len);
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
const char *dg_intern_sorted(struct dg_builder *b, char *text)
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

static bool dg_is_root_hub(const struct dg_device *device)
{
	return dg_known(device, DG_ATTR_USB_ID) &&
	       dg_usb_id_is_root_hub(device->facts[DG_ATTR_USB_ID].scalar.num);
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
	if (dg_attr_is_usb_string(attr))
		return !dg_is_root_hub(device);
	switch (attr->id) {
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
	if (!err && b->options->pin)
		err = dg_take_all(b, box, device, pinned, ARRAY_SIZE(pinned));
	/* Where a device outside sits is up to who plugs it in. */
	if (!err && b->options->pin && !dg_is_true(device, DG_ATTR_PCI_EXTERNAL))
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

int dg_identity(struct dg_builder *b, struct dg_box *box, const struct dg_device *device)
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

static bool dg_runs_relaxed(const struct dg_device *device)
{
	static const char *const relaxed[] = { "identity", "dma-fq" };
	const struct dg_attr *attr = dg_schema_attr(DG_ATTR_IOMMU_DOMAIN);

	if (!dg_known(device, DG_ATTR_IOMMU_DOMAIN))
		return false;
	if (dg_known(device, DG_ATTR_PCI_ID) && !dg_known(device, DG_ATTR_PCI_EXTERNAL))
		return false; /* who knows whether it is inside */
	if (dg_is_true(device, DG_ATTR_PCI_EXTERNAL))
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
		ops |= DG_OPS(CONNECT) | DG_OPS(LOCK) | DG_EVIDENCE_OPS;
	return ops;
}

uint32_t dg_device_operations(const struct dg_builder *b, uint32_t number,
			      const struct dg_device *device)
{
	if (!b->options->ops)
		return dg_operations(device);
	/* Nothing admits a device to the TCB on its own word. */
	if (!dg_is_true(device, DG_ATTR_SPDM_VERIFIED))
		return b->options->ops[number] & ~DG_EVIDENCE_OPS;
	return b->options->ops[number];
}

int dg_identity_evidence(struct dg_builder *b, struct dg_box *box, const struct dg_device *device)
{
	static const enum dg_attr_id evidence[] = { DG_ATTR_SPDM_VERIFIED, DG_ATTR_SPDM_ROOT,
						    DG_ATTR_SPDM_MEAS };

	return dg_take_all(b, box, device, evidence, ARRAY_SIZE(evidence));
}

int dg_take_asked(struct dg_builder *b, struct dg_box *box, const struct dg_device *device,
		  uint64_t asked)
{
	int err = 0;

	for (int id = 0; id < DG_ATTR_MAX && !err; id++) {
		if (!(asked >> id & 1))
			continue;
		box->dims[id].state = DG_DIM_ABSENT;
		err = dg_take(b, box, device, (enum dg_attr_id)id);
	}
	return err;
}

bool dg_identifies(const struct dg_attr *attr)
{
	switch (attr->type) {
	case DG_TYPE_ID:
	case DG_TYPE_CLASS:
	case DG_TYPE_ADDRESS:
		return true;
	case DG_TYPE_STRING:
		return attr->id != DG_ATTR_BUS && attr->id != DG_ATTR_DRIVER_NAME &&
		       attr->id != DG_ATTR_DRIVER_MODULE;
	default:
		return false;
	}
}
