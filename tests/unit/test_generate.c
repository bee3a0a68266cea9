// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
/*
 * A starting policy: on random inventories it allows exactly what an independent reading of generate.h says
 * it does, has no finding, and no rule is there for nothing. DG_SEED=N tries other inventories.
 */
#include "arena.h"
#include "compiled.h"
#include "eval.h"
#include "generate.h"
#include "literal.h"

#define INVENTORIES 1500
#define DEVICES_MAX 9
#define PROBES 12

/* Small pools: devices often agree in all but one attribute, or in all. */
static const struct {
	const char *name;
	const char *values[5];
} pools[] = {
	{ "name", { "\"label\"", "\"a\\nb # \\\"x\\\" \\u00e9\"" } },
	{ "bus", { "\"pci\"", "\"usb\"", "\"acpi\"" } },
	{ "device.name", { "\"a\"", "\"b\"", "\"c*\"", "\"\"" } },
	{ "device.path", { "\"/a\"", "\"/b\"" } },
	{ "driver.name", { "\"nvme\"", "\"vfio-pci\"", "\"d\\\\\\\"*\"" } },
	{ "driver.builtin", { "true", "false" } },
	{ "pci.id", { "\"10de:2330\"", "\"8086:10d3\"" } },
	{ "pci.subsystem", { "\"0000:0000\"", "\"1028:0001\"" } },
	{ "pci.class", { "\"01:08:02\"", "\"ff:00:00\"" } },
	{ "pci.revision", { "0", "18446744073709551615" } },
	{ "pci.address", { "\"0000:3b:00.0\"", "\"10000:e0:06.0\"" } },
	{ "pci.external", { "true", "false", "false" } },
	{ "pci.virtfn", { "true", "false", "false" } },
	{ "usb.id", { "\"046d:c31c\"", "\"1d6b:0002\"", "\"1d6b:0104\"" } },
	{ "usb.class", { "\"03:00:00\"", "\"08:06:50\"" } },
	{ "usb.interfaces",
	  { "[]", "[\"03:00:00\"]", "[\"03:01:01\",\"03:00:00\"]", "[\"08:06:50\"]" } },
	{ "usb.serial", { "\"1\"", "\"\\u0007\"", "\"2*\"" } },
	{ "usb.product", { "\"Stick\"", "\"--\"", "\"\\u4e2d 7\"" } },
	{ "acpi.ids", { "[]", "[\"A\"]", "[\"B\",\"A\"]" } },
	{ "iommu.domain", { "\"none\"", "\"identity\"", "\"dma-fq\"", "\"dma\"" } },
	{ "spdm.verified", { "true", "false" } },
	{ "tdi.state", { "\"run\"" } },
	{ "spdm.root",
	  { "\"sha256:00000000000000000000000000000000000000000000000000000000000000aa\"" } },
	{ "spdm.meas.1",
	  { "\"sha256:0000000000000000000000000000000000000000000000000000000000000001\"",
	    "\"sha256:0000000000000000000000000000000000000000000000000000000000000002\"" } },
	{ "spdm.meas.70",
	  { "\"sha256:0000000000000000000000000000000000000000000000000000000000000003\"" } },
};

/* A device as positions in the pools; -1: unknown. */
struct shape {
	int value[ARRAY_SIZE(pools)];
};

static unsigned int draw(unsigned int *state, unsigned int below)
{
	*state = *state * 1664525 + 1013904223;
	return (*state >> 8) % below;
}

static int draw_value(unsigned int *state, size_t pool)
{
	unsigned int count = 0;

	while (count < 5 && pools[pool].values[count])
		count++;
	return (int)draw(state, count);
}

/* @known: of 8, how likely a fact is known. */
static struct shape draw_shape(unsigned int *state, unsigned int known)
{
	struct shape shape;

	for (size_t i = 0; i < ARRAY_SIZE(pools); i++)
		shape.value[i] = draw(state, 8) < known ? draw_value(state, i) : -1;
	return shape;
}

static void write_shape(FILE *out, const struct shape *shape)
{
	const char *separator = "{";

	for (size_t i = 0; i < ARRAY_SIZE(pools); i++) {
		if (shape->value[i] < 0)
			continue;
		fprintf(out, "%s\"%s\":%s", separator, pools[i].name,
			pools[i].values[shape->value[i]]);
		separator = ",";
	}
	fputs(*separator == '{' ? "{}\n" : "}\n", out);
}

