// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
/* Boxes (generate_boxes.h) as a policy: names, comments, sets, rules, tests. */
#include <ctype.h>
#include <string.h>

#include "array.h"
#include "eval.h"
#include "generate_boxes.h"
#include "map.h"
#include "policy.h"
#include "policy_write.h"
#include "source.h"
#include "utf8.h"

#define DG_NAME_MAX 63	    /* of a rule's id */
#define DG_TESTED_RULES 100 /* more tests than a person reads show nothing more */
#define DG_LABELS_SHOWN 6

/* What devices of a class are called in rule ids. The first match counts. */
static const struct {
	const char *class, *word;
} dg_pci_words[] = {
	{ "01:08:", "nvme" },	 { "01:", "storage" },	   { "02:", "network" },
	{ "03:", "display" },	 { "04:", "multimedia" },  { "05:", "memory" },
	{ "06:", "bridge" },	 { "07:", "serial-port" }, { "08:", "system" },
	{ "09:", "input" },	 { "0b:", "processor" },   { "0c:03:", "usb-controller" },
	{ "0c:05:", "smbus" },	 { "0c:", "serial-bus" },  { "0d:", "wireless" },
	{ "10:", "crypto" },	 { "11:", "signal" },	   { "12:", "accelerator" },
}, dg_usb_words[] = {
	{ "01:", "usb-audio" },	 { "02:", "usb-network" }, { "03:", "usb-input" },
	{ "06:", "usb-camera" }, { "07:", "usb-printer" }, { "08:", "usb-storage" },
	{ "09:", "usb-hub" },	 { "0a:", "usb-network" }, { "0b:", "usb-smartcard" },
	{ "0e:", "usb-video" },	 { "e0:", "usb-wireless" },
};

struct dg_named_set {
	const char *text; /* interned values */
	char name[96];
};

struct dg_namer {
	struct dg_map used; /* hash of a name -> how often it was wanted */
};

struct dg_writer {
	const struct dg_inventory *inventory;
	const struct dg_boxes *boxes;
	FILE *out;
	struct dg_namer rules, set_names;
	char (*ids)[DG_NAME_MAX + 1]; /* by box */
	uint32_t *order;	      /* boxes in the order of writing */
	struct dg_named_set *sets;
	size_t set_count, set_room;
	struct dg_map set_of; /* interned values and attribute type -> set */
};

static bool dg_is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

/* Add a word, in what a name may hold, with a - before it. */
static void dg_name_add(char *name, size_t size, const char *word, size_t len)
{
	size_t at = strlen(name);

	if (at && at + 1 < size)
		name[at++] = '-';
	for (size_t i = 0; i < len && at + 1 < size; i++)
		name[at++] = dg_is_plain(word[i]) ? (char)tolower((unsigned char)word[i]) : '-';
	/* What cannot stand in a name leaves no trace at its end, nor twice. */
	while (at && name[at - 1] == '-')
		at--;
	name[at] = 0;
	for (char *p = name; *p; p++)
		while (p[0] == '-' && p[1] == '-')
			memmove(p, p + 1, strlen(p));
}

/* Make it one that was not there yet: the second "nvme" is "nvme-2". */
static int dg_name_unique(struct dg_namer *namer, char *name, size_t size)
{
	uint64_t hash = dg_hash(name, strlen(name));
	char numbered[128];
	uint32_t count = 0;
	int err;

	dg_map_get(&namer->used, hash, 0, &count);
	err = dg_map_put(&namer->used, hash, 0, count + 1);
	if (err || !count)
		return err;
	snprintf(numbered, sizeof(numbered), "%.*s-%u", (int)size - 12, name, count + 1);
	memcpy(name, numbered, strlen(numbered) + 1);
	/* A device may be called "nvme-2" itself. */
	return dg_name_unique(namer, name, size);
}

static const struct dg_dim *dg_dim_of(const struct dg_box *box, enum dg_attr_id id)
{
	return &box->dims[id];
}

/* The one value of a string attribute, without its quotes; NULL when there is not exactly one. */
static const char *dg_single_string(const struct dg_box *box, enum dg_attr_id id, size_t *ret_len)
{
	const struct dg_dim *dim = dg_dim_of(box, id);

	if (dim->state != DG_DIM_VALUES || strchr(dim->text, '\n'))
		return NULL;
	*ret_len = strlen(dim->text) - 2;
	return dim->text + 1;
}

