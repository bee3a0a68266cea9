// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
/* Rules from an audit log: they admit what was denied to the devices that it was denied to. */
#include "compiled.h"
#include "eval.h"
#include "suggest_rules.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct dg_denials *read_log(const char *text, int want, size_t errors)
{
	_cleanup_diags_ struct dg_diags diags = {};
	struct dg_denials *denials = NULL;

	cr_assert_eq(dg_denials_load_text("log", text, strlen(text), &diags, &denials), want, "%s",
		     text);
	cr_expect_eq(diags.errors, errors, "%s", text);
	return denials;
}

#define EVENT(op, verdict, rule, device)                                                            \
	"{\"event\":\"decision\",\"time\":\"T\",\"op\":\"" op "\",\"verdict\":\"" verdict               \
	"\",\"rule\":" rule ",\"device\":{" device "}}\n"

Test(suggest_rules, a_log_is_read)
{
	_cleanup_(dg_cleanup_denials) struct dg_denials *d = read_log(
		EVENT("bind", "deny", "null", "\"bus\":\"pci\",\"pci.id\":\"8086:0001\"")
		EVENT("dma", "deny", "\"r\"", "\"pci.id\":\"8086:0001\",\"bus\":\"pci\"")
		EVENT("dma", "deny", "\"r\"", "\"pci.id\":\"8086:0001\",\"bus\":\"pci\"")
		EVENT("bind", "allow", "\"r\"", "\"bus\":\"usb\"")
		"\n{\"event\":\"probe\"}\n{\"event\":\"drop\",\"count\":3}\n{\"event\":\"policy\"}\n",
		0, 0);

	cr_expect_eq(d->devices->device_count, 1, "the same facts are one device");
	cr_expect_eq(d->ops[0], 1U << DG_OP_BIND | 1U << DG_OP_DMA);
	cr_assert_eq(d->refusal_count, 2);
	cr_expect_null(d->refusals[0].rule.data);
	cr_expect_str_eq(d->refusals[1].rule.data, "r");
	cr_expect_eq(d->refusals[1].count, 2);
	cr_expect_eq(d->events, 4);
	cr_expect_eq(d->denied, 3);
	cr_expect_eq(d->lost, 3);
}

Test(suggest_rules, a_derived_device_is_its_origin)
{
	_cleanup_(dg_cleanup_denials) struct dg_denials *d = read_log(
		EVENT("bind", "deny", "null",
		      "\"name\":\"virtio0\",\"path\":\"/v\",\"bus\":\"virtio\",\"origin.bus\":\"pci\","
		      "\"device.name\":\"0000:00:03.0\""),
		0, 0);
	_cleanup_free_ char *json = NULL;

	cr_assert_eq(dg_device_to_json(d->devices->devices[0], &json), 0);
	cr_expect_str_eq(json, "{\"bus\":\"pci\",\"device.name\":\"0000:00:03.0\"}");
}

Test(suggest_rules, what_is_no_log)
{
	read_log("[]\n", -EBADMSG, 1);
	read_log("{\"bus\":\"pci\"}\n", -EBADMSG, 1);
	read_log("{\"event\":\"drop\",\n", -EBADMSG, 1);
	read_log(EVENT("probe", "deny", "null", ""), -EBADMSG, 1);
	read_log("{\"event\":\"decision\",\"op\":\"bind\"}", -EBADMSG, 1);
	read_log("{\"event\":\"decision\",\"op\":\"bind\",\"verdict\":\"deny\"}", -EBADMSG, 1);
	read_log(EVENT("bind", "deny", "null", "\"pci.id\":7")
			 EVENT("bind", "deny", "null", "\"pci.id\":\"x\""), -EBADMSG, 2);
}