static struct dg_inventory *read_shapes(const struct shape *shapes, size_t count)
{
	_cleanup_diags_ struct dg_diags diags = {};
	_cleanup_free_ char *text = NULL;
	struct dg_inventory *inventory = NULL;
	size_t len;
	FILE *out;

	/* No file is one of no device. */
	if (!count) {
		inventory = calloc(1, sizeof(*inventory));
		cr_assert_not_null(inventory);
		inventory->arena = dg_arena_new();
		return inventory;
	}
	out = open_memstream(&text, &len);
	for (size_t i = 0; i < count; i++)
		write_shape(out, &shapes[i]);
	fclose(out);
	cr_assert_eq(dg_inventory_load_text("i", text, len, &diags, &inventory), 0, "%s", text);
	return inventory;
}

/* The model: what generate.h says, device by device, with neither boxes nor groups. */
struct model {
	const struct dg_inventory *inventory;
	bool drivers, serials, pin;
};

static bool known(const struct dg_device *device, enum dg_attr_id id)
{
	return device->facts[id].known;
}

static bool is_true(const struct dg_device *device, enum dg_attr_id id)
{
	return known(device, id) && device->facts[id].scalar.num;
}

static bool text_is(const struct dg_device *device, enum dg_attr_id id, const char *text)
{
	return known(device, id) && !strcmp(device->facts[id].scalar.str.data, text);
}

/* Where @there is known, @other has the same value (for a set: some of its elements, not none). */
static bool agrees(const struct dg_fact *there, const struct dg_fact *other, bool set)
{
	if (!there->known)
		return true;
	if (!other->known)
		return false;
	if (!set)
		return dg_literal_equal(&there->scalar, &other->scalar);
	for (size_t i = 0; i < other->element_count; i++) {
		size_t k = 0;

		while (k < there->element_count &&
		       !dg_literal_equal(&there->elements[k], &other->elements[i]))
			k++;
		if (k == there->element_count)
			return false;
	}
	return !there->element_count == !other->element_count;
}

static bool root_hub(const struct dg_device *device)
{
	uint64_t id = device->facts[DG_ATTR_USB_ID].scalar.num;

	return known(device, DG_ATTR_USB_ID) && id >> 16 == 0x1d6b && (id & 0xffff) <= 3;
}

static bool asked(const struct model *model, const struct dg_device *there, enum dg_attr_id id)
{
	bool stable = id != DG_ATTR_DEVICE_PATH && id != DG_ATTR_DRIVER_BUILTIN &&
		      id != DG_ATTR_DRIVER_NAME && id < DG_ATTR_IOMMU_DOMAIN;

	if (known(there, DG_ATTR_PCI_ID)) {
		if (id == DG_ATTR_PCI_VIRTFN)
			return model->pin || is_true(there, id);
		if (id == DG_ATTR_PCI_ADDRESS)
			return model->pin && !is_true(there, DG_ATTR_PCI_EXTERNAL);
		if (id == DG_ATTR_PCI_SUBSYSTEM || id == DG_ATTR_PCI_REVISION)
			return model->pin;
		return id == DG_ATTR_BUS || id == DG_ATTR_PCI_ID || id == DG_ATTR_PCI_CLASS ||
		       id == DG_ATTR_PCI_EXTERNAL;
	}
	if (known(there, DG_ATTR_USB_ID))
		return id == DG_ATTR_BUS || id == DG_ATTR_USB_ID || id == DG_ATTR_USB_CLASS ||
		       id == DG_ATTR_USB_INTERFACES ||
		       (id == DG_ATTR_USB_SERIAL && !root_hub(there));
	if (known(there, DG_ATTR_DEVICE_NAME) && known(there, DG_ATTR_BUS) &&
	    !text_is(there, DG_ATTR_BUS, "pci") && !text_is(there, DG_ATTR_BUS, "usb"))
		return id == DG_ATTR_BUS || id == DG_ATTR_DEVICE_NAME;
	return stable;
}