/* What a USB device calls itself, for names only: it is claimed, and compared with nothing. */
static struct dg_bytes dg_product(const struct dg_writer *w, const struct dg_box *box)
{
	const struct dg_device *device = w->inventory->devices[box->first];
	const struct dg_fact *product = &device->facts[DG_ATTR_USB_PRODUCT];

	if (dg_dim_of(box, DG_ATTR_USB_ID)->state != DG_DIM_VALUES || !product->known ||
	    strchr(dg_dim_of(box, DG_ATTR_USB_ID)->text, '\n') ||
	    !strncmp(dg_dim_of(box, DG_ATTR_USB_ID)->text, "1d6b:000", 8))
		return (struct dg_bytes){ 0 };
	return product->scalar.str;
}

static const char *dg_class_word(const struct dg_box *box)
{
	const struct dg_dim *pci = dg_dim_of(box, DG_ATTR_PCI_CLASS);
	const struct dg_dim *usb = dg_dim_of(box, DG_ATTR_USB_CLASS);

	if (pci->state == DG_DIM_VALUES) {
		for (size_t i = 0; i < ARRAY_SIZE(dg_pci_words); i++)
			if (!strncmp(pci->text, dg_pci_words[i].class,
				     strlen(dg_pci_words[i].class)))
				return dg_pci_words[i].word;
		return "pci";
	}
	if (usb->state != DG_DIM_VALUES)
		return dg_dim_of(box, DG_ATTR_PCI_ID)->state == DG_DIM_VALUES ? "pci" :
		       dg_dim_of(box, DG_ATTR_USB_ID)->state == DG_DIM_VALUES ? "usb" :
										NULL;
	for (size_t i = 0; i < ARRAY_SIZE(dg_usb_words); i++)
		if (!strncmp(usb->text, dg_usb_words[i].class, strlen(dg_usb_words[i].class)))
			return dg_usb_words[i].word;
	return "usb";
}

static int dg_name_rule(struct dg_writer *w, uint32_t index)
{
	const struct dg_box *box = w->boxes->boxes[index];
	char *id = w->ids[index];
	struct dg_bytes product = dg_product(w, box);
	const char *word = dg_class_word(box), *driver;
	size_t len = 0;

	if (product.len)
		dg_name_add(id, 32, product.data, product.len);
	else if (word)
		dg_name_add(id, DG_NAME_MAX - 12, word, strlen(word));
	else if ((word = dg_single_string(box, DG_ATTR_BUS, &len)) && len)
		dg_name_add(id, DG_NAME_MAX - 12, word, len);
	else
		dg_name_add(id, DG_NAME_MAX - 12, "device", 6);
	if (!*id) /* nothing in the name can stand in one */
		dg_name_add(id, DG_NAME_MAX - 12, "device", 6);
	driver = dg_single_string(box, DG_ATTR_DRIVER_NAME, &len);
	if (driver && len && (strlen(id) != len || memcmp(driver, id, len)))
		dg_name_add(id, DG_NAME_MAX - 12, driver, len);
	else if (dg_dim_of(box, DG_ATTR_DRIVER_NAME)->state == DG_DIM_ABSENT)
		dg_name_add(id, DG_NAME_MAX - 12, "unbound", 7);
	if (dg_dim_of(box, DG_ATTR_PCI_EXTERNAL)->state == DG_DIM_VALUES &&
	    !strcmp(dg_dim_of(box, DG_ATTR_PCI_EXTERNAL)->text, "true"))
		dg_name_add(id, DG_NAME_MAX - 4, "external", 8);
	if (box->evidence)
		dg_name_add(id, DG_NAME_MAX - 4, "tcb", 3);
	return dg_name_unique(&w->rules, id, DG_NAME_MAX);
}

/* Sections of the policy. */
enum dg_section {
	DG_SECTION_PCI,
	DG_SECTION_USB,
	DG_SECTION_OTHER,
};

static enum dg_section dg_section_of(const struct dg_box *box)
{
	if (dg_dim_of(box, DG_ATTR_PCI_ID)->state == DG_DIM_VALUES)
		return DG_SECTION_PCI;
	return dg_dim_of(box, DG_ATTR_USB_ID)->state == DG_DIM_VALUES ? DG_SECTION_USB :
									DG_SECTION_OTHER;
}