/* A log of @events denials from pseudo-random numbers. */
static struct dg_denials *random_log(unsigned int *state, size_t events)
{
	static const char *const facts[][4] = {
		{ "\"bus\":\"pci\"", "\"bus\":\"usb\"", "\"bus\":\"acpi\"" },
		{ "\"pci.id\":\"10de:2331\"", "\"pci.id\":\"8086:0001\"", "" },
		{ "\"driver.name\":\"a\"", "\"driver.name\":\"b\"", "" },
		{ "\"pci.external\":true", "\"pci.external\":false", "" },
		{ "\"spdm.verified\":true", "\"spdm.verified\":false", "" },
		{ "\"device.name\":\"x\"", "\"device.name\":\"y\"", "\"device.name\":\"z\"" },
		{ "\"acpi.ids\":[\"A\",\"B\"]", "\"acpi.ids\":[\"A\"]", "\"acpi.ids\":[]" },
		{ "\"spdm.meas.2\":\"sha256:" DIGEST "\",\"spdm.meas.10\":\"sha256:" DIGEST "\"",
		  "\"spdm.meas.2\":\"sha256:" DIGEST "\"", "" },
	};
	char log[16384] = "";

	for (size_t i = 0; i < events; i++) {
		strcat(log, "{\"event\":\"decision\",\"verdict\":\"deny\",\"op\":\"");
		*state = *state * 1664525 + 1013904223;
		strcat(log, dg_op_name((enum dg_op)((*state >> 16) % DG_OP_MAX)));
		strcat(log, "\",\"device\":{\"device.path\":\"/\"");
		for (size_t k = 0; k < ARRAY_SIZE(facts); k++) {
			*state = *state * 1664525 + 1013904223;
			if (!*facts[k][(*state >> 16) % 3])
				continue;
			strcat(log, ",");
			strcat(log, facts[k][(*state >> 16) % 3]);
		}
		strcat(log, "}}\n");
	}
	return read_log(log, 0, 0);
}

static bool is_true_of(const struct dg_suggestions *s, size_t rule, const struct dg_device *device)
{
	return dg_eval_condition(s->policy->rules[rule].where, device) == DG_TRUTH_TRUE;
}

/* The rule's devices are those that the rule, as it is written, is true of; and its refusals theirs. */
static void check_rule(const struct dg_suggestions *s, const struct dg_denials *d, size_t number,
		       uint32_t *said)
{
	const struct dg_suggested *rule = &s->rules[number];
	size_t devices = 0, refusals = 0;

	for (uint32_t i = 0; i < d->devices->device_count; i++) {
		if (!(d->ops[i] & rule->ops) || !is_true_of(s, number, d->devices->devices[i]))
			continue;
		cr_assert_lt(devices, rule->count);
		cr_assert_eq(rule->numbers[devices++], i);
		said[i] |= rule->ops;
	}
	cr_assert_eq(devices, rule->count);
	for (uint32_t i = 0; i < d->refusal_count; i++) {
		const struct dg_refusal *refusal = &d->refusals[i];

		if (!(refusal->ops & rule->ops) ||
		    !is_true_of(s, number, d->devices->devices[refusal->device]))
			continue;
		cr_assert_lt(refusals, rule->refusal_count);
		cr_assert_eq(rule->refusals[refusals++], i);
	}
	cr_assert_eq(refusals, rule->refusal_count);
}

/* Random logs: every device is admitted to what it was denied, and said to be. */
Test(suggest_rules, what_was_denied_is_admitted)
{
	unsigned int state = 1;

	for (size_t round = 0; round < 2000; round++) {
		_cleanup_(dg_cleanup_suggestions) struct dg_suggestions *s = NULL;
		_cleanup_(dg_cleanup_denials) struct dg_denials *d = NULL;
		uint32_t said[16] = { 0 };

		d = random_log(&state, 1 + round % 16);
		cr_assert_eq(dg_suggest(d, NULL, &s), 0);
		cr_assert_eq(s->policy->rule_count, s->count);
		for (size_t k = 0; k < s->count; k++)
			check_rule(s, d, k, said);
		for (uint32_t i = 0; i < d->devices->device_count; i++) {
			const struct dg_fact *verified =
				&d->devices->devices[i]->facts[DG_ATTR_SPDM_VERIFIED];

			cr_assert_eq(d->ops[i] & ~(said[i] | s->refused[i]), 0);
			/* Only what needs evidence is ever given up here. */
			cr_assert_eq(s->refused[i] & ~(1U << DG_OP_ACCEPT | 1U << DG_OP_DMA_PRIVATE), 0);
			cr_assert(!s->refused[i] || !verified->known || !verified->scalar.num);
		}
	}
}