/* Is something known of it that others on its bus, with its driver, do not share? */
static bool tells(const struct dg_device *device, enum dg_attr_id id)
{
	switch (id) {
	case DG_ATTR_DEVICE_NAME:
	case DG_ATTR_PCI_ID:
	case DG_ATTR_PCI_SUBSYSTEM:
	case DG_ATTR_PCI_CLASS:
	case DG_ATTR_PCI_ADDRESS:
	case DG_ATTR_USB_ID:
	case DG_ATTR_USB_CLASS:
	case DG_ATTR_USB_SERIAL:
	case DG_ATTR_USB_PRODUCT:
	case DG_ATTR_USB_MANUFACTURER:
	case DG_ATTR_USB_PORT:
		return known(device, id);
	case DG_ATTR_USB_INTERFACES:
	case DG_ATTR_ACPI_IDS:
	case DG_ATTR_OF_COMPATIBLE:
		return known(device, id) && device->facts[id].element_count;
	default:
		return false;
	}
}

/* Is @other, for all that is asked, what @there is? */
static bool same(const struct model *model, const struct dg_device *there,
		 const struct dg_device *other, bool *ret_anything)
{
	bool usb = !known(there, DG_ATTR_PCI_ID) && known(there, DG_ATTR_USB_ID);

	*ret_anything = false;
	for (int id = 0; id < DG_ATTR_MAX; id++) {
		if (!asked(model, there, (enum dg_attr_id)id))
			continue;
		*ret_anything |= tells(there, (enum dg_attr_id)id);
		if (!agrees(&there->facts[id], &other->facts[id],
			    dg_schema_attr((enum dg_attr_id)id)->set))
			return false;
	}
	if (usb && model->serials && !root_hub(there) && !known(there, DG_ATTR_USB_SERIAL) &&
	    known(other, DG_ATTR_USB_SERIAL))
		return false;
	if (!model->drivers)
		return true;
	if (!known(there, DG_ATTR_DRIVER_NAME))
		return !known(other, DG_ATTR_DRIVER_NAME);
	return agrees(&there->facts[DG_ATTR_DRIVER_NAME], &other->facts[DG_ATTR_DRIVER_NAME], false);
}

static bool shows_evidence(const struct dg_device *device)
{
	return is_true(device, DG_ATTR_SPDM_VERIFIED) && known(device, DG_ATTR_PCI_ID) &&
	       (known(device, DG_ATTR_SPDM_ROOT) || device->measurement_count);
}

static bool same_evidence(const struct dg_device *there, const struct dg_device *other)
{
	const struct dg_attr *attr = dg_schema_attr(DG_ATTR_SPDM_MEAS);

	if (!is_true(other, DG_ATTR_SPDM_VERIFIED) ||
	    !agrees(&there->facts[DG_ATTR_SPDM_ROOT], &other->facts[DG_ATTR_SPDM_ROOT], false))
		return false;
	for (size_t i = 0; i < there->measurement_count; i++)
		if (!agrees(&there->measurements[i].fact,
			    dg_device_fact(other, attr, there->measurements[i].index), false))
			return false;
	return true;
}

static bool may(const struct dg_device *there, enum dg_op op)
{
	uint64_t domain = there->facts[DG_ATTR_IOMMU_DOMAIN].scalar.num;

	switch (op) {
	case DG_OP_BIND:
	case DG_OP_MMIO:
	case DG_OP_DMA:
		return true;
	case DG_OP_MMAP:
		return text_is(there, DG_ATTR_DRIVER_NAME, "vfio-pci");
	case DG_OP_DMA_RELAXED:
		return known(there, DG_ATTR_IOMMU_DOMAIN) && (domain == 2 || domain == 4) &&
		       !is_true(there, DG_ATTR_PCI_EXTERNAL) &&
		       (known(there, DG_ATTR_PCI_EXTERNAL) || !known(there, DG_ATTR_PCI_ID));
	default:
		return shows_evidence(there);
	}
}

static bool model_allows(const struct model *model, const struct dg_device *device, enum dg_op op)
{
	for (size_t i = 0; i < model->inventory->device_count; i++) {
		const struct dg_device *there = model->inventory->devices[i];
		bool anything;

		if (may(there, op) && same(model, there, device, &anything) && anything &&
		    ((op != DG_OP_ACCEPT && op != DG_OP_DMA_PRIVATE) ||
		     same_evidence(there, device)))
			return true;
	}
	return false;
}