static const char *dg_sort_text(const struct dg_box *box)
{
	/* A USB device and its interfaces stand together. */
	static const enum dg_attr_id first[] = { DG_ATTR_PCI_CLASS, DG_ATTR_USB_ID, DG_ATTR_BUS };

	for (size_t i = 0; i < ARRAY_SIZE(first); i++)
		if (dg_dim_of(box, first[i])->state == DG_DIM_VALUES)
			return dg_dim_of(box, first[i])->text;
	return "";
}

static int dg_box_order(const void *left, const void *right, void *context)
{
	const struct dg_boxes *boxes = context;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	const struct dg_box *x = boxes->boxes[a], *y = boxes->boxes[b];
	int by_text;

	if (dg_section_of(x) != dg_section_of(y))
		return dg_section_of(x) < dg_section_of(y) ? -1 : 1;
	by_text = strcmp(dg_sort_text(x), dg_sort_text(y));
	if (by_text)
		return by_text;
	return a < b ? -1 : a > b;
}

/* Text of a device in a comment: one line, and nothing that hides or reorders. */
static void dg_write_plain(FILE *out, struct dg_bytes bytes)
{
	if (!bytes.len)
		fputs("(no name)", out);
	for (size_t i = 0; i < bytes.len && i < 80; i++) {
		unsigned char c = (unsigned char)bytes.data[i];

		putc(c >= 0x20 && c < 0x7f ? c : '?', out);
	}
}

static void dg_write_labels(const struct dg_writer *w, const struct dg_box *box)
{
	uint32_t device = box->first;

	fputs("# ", w->out);
	for (uint32_t i = 0; i < box->count && i < DG_LABELS_SHOWN; i++) {
		const struct dg_device *d = w->inventory->devices[device];

		fputs(i ? ", " : "", w->out);
		dg_write_plain(w->out, d->label);
		if (!i && dg_product(w, box).len) {
			fputs(" (", w->out);
			dg_write_plain(w->out, dg_product(w, box));
			fputs(")", w->out);
		}
		device = w->boxes->next[device];
	}
	if (box->count > DG_LABELS_SHOWN)
		fprintf(w->out, " and %u more", box->count - DG_LABELS_SHOWN);
	fputs("\n", w->out);
}

/* Lines as a list: `a, b, c`. */
static void dg_write_list(FILE *out, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		fwrite(text, 1, len, out);
		text += len + (text[len] != 0);
		if (*text)
			fputs(", ", out);
	}
}

static const char *dg_set_suffix(const struct dg_attr *attr)
{
	switch (attr->type) {
	case DG_TYPE_ID:
		return "ids";
	case DG_TYPE_CLASS:
		return attr->set ? "interfaces" : "classes";
	case DG_TYPE_ADDRESS:
		return "slots";
	case DG_TYPE_STRING:
		return attr->id == DG_ATTR_DRIVER_NAME ? "drivers" :
		       attr->id == DG_ATTR_USB_SERIAL  ? "serials" :
							 "names";
	default:
		return "values";
	}
}

/* The set of the values of @id in a box; made, and written, when it is not there yet. */
static int dg_set_for(struct dg_writer *w, uint32_t index, const struct dg_attr *attr)
{
	const char *text = w->boxes->boxes[index]->dims[attr->id].text;
	struct dg_named_set *set;
	char rule[DG_NAME_MAX + 1];
	uint32_t known;
	int err;

	if (dg_map_get(&w->set_of, (uintptr_t)text, attr->type, &known))
		return 0;
	err = dg_array_reserve(&w->sets, &w->set_room, w->set_count + 1, sizeof(*w->sets));
	if (err)
		return err;
	set = &w->sets[w->set_count];
	*set = (struct dg_named_set){ .text = text };
	/* A name begins with a letter, and a rule's id perhaps with a digit. */
	snprintf(rule, sizeof(rule), "%s", w->ids[index]);
	if (!((rule[0] >= 'a' && rule[0] <= 'z') || (rule[0] >= 'A' && rule[0] <= 'Z')))
		rule[0] = 'x';
	dg_name_add(set->name, sizeof(set->name), rule, strlen(rule));
	dg_name_add(set->name, sizeof(set->name), dg_set_suffix(attr),
		    strlen(dg_set_suffix(attr)));
	err = dg_name_unique(&w->set_names, set->name, sizeof(set->name) - 1);
	if (err)
		return err;
	fprintf(w->out, "set %s = { ", set->name);
	dg_write_list(w->out, text);
	fputs(" };\n", w->out);
	return dg_map_put(&w->set_of, (uintptr_t)text, attr->type, (uint32_t)w->set_count++);
}

