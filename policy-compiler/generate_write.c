// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
#include <ctype.h>
#include <string.h>

#include "array.h"
#include "generate_write.h"

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

bool dg_writer_is_plain(char c)
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
		name[at++] = dg_writer_is_plain(word[i]) ? (char)tolower((unsigned char)word[i]) : '-';
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
	const struct dg_fact *product;
	struct dg_device device;

	dg_device_store_get(w->store, box->first, &device);
	product = &device.facts[DG_ATTR_USB_PRODUCT];
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
	size_t len = 0, before, start;

	if (w->prefix)
		dg_name_add(id, DG_NAME_MAX, w->prefix, strlen(w->prefix));
	before = strlen(id);
	if (product.len)
		dg_name_add(id, before + 32, product.data, product.len);
	else if (word)
		dg_name_add(id, DG_NAME_MAX - 12, word, strlen(word));
	else if ((word = dg_single_string(box, DG_ATTR_BUS, &len)) && len)
		dg_name_add(id, DG_NAME_MAX - 12, word, len);
	else
		dg_name_add(id, DG_NAME_MAX - 12, "device", 6);
	if (strlen(id) == before) /* nothing in the name can stand in one */
		dg_name_add(id, DG_NAME_MAX - 12, "device", 6);
	start = before + (before && id[before] == '-');
	driver = dg_single_string(box, DG_ATTR_DRIVER_NAME, &len);
	if (driver && len && (strlen(id + start) != len || memcmp(driver, id + start, len)))
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

enum dg_section dg_writer_section(const struct dg_box *box)
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

	if (dg_writer_section(x) != dg_writer_section(y))
		return dg_writer_section(x) < dg_writer_section(y) ? -1 : 1;
	by_text = strcmp(dg_sort_text(x), dg_sort_text(y));
	if (by_text)
		return by_text;
	return a < b ? -1 : a > b;
}

int dg_writer_begin(struct dg_writer *w)
{
	size_t count = w->boxes->count;
	int err = 0;

	w->ids = calloc(count + 1, sizeof(*w->ids));
	w->order = calloc(count + 1, sizeof(*w->order));
	if (!w->ids || !w->order)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		w->order[i] = i;
	qsort_r(w->order, count, sizeof(*w->order), dg_box_order, (void *)(uintptr_t)w->boxes);
	for (size_t i = 0; i < count && !err; i++)
		err = dg_name_rule(w, w->order[i]);
	return err;
}

/* Text of a device in a comment: one line, and nothing that hides or reorders. */
void dg_writer_plain(FILE *out, struct dg_bytes bytes)
{
	if (!bytes.len)
		fputs("(no name)", out);
	for (size_t i = 0; i < bytes.len && i < 80; i++) {
		unsigned char c = (unsigned char)bytes.data[i];

		putc(c >= 0x20 && c < 0x7f ? c : '?', out);
	}
}

void dg_writer_labels(const struct dg_writer *w, const struct dg_box *box)
{
	uint32_t device = box->first;

	for (uint32_t i = 0; i < box->count && i < DG_LABELS_SHOWN; i++) {
		struct dg_device d;

		dg_device_store_get(w->store, device, &d);
		fputs(i ? ", " : "", w->out);
		dg_writer_plain(w->out, d.label);
		if (!i && dg_product(w, box).len) {
			fputs(" (", w->out);
			dg_writer_plain(w->out, dg_product(w, box));
			fputs(")", w->out);
		}
		device = w->boxes->next[device];
	}
	if (box->count > DG_LABELS_SHOWN)
		fprintf(w->out, " and %u more", box->count - DG_LABELS_SHOWN);
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

void dg_writer_ops(FILE *out, uint32_t ops)
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

int dg_writer_rule(struct dg_writer *w, uint32_t index)
{
	const struct dg_box *box = w->boxes->boxes[index];
	const char *separator = " where ";

	for (int id = 0; id < DG_ATTR_MAX; id++) {
		const struct dg_attr *attr = dg_schema_attr((enum dg_attr_id)id);
		int err = dg_wants_set(attr, &box->dims[id]) ? dg_set_for(w, index, attr) : 0;

		if (err)
			return err;
	}
	fprintf(w->out, "allow \"%s\" on ", w->ids[index]);
	dg_writer_ops(w->out, box->ops);
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


void dg_writer_done(struct dg_writer *w)
{
	dg_map_done(&w->rules.used);
	dg_map_done(&w->set_names.used);
	dg_map_done(&w->set_of);
	free(w->sets);
	free(w->ids);
	free(w->order);
}