static void check_device(const struct model *model, const struct dg_policy *policy,
			 const struct dg_device *device, const char *text)
{
	for (int op = 0; op < DG_OP_MAX; op++) {
		_cleanup_free_ char *json = NULL;
		struct dg_answer answer;

		dg_eval_decide(policy, device, (enum dg_op)op, 0, true, &answer);
		if ((answer.verdict == DG_VERDICT_ALLOW) == model_allows(model, device, op))
			continue;
		cr_assert_eq(dg_device_to_json(device, &json), 0);
		cr_assert_fail("%s on %s is %s:\n%s", json, dg_op_name(op),
			       answer.verdict ? "allowed" : "denied", text);
	}
}

/*
 * Each rule has a device that only it admits, the one of its test: a device of the inventory with no fact
 * but what the rule asks for. So none can be left out, whatever their order.
 */
static void check_rules(const struct dg_policy *policy, const char *text)
{
	for (size_t rule = 0; rule < policy->rule_count; rule++) {
		bool alone = false;

		for (int op = 0; op < DG_OP_MAX && !alone; op++) {
			size_t matches = 0, last = 0;

			for (size_t k = 0; k < policy->rule_count; k++) {
				if (!(policy->rules[k].ops >> op & 1) ||
				    dg_eval_condition(policy->rules[k].where,
						      policy->tests[rule].device) != DG_TRUTH_TRUE)
					continue;
				matches++;
				last = k;
			}
			alone = matches == 1 && last == rule;
		}
		cr_assert(alone, "rule \"%s\" decides alone for nothing:\n%s",
			  policy->rules[rule].id.data, text);
	}
}

static void check_inventory(unsigned int *state)
{
	struct shape shapes[DEVICES_MAX] = {};
	size_t count = draw(state, DEVICES_MAX + 1);
	unsigned int facts = 2 + draw(state, 6);
	_cleanup_(dg_cleanup_generated) struct dg_generated *generated = NULL;
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_diags_ struct dg_diags diags = {};
	struct model model = { .pin = draw(state, 2) };

	for (size_t i = 0; i < count; i++)
		shapes[i] = draw_shape(state, facts);
	inventory = read_shapes(shapes, count);
	model.inventory = inventory;
	for (size_t i = 0; i < count; i++) {
		model.drivers |= known(inventory->devices[i], DG_ATTR_DRIVER_NAME);
		model.serials |= known(inventory->devices[i], DG_ATTR_USB_SERIAL);
	}
	cr_assert_eq(dg_generate(inventory, model.pin ? DG_GENERATE_PIN : 0, &generated), 0);
	dg_policy_load_text("g", generated->text, generated->text_len, DG_LOAD_TESTS, &diags,
			    &policy);
	cr_assert_eq(diags.count, 0, "%s:\n%s", diags.items[0].message, generated->text);
	cr_assert_eq(policy->rule_count, generated->rules);

	for (size_t i = 0; i < count; i++) {
		for (int op = 0; op < DG_OP_MAX; op++)
			cr_assert_eq(generated->promised[i] >> op & 1,
				     model_allows(&model, inventory->devices[i], op), "%s",
				     generated->text);
		check_device(&model, policy, inventory->devices[i], generated->text);
	}
	check_rules(policy, generated->text);
	for (size_t i = 0; i < PROBES; i++) {
		_cleanup_(dg_cleanup_inventory) struct dg_inventory *probe = NULL;
		struct shape shape = count ? shapes[draw(state, count)] : draw_shape(state, facts);

		/* Nearly always a device that is there with one or two facts changed. */
		for (unsigned int k = 0; k <= draw(state, 2); k++) {
			size_t pool = draw(state, ARRAY_SIZE(pools));

			shape.value[pool] = draw(state, 3) ? draw_value(state, pool) : -1;
		}
		probe = read_shapes(&shape, 1);
		check_device(&model, policy, probe->devices[0], generated->text);
	}
}

Test(generate, exactly_what_is_there)
{
	const char *given = getenv("DG_SEED");
	unsigned int state = given ? (unsigned int)strtoul(given, NULL, 0) : 4;

	cr_log_info("seed %u", state);
	for (size_t i = 0; i < INVENTORIES; i++)
		check_inventory(&state);
}

static struct dg_generated *generate(const char *json, unsigned int flags)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	_cleanup_diags_ struct dg_diags diags = {};
	struct dg_generated *generated = NULL;

	cr_assert_eq(dg_inventory_load_text("i", json, strlen(json), &diags, &inventory), 0);
	cr_assert_eq(dg_generate(inventory, flags, &generated), 0);
	return generated;
}

