// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
/* Boxes (generate_boxes.h) as a policy: comments, rules, tests. */
#include <string.h>

#include "eval.h"
#include "format.h"
#include "generate_write.h"
#include "policy.h"
#include "policy_write.h"
#include "source.h"

#define DG_TESTED_RULES 100 /* more tests than a person reads show nothing more */

/* The facts of the rule's first device that the rule asks for. */
static void dg_write_example(struct dg_writer *w, const struct dg_box *box,
			     const struct dg_device *device)
{
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
	struct dg_device device;

	dg_device_store_get(w->store, box->first, &device);
	fprintf(w->out, "\ntest \"%s: ", w->ids[index]);
	/* No quote and no backslash: what else a label has is left out. */
	for (size_t i = 0; i < device.label.len && i < 80; i++) {
		char c = device.label.data[i];

		putc(dg_writer_is_plain(c) || c == ':' || c == '.' || c == '#' ? c : '?', w->out);
	}
	fputs("\" {\n\tdevice {", w->out);
	dg_write_example(w, box, &device);
	fputs(" };\n\texpect allow on ", w->out);
	dg_writer_ops(w->out, box->ops);
	fprintf(w->out, " by \"%s\";\n}\n", w->ids[index]);
}

/* The rule's first device with what the rule asks for, in @arena. NULL: out of memory. */
static struct dg_device *dg_example(const struct dg_writer *w, const struct dg_box *box,
				    struct dg_arena *arena)
{
	struct dg_device *copy = dg_arena_new_of(arena, struct dg_device);
	struct dg_device device;

	if (!copy)
		return NULL;
	dg_device_store_get(w->store, box->first, &device);
	for (int id = 0; id < DG_ATTR_MAX; id++)
		if (box->dims[id].state == DG_DIM_VALUES)
			copy->facts[id] = device.facts[id];
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
	dg_writer_ops(w->out, box->ops);
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

			if (dg_writer_section(box) != changes[k].section ||
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
		if (dg_writer_section(w->boxes->boxes[i]) == section &&
		    w->boxes->boxes[i]->dims[DG_ATTR_DRIVER_NAME].state == DG_DIM_ABSENT)
			return true;
	return false;
}

static int dg_write_all(struct dg_writer *w, unsigned int flags)
{
	int section = -1, err = 0;

	dg_write_head(w, flags);
	for (size_t i = 0; i < w->boxes->count && !err; i++) {
		const struct dg_box *box = w->boxes->boxes[w->order[i]];

		if ((int)dg_writer_section(box) != section) {
			section = dg_writer_section(box);
			dg_write_section(w, (enum dg_section)section,
					 dg_section_unbound(w, (enum dg_section)section));
		}
		fputs("\n", w->out);
		if (box->count) {
			fputs("# ", w->out);
			dg_writer_labels(w, box);
			fputs("\n", w->out);
		}
		if (box->evidence)
			fputs("# Into the TCB, with the evidence that was verified when the inventory "
			      "was taken.\n",
			      w->out);
		err = dg_writer_rule(w, w->order[i]);
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

static int dg_generate_text(const struct dg_device_store *store, const struct dg_boxes *boxes,
			    unsigned int flags, char **ret, size_t *ret_len)
{
	_cleanup_diags_ struct dg_diags diags = {};
	_cleanup_free_ char *text = NULL;
	struct dg_writer w = { .store = store, .boxes = boxes };
	size_t len = 0;
	int err = -ENOMEM;

	w.out = open_memstream(&text, &len);
	if (w.out)
		err = dg_writer_begin(&w);
	if (!err)
		err = dg_write_all(&w, flags);
	if (!err)
		err = dg_write_refusing_tests(&w, &text, &len);
	if (w.out && (ferror(w.out) | fclose(w.out)))
		err = -ENOMEM;
	dg_writer_done(&w);
	if (!err && len > DG_SOURCE_MAX_BYTES)
		err = -EFBIG;
	if (err)
		return err;
	/* In the one layout, so that a reader's first `fmt` changes nothing. */
	return dg_format_text("generated", text, len, &diags, ret, ret_len);
}

int dg_generate_stored(const struct dg_device_store *store, unsigned int flags,
		       struct dg_generated **ret)
{
	_cleanup_(dg_cleanup_generated) struct dg_generated *generated = calloc(1,
										sizeof(*generated));
	_cleanup_(dg_cleanup_boxes) struct dg_boxes *boxes = NULL;
	struct dg_boxes_options options = { .pin = flags & DG_GENERATE_PIN };
	int err = generated ? dg_boxes_new(store, &options, &boxes) : -ENOMEM;

	if (!err)
		err = dg_generate_text(store, boxes, flags, &generated->text,
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

int dg_generate(const struct dg_inventory *inventory, unsigned int flags, struct dg_generated **ret)
{
	_cleanup_(dg_device_store_done) struct dg_device_store store = {};

	return dg_device_store_add_all(&store, inventory) ?: dg_generate_stored(&store, flags, ret);
}

void dg_generated_free(struct dg_generated *generated)
{
	if (!generated)
		return;
	free(generated->text);
	free(generated->promised);
	free(generated);
}