/* Is the dimension written with a named set? Enums stand in no set, and measurements are many tests. */
static bool dg_wants_set(const struct dg_attr *attr, const struct dg_dim *dim)
{
	return dim->state == DG_DIM_VALUES && attr->id != DG_ATTR_SPDM_MEAS &&
	       strchr(dim->text, '\n');
}

static const char *dg_set_name(const struct dg_writer *w, const struct dg_attr *attr,
			       const struct dg_dim *dim)
{
	uint32_t known = 0;

	dg_map_get(&w->set_of, (uintptr_t)dim->text, attr->type, &known);
	return w->sets[known].name;
}

static void dg_write_measurements(const struct dg_writer *w, const char *text)
{
	const char *separator = "";

	while (*text) {
		size_t index = strcspn(text, " "), len = strcspn(text, "\n");

		fprintf(w->out, "%sspdm.meas.%.*s == %.*s", separator, (int)index, text,
			(int)(len - index - 1), text + index + 1);
		separator = " and ";
		text += len + (text[len] != 0);
	}
}

static void dg_write_dim(const struct dg_writer *w, const struct dg_attr *attr,
			 const struct dg_dim *dim)
{
	FILE *out = w->out;

	if (dim->state == DG_DIM_ABSENT)
		fprintf(out, "%s is not known", attr->name);
	else if (attr->id == DG_ATTR_SPDM_MEAS)
		dg_write_measurements(w, dim->text);
	else if (attr->set && !*dim->text)
		fprintf(out, "not any %s %s", attr->name,
			attr->type == DG_TYPE_STRING ? "like \"*\"" : "in *:*:*");
	else if (dg_wants_set(attr, dim))
		fprintf(out, "%s%s in %s", attr->set ? "all " : "", attr->name,
			dg_set_name(w, attr, dim));
	else if (attr->type == DG_TYPE_BOOL)
		fprintf(out, "%s%s", strcmp(dim->text, "true") ? "not " : "", attr->name);
	else
		/* After == a star draws a warning: did you mean `like`? */
		fprintf(out, "%s%s %s %s", attr->set ? "all " : "", attr->name,
			attr->type == DG_TYPE_STRING && strchr(dim->text, '*') ? "in" : "==",
			dim->text);
}

static void dg_write_ops(FILE *out, uint32_t ops)
{
	const char *separator = "";

	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		if (!(ops >> op & 1))
			continue;
		fprintf(out, "%s%s", separator, dg_op_name((enum dg_op)op));
		separator = ", ";
	}
}

/* In the schema's order, but the driver behind what the device is, and what is verified at the end. */
static unsigned int dg_dim_rank(enum dg_attr_id id)
{
	const struct dg_attr *attr = dg_schema_attr(id);

	if (attr->provenance == DG_PROVENANCE_VERIFIED)
		return 2;
	return id == DG_ATTR_DRIVER_NAME;
}

static int dg_write_rule(struct dg_writer *w, uint32_t index)
{
	const struct dg_box *box = w->boxes->boxes[index];
	const char *separator = " where ";

	fputs("\n", w->out);
	if (box->count)
		dg_write_labels(w, box);
	if (box->evidence)
		fputs("# Into the TCB, with the evidence that was verified when the inventory was "
		      "taken.\n",
		      w->out);
	for (int id = 0; id < DG_ATTR_MAX; id++) {
		const struct dg_attr *attr = dg_schema_attr((enum dg_attr_id)id);
		int err = dg_wants_set(attr, &box->dims[id]) ? dg_set_for(w, index, attr) : 0;

		if (err)
			return err;
	}
	fprintf(w->out, "allow \"%s\" on ", w->ids[index]);
	dg_write_ops(w->out, box->ops);
	for (unsigned int rank = 0; rank <= 2; rank++) {
		for (int id = 0; id < DG_ATTR_MAX; id++) {
			if (box->dims[id].state == DG_DIM_FREE ||
			    dg_dim_rank((enum dg_attr_id)id) != rank)
				continue;
			fputs(separator, w->out);
			dg_write_dim(w, dg_schema_attr((enum dg_attr_id)id), &box->dims[id]);
			separator = " and ";
		}
	}
	fputs(";\n", w->out);
	return 0;
}