Test(generate, groups_what_differs_in_one_attribute)
{
	_cleanup_(dg_cleanup_generated) struct dg_generated *g = generate(
		"{\"bus\":\"pci\",\"pci.id\":\"8086:0002\",\"driver.name\":\"nvme\"}\n"
		"{\"bus\":\"pci\",\"pci.id\":\"8086:0001\",\"driver.name\":\"nvme\"}\n"
		"{\"bus\":\"pci\",\"pci.id\":\"8086:0003\",\"driver.name\":\"e1000e\"}\n",
		0);

	cr_expect_eq(g->rules, 2);
	cr_expect_not_null(strstr(g->text, "= { 8086:0001, 8086:0002 };"), "%s", g->text);
	cr_expect_null(strstr(g->text, "device.path"));
}

Test(generate, unstable_attributes_do_not_matter)
{
	_cleanup_(dg_cleanup_generated) struct dg_generated *a = generate(
		"{\"bus\":\"usb\",\"usb.id\":\"1d6b:0002\",\"usb.serial\":\"0000:00:14.0\","
		"\"usb.manufacturer\":\"Linux 6.1\",\"device.path\":\"/x\",\"driver.name\":\"usb\"}", 0);
	_cleanup_(dg_cleanup_generated) struct dg_generated *b = generate(
		"{\"bus\":\"usb\",\"usb.id\":\"1d6b:0002\",\"usb.serial\":\"0000:00:0d.0\","
		"\"usb.manufacturer\":\"Linux 7.3\",\"device.path\":\"/y\",\"driver.name\":\"usb\"}", 0);

	cr_expect_str_eq(a->text, b->text);
}

Test(generate, left_out_and_empty)
{
	_cleanup_(dg_cleanup_generated) struct dg_generated *none = NULL;
	const struct dg_inventory empty = {};
	_cleanup_(dg_cleanup_generated) struct dg_generated *some = generate(
		"{\"name\":\"ghost\"}\n{\"device.path\":\"/x\"}\n{\"pci.class\":\"01:08:02\"}", 0);

	cr_assert_eq(dg_generate(&empty, 0, &none), 0);
	cr_expect_eq(none->rules, 0);
	cr_expect_eq(some->left_out, 2);
	cr_expect_eq(some->rules, 1);
	cr_expect_eq(some->promised[0], 0);
	cr_expect_neq(some->promised[2], 0);
}

/* What all devices of a bus or a driver share would admit every one of them. */
Test(generate, what_tells_no_device_is_left_out)
{
	static const char *const vague[] = {
		"{\"bus\":\"acpi\"}",
		"{\"bus\":\"pci\",\"driver.name\":\"nvme\",\"driver.module\":\"nvme\"}",
		"{\"bus\":\"pci\",\"pci.bus\":3,\"pci.external\":true}",
		"{\"bus\":\"acpi\",\"acpi.ids\":[]}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(vague); i++) {
		_cleanup_(dg_cleanup_generated) struct dg_generated *g = generate(vague[i], 0);

		cr_expect_eq(g->rules, 0, "%s", g->text);
		cr_expect_eq(g->left_out, 1, "%s", g->text);
		cr_expect_eq(g->promised[0], 0, "%s", g->text);
	}
}

/* Two devices that no rule tells apart get the same, and that is what is promised to both. */
Test(generate, what_one_needs_is_promised_to_its_likes)
{
	_cleanup_(dg_cleanup_generated) struct dg_generated *g = generate(
		"{\"pci.id\":\"8086:0001\",\"pci.external\":false,\"iommu.domain\":\"dma\"}\n"
		"{\"pci.id\":\"8086:0001\",\"pci.external\":false,\"iommu.domain\":\"identity\"}\n"
		"{\"pci.id\":\"8086:0001\",\"pci.external\":true,\"iommu.domain\":\"identity\"}\n"
		"{\"pci.id\":\"8086:0002\",\"iommu.domain\":\"identity\"}\n",
		0);

	cr_expect(g->promised[0] & 1U << DG_OP_DMA_RELAXED, "%s", g->text);
	cr_expect_eq(g->promised[0], g->promised[1], "%s", g->text);
	cr_expect(!(g->promised[2] & 1U << DG_OP_DMA_RELAXED), "outside: %s", g->text);
	cr_expect(!(g->promised[3] & 1U << DG_OP_DMA_RELAXED), "who knows where: %s", g->text);
}