/* Each refusal is found once, by its device, in the order of the log. */
Test(suggest_rules, refusals_by_device)
{
	unsigned int state = 2;

	for (size_t round = 0; round < 100; round++) {
		_cleanup_(dg_cleanup_suggestions) struct dg_suggestions *s = NULL;
		_cleanup_(dg_cleanup_denials) struct dg_denials *d = random_log(&state, 16);
		size_t found = 0;

		cr_assert_eq(dg_suggest(d, NULL, &s), 0);
		for (uint32_t i = 0; i < d->devices->device_count; i++)
			for (uint32_t at = s->first[i]; at != DG_NO_REFUSAL; at = s->next[at]) {
				cr_assert_eq(d->refusals[at].device, i);
				cr_assert_gt(s->next[at], at);
				found++;
			}
		cr_assert_eq(found, d->refusal_count);
	}
}

static bool same_string(const struct dg_fact *a, const struct dg_fact *b)
{
	return a->known && b->known && a->scalar.str.len == b->scalar.str.len &&
	       !memcmp(a->scalar.str.data, b->scalar.str.data, a->scalar.str.len);
}

static bool in_log(const struct dg_suggested *rule, const struct dg_denials *d,
		   const struct dg_device *device)
{
	for (size_t i = 0; i < rule->count; i++) {
		const struct dg_fact *logged = d->devices->devices[rule->numbers[i]]->facts;

		if (same_string(&logged[DG_ATTR_BUS], &device->facts[DG_ATTR_BUS]) &&
		    same_string(&logged[DG_ATTR_DEVICE_NAME], &device->facts[DG_ATTR_DEVICE_NAME]))
			return true;
	}
	return false;
}

/* Random inventories: what a rule would also admit is what it is true of, as it is written. */
Test(suggest_rules, what_else_the_rules_are_true_of)
{
	unsigned int state = 3;
	size_t noted = 0;

	for (size_t round = 0; round < 1000; round++) {
		_cleanup_(dg_cleanup_denials) struct dg_denials *d = random_log(&state, 3),
								*others = random_log(&state, 16);
		_cleanup_(dg_cleanup_suggestions) struct dg_suggestions *s = NULL;

		cr_assert_eq(dg_suggest(d, NULL, &s), 0);
		for (size_t i = 0; i < others->devices->device_count; i++)
			cr_assert_eq(dg_suggestions_try(s, d, others->devices->devices[i]), 0);
		for (size_t k = 0; k < s->count; k++) {
			size_t also = 0;

			for (size_t i = 0; i < others->devices->device_count; i++)
				also += is_true_of(s, k, others->devices->devices[i]) &&
					!in_log(&s->rules[k], d, others->devices->devices[i]);
			cr_assert_eq(s->rules[k].also_count, also);
			noted += also;
		}
	}
	cr_assert_gt(noted, 0, "the random devices are never admitted");
}

Test(suggest_rules, what_else)
{
	_cleanup_(dg_cleanup_suggestions) struct dg_suggestions *s = NULL;
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	static const char devices[] =
		"{\"bus\":\"pci\",\"device.name\":\"a\",\"pci.id\":\"8086:0001\"}\n"
		"{\"bus\":\"pci\",\"device.name\":\"b\",\"pci.id\":\"8086:0001\"}\n"
		"{\"bus\":\"pci\",\"device.name\":\"c\",\"pci.id\":\"8086:0002\"}\n";
	_cleanup_(dg_cleanup_denials) struct dg_denials *d = read_log(
		EVENT("bind", "deny", "null",
		      "\"bus\":\"pci\",\"device.name\":\"a\",\"pci.id\":\"8086:0001\""),
		0, 0);
	_cleanup_diags_ struct dg_diags diags = {};

	cr_assert_eq(dg_suggest(d, NULL, &s), 0);
	cr_assert_eq(dg_inventory_load_text("i", devices, strlen(devices), &diags, &inventory), 0);
	for (size_t i = 0; i < inventory->device_count; i++)
		cr_assert_eq(dg_suggestions_try(s, d, inventory->devices[i]), 0);
	cr_assert_eq(s->count, 1);
	cr_expect_eq(s->rules[0].also_count, 1);
	cr_expect_str_eq(s->rules[0].also[0], "b");
}