/* The facts of the rule's first device that the rule asks for. */
static void dg_write_example(struct dg_writer *w, const struct dg_box *box)
{
	const struct dg_device *device = w->inventory->devices[box->first];

	for (int id = 0; id < DG_ATTR_MAX; id++) {
		const struct dg_attr *attr = dg_schema_attr((enum dg_attr_id)id);

		if (box->dims[id].state != DG_DIM_VALUES)
			continue;
		if (id == DG_ATTR_SPDM_MEAS) {
			for (size_t i = 0; i < device->measurement_count; i++) {
				if (!device->measurements[i].fact.known)
					continue;
				fprintf(w->out, " %s.%u = ", attr->name,
					device->measurements[i].index);
				dg_policy_write_fact(w->out, attr, &device->measurements[i].fact);
				fputs(";", w->out);
			}
			continue;
		}
		fprintf(w->out, " %s = ", attr->name);
		dg_policy_write_fact(w->out, attr, &device->facts[id]);
		fputs(";", w->out);
	}
}

static void dg_write_test(struct dg_writer *w, uint32_t index)
{
	const struct dg_box *box = w->boxes->boxes[index];

	fprintf(w->out, "\ntest \"%s: ", w->ids[index]);
	/* No quote and no backslash: what else a label has is left out. */
	for (size_t i = 0; i < w->inventory->devices[box->first]->label.len && i < 80; i++) {
		char c = w->inventory->devices[box->first]->label.data[i];

		putc(dg_is_plain(c) || c == ':' || c == '.' || c == '#' ? c : '?', w->out);
	}
	fputs("\" {\n\tdevice {", w->out);
	dg_write_example(w, box);
	fputs(" };\n\texpect allow on ", w->out);
	dg_write_ops(w->out, box->ops);
	fprintf(w->out, " by \"%s\";\n}\n", w->ids[index]);
}

/* The rule's first device with what the rule asks for, in @arena. NULL: out of memory. */
static struct dg_device *dg_example(const struct dg_writer *w, const struct dg_box *box,
				    struct dg_arena *arena)
{
	const struct dg_device *device = w->inventory->devices[box->first];
	struct dg_device *copy = dg_arena_new_of(arena, struct dg_device);

	if (!copy)
		return NULL;
	for (int id = 0; id < DG_ATTR_MAX; id++)
		if (box->dims[id].state == DG_DIM_VALUES)
			copy->facts[id] = device->facts[id];
	return copy;
}

/* Something else than what is there: a value that devices do not have. */
static bool dg_change(struct dg_device *device, enum dg_attr_id id)
{
	struct dg_literal *value = &device->facts[id].scalar;

	if (!device->facts[id].known)
		return false;
	switch (value->type) {
	case DG_TYPE_ID:
		value->num = 0xffffffff;
		return true;
	case DG_TYPE_BOOL:
		value->num = !value->num;
		return true;
	case DG_TYPE_STRING:
		value->str = (struct dg_bytes){ "something-else", 14 };
		return true;
	default:
		return false;
	}
}

/* What the policy so far makes of it decides whether the test is written. */
static int dg_write_refusal(struct dg_writer *w, const struct dg_policy *policy,
			    const struct dg_box *box, enum dg_attr_id id, const char *title)
{
	_cleanup_(dg_cleanup_arena) struct dg_arena *arena = dg_arena_new();
	struct dg_device *device = arena ? dg_example(w, box, arena) : NULL;
	struct dg_answer answer;

	if (!device)
		return -ENOMEM;
	if (!dg_change(device, id))
		return 0;
	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		if (!(box->ops >> op & 1))
			continue;
		dg_eval_decide(policy, device, (enum dg_op)op, 0, true, &answer);
		if (answer.verdict == DG_VERDICT_ALLOW)
			return 0;
	}
	fprintf(w->out, "\ntest \"%s\" {\n\tdevice {", title);
	dg_policy_write_device(w->out, device, " ");
	fputs(" };\n\texpect deny on ", w->out);
	dg_write_ops(w->out, box->ops);
	fputs(" by default;\n}\n", w->out);
	return 0;
}

/* What must not be admitted: for each section, its first device with something changed. */
static int dg_write_refusals(struct dg_writer *w, const struct dg_policy *policy)
{
	static const struct {
		enum dg_section section;
		enum dg_attr_id id;
		const char *title;
	} changes[] = {
		{ DG_SECTION_PCI, DG_ATTR_PCI_ID, "refused: a PCI device that was not there" },
		{ DG_SECTION_PCI, DG_ATTR_PCI_EXTERNAL, "refused: a PCI device in another place" },
		{ DG_SECTION_PCI, DG_ATTR_DRIVER_NAME, "refused: a PCI device with another driver" },
		{ DG_SECTION_USB, DG_ATTR_USB_ID, "refused: a USB device that was not there" },
		{ DG_SECTION_USB, DG_ATTR_DRIVER_NAME, "refused: a USB device with another driver" },
		{ DG_SECTION_OTHER, DG_ATTR_DEVICE_NAME, "refused: a device of another name" },
		{ DG_SECTION_OTHER, DG_ATTR_DRIVER_NAME, "refused: a device with another driver" },
	};
	int err = 0;

	for (size_t k = 0; k < ARRAY_SIZE(changes) && !err; k++) {
		for (size_t i = 0; i < w->boxes->count; i++) {
			const struct dg_box *box = w->boxes->boxes[w->order[i]];

			if (dg_section_of(box) != changes[k].section ||
			    box->dims[changes[k].id].state != DG_DIM_VALUES || box->evidence)
				continue;
			err = dg_write_refusal(w, policy, box, changes[k].id, changes[k].title);
			break;
		}
	}
	return err;
}

static void dg_write_head(const struct dg_writer *w, unsigned int flags)
{
	size_t count = w->boxes->device_count - w->boxes->left_out;
	FILE *out = w->out;

	fprintf(out,
		"# A starting policy: the %zu device%s that were present, and nothing else. Written by\n"
		"# `devgate generate%s. Read it, drop what does not belong, name rules and sets after what they\n"
		"# mean to you, and raise the version with every change. Try it with\n"
		"#\n"
		"#     devgate sim POLICY --inventory INVENTORY --op bind\n"
		"#     devgate test --coverage POLICY\n"
		"\n"
		"policy \"generated\" version 1 abi 1;\n"
		"\n"
		"# What no rule below allows is refused: a device that was not there, one that is there with another\n"
		"# driver, and every operation that the devices do not need for work.\n"
		"default bind, mmio, mmap, dma, dma-relaxed, dma-private, connect, lock, accept = deny;\n",
		count, count == 1 ? "" : "s",
		flags & DG_GENERATE_PIN ? " --pin` (each PCI device in its slot)" : "`");
	if (w->boxes->left_out)
		fprintf(out,
			"\n# %zu device%s left out: no stable attribute tells %s from any other.\n",
			w->boxes->left_out, w->boxes->left_out == 1 ? " is" : "s are",
			w->boxes->left_out == 1 ? "it" : "them");
}

static void dg_write_section(const struct dg_writer *w, enum dg_section section, bool unbound)
{
	static const char *const titles[] = {
		[DG_SECTION_PCI] =
			"# PCI: by what the device claims to be, where it sits (inside or on an external port), and\n"
			"# the driver that had bound it.\n",
		[DG_SECTION_USB] =
			"# USB: whole devices and their interfaces are judged each. A device must have no interface\n"
			"# that it did not have then.\n",
		[DG_SECTION_OTHER] = "# What firmware or a bus controller describes, by name.\n",
	};

	fputs("\n", w->out);
	fputs(titles[section], w->out);
	if (unbound)
		fputs("# Those called \"unbound\" had no driver, and none may take them. To let one, write its\n"
		      "# name: driver.name == \"…\".\n",
		      w->out);
}

static bool dg_section_unbound(const struct dg_writer *w, enum dg_section section)
{
	for (size_t i = 0; i < w->boxes->count; i++)
		if (dg_section_of(w->boxes->boxes[i]) == section &&
		    dg_dim_of(w->boxes->boxes[i], DG_ATTR_DRIVER_NAME)->state == DG_DIM_ABSENT)
			return true;
	return false;
}

static int dg_write_all(struct dg_writer *w, unsigned int flags)
{
	int section = -1, err = 0;

	dg_write_head(w, flags);
	for (size_t i = 0; i < w->boxes->count && !err; i++) {
		const struct dg_box *box = w->boxes->boxes[w->order[i]];

		if ((int)dg_section_of(box) != section) {
			section = dg_section_of(box);
			dg_write_section(w, (enum dg_section)section,
					 dg_section_unbound(w, (enum dg_section)section));
		}
		err = dg_write_rule(w, w->order[i]);
	}
	if (w->boxes->count && !err)
		fprintf(w->out,
			"\n# One device of each rule%s. Take a test out with its rule.\n",
			w->boxes->count > DG_TESTED_RULES ? " (of the first hundred)" : "");
	for (size_t i = 0; i < w->boxes->count && i < DG_TESTED_RULES && !err; i++)
		dg_write_test(w, w->order[i]);
	return err;
}

/* The text so far is a policy: what it refuses is tried on it, not reasoned about. */
static int dg_write_refusing_tests(struct dg_writer *w, char *const *text, const size_t *len)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_diags_ struct dg_diags diags = { 0 };
	int err;

	if (fflush(w->out))
		return -ENOMEM;
	if (*len > DG_SOURCE_MAX_BYTES)
		return -EFBIG;
	err = dg_policy_load_text("generated", *text, *len, 0, &diags, &policy);
	return err ?: dg_write_refusals(w, policy);
}

static int dg_generate_text(const struct dg_inventory *inventory, const struct dg_boxes *boxes,
			    unsigned int flags, char **ret, size_t *ret_len)
{
	_cleanup_free_ char *text = NULL;
	struct dg_writer w = {
		.inventory = inventory,
		.boxes = boxes,
		.ids = calloc(boxes->count + 1, sizeof(*w.ids)),
		.order = calloc(boxes->count + 1, sizeof(*w.order)),
	};
	size_t len = 0;
	int err = -ENOMEM;

	w.out = open_memstream(&text, &len);
	if (w.out && w.ids && w.order) {
		err = 0;
		for (uint32_t i = 0; i < boxes->count; i++)
			w.order[i] = i;
		qsort_r(w.order, boxes->count, sizeof(*w.order), dg_box_order,
			(void *)(uintptr_t)boxes);
		for (size_t i = 0; i < boxes->count && !err; i++)
			err = dg_name_rule(&w, w.order[i]);
		if (!err)
			err = dg_write_all(&w, flags);
		if (!err)
			err = dg_write_refusing_tests(&w, &text, &len);
	}
	if (w.out && (ferror(w.out) | fclose(w.out)))
		err = -ENOMEM;
	dg_map_done(&w.rules.used);
	dg_map_done(&w.set_names.used);
	dg_map_done(&w.set_of);
	free(w.sets);
	free(w.ids);
	free(w.order);
	if (!err && len > DG_SOURCE_MAX_BYTES)
		err = -EFBIG;
	if (err)
		return err;
	*ret = TAKE_PTR(text);
	*ret_len = len;
	return 0;
}

int dg_generate(const struct dg_inventory *inventory, unsigned int flags, struct dg_generated **ret)
{
	_cleanup_(dg_cleanup_generated) struct dg_generated *generated = calloc(1,
										sizeof(*generated));
	_cleanup_(dg_cleanup_boxes) struct dg_boxes *boxes = NULL;
	int err = generated ? dg_boxes_new(inventory, flags, &boxes) : -ENOMEM;

	if (!err)
		err = dg_generate_text(inventory, boxes, flags, &generated->text,
				       &generated->text_len);
	if (err)
		return err;
	generated->rules = boxes->count;
	generated->device_count = boxes->device_count;
	generated->left_out = boxes->left_out;
	generated->promised = TAKE_PTR(boxes->promised);
	*ret = TAKE_PTR(generated);
	return 0;
}

void dg_generated_free(struct dg_generated *generated)
{
	if (!generated)
		return;
	free(generated->text);
	free(generated->promised);
	free(generated);
}
