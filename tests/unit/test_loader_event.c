// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "text.h"

/* What came out, as text: "1 2 !3+2 5" (two lost from number 3 on). */
static char seen[4096];

static int see_event(void *context, const struct dg_event *event)
{
	(void)context;
	sprintf(seen + strlen(seen), "%llu ", (unsigned long long)event->seq);
	return 0;
}

static int see_drop(void *context, uint64_t first, uint64_t count)
{
	(void)context;
	sprintf(seen + strlen(seen), "!%llu+%llu ", (unsigned long long)first,
		(unsigned long long)count);
	return 0;
}

static const struct dg_event_sink sink = {.event = see_event, .drop = see_drop};
static struct dg_event_order order;
static struct dg_event event;

static void add(uint64_t seq)
{
	event.seq = seq;
	cr_assert_eq(dg_event_order_add(&order, &event, &sink), 0);
}

static void begin(void)
{
	order.next = 1;
	seen[0] = 0;
	memset(&event, 0, sizeof(event));
}

static void end(void)
{
	dg_event_order_done(&order);
}

TestSuite(loader_order, .init = begin, .fini = end);

Test(loader_order, in_order)
{
	add(1);
	add(2);
	add(3);
	cr_expect_str_eq(seen, "1 2 3 ");
	cr_expect_eq(order.next, 4);
}

Test(loader_order, overtaken_is_no_loss)
{
	add(1);
	add(3);
	add(4);
	cr_expect_str_eq(seen, "1 ");
	add(2);
	cr_expect_str_eq(seen, "1 2 3 4 ");
}

Test(loader_order, gap)
{
	add(1);
	add(4);
	add(7);
	cr_assert_eq(dg_event_order_flush(&order, 0, &sink), 0);
	cr_expect_str_eq(seen, "1 !2+2 4 !5+2 7 ");
}

Test(loader_order, gap_only_up_to_what_had_time)
{
	add(2);
	add(6);
	cr_assert_eq(dg_event_order_flush(&order, 4, &sink), 0);
	cr_expect_str_eq(seen, "!1+1 2 !3+2 ");
	add(5);
	cr_expect_str_eq(seen, "!1+1 2 !3+2 5 6 ");
}

Test(loader_order, loss_at_the_end)
{
	add(1);
	cr_assert_eq(dg_event_order_flush(&order, 3, &sink), 0);
	cr_expect_str_eq(seen, "1 !2+2 ");
	cr_expect_eq(order.next, 4);
}

Test(loader_order, late_one_is_delivered)
{
	add(2);
	cr_assert_eq(dg_event_order_flush(&order, 0, &sink), 0);
	add(1);
	add(3);
	cr_expect_str_eq(seen, "!1+1 2 1 3 ");
}

Test(loader_order, window_is_bounded)
{
	for (uint64_t seq = 2; seq < 2 + DG_ORDER_WINDOW; seq++)
		add(seq);
	cr_expect_str_eq(seen, "");
	add(2 + DG_ORDER_WINDOW);
	cr_expect_eq(strncmp(seen, "!1+1 2 3 ", 9), 0);
	cr_expect_eq(order.count, 0);
	cr_expect_eq(order.next, 3 + DG_ORDER_WINDOW);
}

Test(loader_order, behind_the_last_number_is_none)
{
	add(UINT64_MAX);
	cr_assert_eq(dg_event_order_flush(&order, 0, &sink), 0);
	add(2);
	add(UINT64_MAX);
	cr_assert_eq(dg_event_order_flush(&order, UINT64_MAX, &sink), 0);
	cr_expect_str_eq(seen,
			 "!1+18446744073709551614 18446744073709551615 2 18446744073709551615 ");
}

static void set_str(struct dg_facts *facts, enum dg_str fact, const char *text)
{
	facts->known_str |= 1ULL << fact;
	facts->str[fact].len = strlen(text);
	memcpy(facts->str[fact].bytes, text, strlen(text));
}

static void sample(void)
{
	memset(&event, 0, sizeof(event));
	event.size = sizeof(event);
	event.seq = 9;
	event.time_ns = 1767225600000000042ULL;
	event.generation = 3;
	event.version = 7;
	event.op = DG_OP_BIND;
	event.verdict = DG_VERDICT_DENY;
	event.enforced = 1;
	event.rule = 4;
	event.would = DG_RULE_NONE;
	event.context = DG_CONTEXT_TASK;
	event.pid = 12;
	event.cpu = 1;
	memcpy(event.comm, "0123456789abcdef", 16); /* no NUL */
	strcpy(event.policy, "p");
	strcpy(event.rule_id, "dock");
	set_str(&event.facts, DG_STR_BUS, "pci");
	set_str(&event.facts, DG_STR_DEVICE_NAME, "0000:01:00.0");
	set_str(&event.facts, DG_STR_DEVICE_PATH, "/devices/x");
	set_str(&event.facts, DG_STR_DRIVER_NAME, "nvme");
	event.facts.known_num = 1ULL << DG_NUM_PCI_ID;
	event.facts.num[DG_NUM_PCI_ID] = 0x10de2330;
}

TestSuite(loader_event, .init = sample);

static json_t *to_json(void)
{
	char *text;
	json_t *object;

	cr_assert_eq(dg_event_to_json(&event, &text), 0);
	cr_expect_not(strchr(text, '\n'));
	object = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	cr_assert(object, "valid JSON: %s", text);
	free(text);
	return object;
}

static const char *text_of(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key)) ?: "(none)";
}

Test(loader_event, fields)
{
	static const char *const keys[] = {
		"time",	   "seq",   "event",	  "op",	    "verdict", "enforced", "rule",
		"default", "would", "generation", "policy", "version", "device",   "driver",
		"context", "pid",   "comm",	  "cpu",    "derived",
	};
	json_t *object = to_json(), *device = json_object_get(object, "device");

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		cr_expect(json_object_get(object, keys[i]), "%s", keys[i]);
	cr_expect_str_eq(text_of(object, "time"), "2026-01-01T00:00:00.000000042Z");
	cr_expect_str_eq(text_of(object, "event"), "decision");
	cr_expect_str_eq(text_of(object, "op"), "bind");
	cr_expect_str_eq(text_of(object, "verdict"), "deny");
	cr_expect(json_is_true(json_object_get(object, "enforced")));
	cr_expect_str_eq(text_of(object, "rule"), "dock");
	cr_expect(json_is_false(json_object_get(object, "default")));
	cr_expect(json_is_null(json_object_get(object, "would")));
	cr_expect_str_eq(text_of(object, "driver"), "nvme");
	cr_expect_str_eq(text_of(object, "comm"), "0123456789abcdef");
	cr_expect_str_eq(text_of(device, "name"), "0000:01:00.0");
	cr_expect_str_eq(text_of(device, "path"), "/devices/x");
	cr_expect_str_eq(text_of(device, "bus"), "pci");
	cr_expect_str_eq(text_of(device, "pci.id"), "10de:2330");
	json_decref(object);
}

Test(loader_event, default_and_would)
{
	json_t *object, *would;

	event.rule = DG_RULE_DEFAULT;
	event.rule_id[0] = 0;
	event.would = 2;
	event.would_verdict = DG_VERDICT_ALLOW;
	strcpy(event.would_id, "maybe");
	object = to_json();
	cr_expect(json_is_null(json_object_get(object, "rule")));
	cr_expect(json_is_true(json_object_get(object, "default")));
	would = json_object_get(object, "would");
	cr_expect_str_eq(text_of(would, "verdict"), "allow");
	cr_expect_str_eq(text_of(would, "rule"), "maybe");
	json_decref(object);
}

Test(loader_event, worker_has_no_pid)
{
	json_t *object;

	event.context = DG_CONTEXT_WORKER;
	event.type = DG_EVENT_PROBE;
	object = to_json();
	cr_expect_str_eq(text_of(object, "event"), "probe");
	cr_expect_str_eq(text_of(object, "context"), "worker");
	cr_expect(json_is_null(json_object_get(object, "pid")));
	cr_expect(json_is_null(json_object_get(object, "comm")));
	json_decref(object);
}

Test(loader_event, derived_names_the_subject)
{
	json_t *object, *device;

	event.facts.flags = DG_FACTS_DERIVED;
	set_str(&event.facts, DG_STR_SUBJECT_NAME, "virtio0");
	set_str(&event.facts, DG_STR_SUBJECT_BUS, "virtio");
	set_str(&event.facts, DG_STR_SUBJECT_DRIVER, "virtio_net");
	object = to_json();
	device = json_object_get(object, "device");
	cr_expect(json_is_true(json_object_get(object, "derived")));
	cr_expect_str_eq(text_of(device, "name"), "virtio0");
	cr_expect_str_eq(text_of(device, "bus"), "virtio");
	cr_expect_str_eq(text_of(device, "origin.bus"), "pci");
	cr_expect_str_eq(text_of(device, "device.name"), "0000:01:00.0");
	cr_expect_str_eq(text_of(object, "driver"), "virtio_net");
	json_decref(object);
}

Test(loader_event, hostile_strings_are_json)
{
	json_t *object;

	set_str(&event.facts, DG_STR_DEVICE_NAME, "a\xff\x1b[2J\"\n");
	set_str(&event.facts, DG_STR_USB_SERIAL, "\xc3\x28\xed\xa0\x80");
	object = to_json();
	cr_expect_str_eq(text_of(json_object_get(object, "device"), "name"),
			 "a\xef\xbf\xbd\x1b[2J\"\n");
	json_decref(object);
}

/* A device that claims what no JSON reader takes must not stop the stream. */
Test(loader_event, hostile_facts_are_json)
{
	json_t *object, *device;

	set_str(&event.facts, DG_STR_USB_SERIAL, "ab");
	event.facts.str[DG_STR_USB_SERIAL].bytes[1] = 0;
	event.facts.known_num |= 1ULL << DG_NUM_PCI_REVISION;
	event.facts.num[DG_NUM_PCI_REVISION] = UINT64_MAX;
	object = to_json();
	device = json_object_get(object, "device");
	cr_expect_str_eq(text_of(device, "name"), "0000:01:00.0");
	cr_expect_not(json_object_get(device, "pci.revision"));
	json_decref(object);
}

Test(loader_event, unknown_operation_and_rule)
{
	json_t *object;

	event.op = 15;
	event.rule = DG_RULE_BROKEN;
	object = to_json();
	cr_expect(json_is_null(json_object_get(object, "op")));
	cr_expect(json_is_null(json_object_get(object, "rule")));
	cr_expect(json_is_false(json_object_get(object, "default")));
	json_decref(object);
}

Test(loader_event, drop)
{
	char *text;

	cr_assert_eq(dg_event_drop_to_json(1767225600000000042ULL, 5, 3, &text), 0);
	cr_expect_str_eq(
		text, "{\"time\":\"2026-01-01T00:00:00.000000042Z\",\"seq\":5,\"event\":\"drop\","
		      "\"count\":3}");
	free(text);
}

static char *row(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	dg_event_print(out, &event);
	fclose(out);
	return text;
}

Test(loader_event, table)
{
	char *text = row();

	cr_expect_str_eq(
		text, "2026-01-01T00:00:00.000Z  0000:01:00.0          nvme              deny bind "
		      "          \"dock\"\n");
	free(text);
	event.enforced = 0;
	event.would = 1;
	event.would_verdict = DG_VERDICT_DENY;
	strcpy(event.would_id, "w");
	set_str(&event.facts, DG_STR_DEVICE_NAME, "\x1b]0;x");
	text = row();
	cr_expect(strstr(text, "deny bind (log)"), "%s", text);
	cr_expect(strstr(text, "\"dock\" would: deny by \"w\""), "%s", text);
	cr_expect(strstr(text, "\\x1b]0;x"), "nothing that a terminal acts on: %s", text);
	cr_expect_not(strchr(text, 0x1b));
	free(text);
}

Test(loader_event, records_of_other_versions)
{
	struct dg_event read;
	char longer[sizeof(event) + 64] = {};

	memcpy(longer, &event, sizeof(event));
	cr_expect_eq(dg_event_read(longer, sizeof(longer), &read), 0);
	cr_expect_eq(read.seq, 9);
	memset(&read, 0xff, sizeof(read));
	cr_expect_eq(dg_event_read(&event, offsetof(struct dg_event, facts), &read), 0);
	cr_expect_eq(read.facts.known_str, 0);
	cr_expect_eq(dg_event_read(&event, offsetof(struct dg_event, facts) - 1, &read), -EBADMSG);
	cr_expect_eq(dg_event_read(&event, 0, &read), -EBADMSG);
}

Test(loader_text, safe)
{
	char text[32];

	dg_text_safe("a\xc3\xa9\xff\x7f", 5, text, sizeof(text));
	cr_expect_str_eq(text, "a\xc3\xa9\\xff\\x7f");
	dg_text_safe("\xe2\x80\xae"
		     "abc",
		     6, text, sizeof(text));
	cr_expect_str_eq(text, "\\xe2\\x80\\xaeabc", "a bidirectional override");
	dg_text_safe("\xc2\x9b", 2, text, sizeof(text));
	cr_expect_str_eq(text, "\\xc2\\x9b", "a C1 control");
	dg_text_safe("abcdef", 6, text, 4);
	cr_expect_str_eq(text, "abc");
	dg_text_safe("ab\xff", 3, text, 6);
	cr_expect_str_eq(text, "ab", "no half escape");
}

Test(loader_text, duration)
{
	static const char *const bad[] = {"",
					  "0",
					  "0s",
					  "s",
					  "-1",
					  "1d",
					  "1 s",
					  "60ss",
					  "86401",
					  "25h",
					  "18446744073709551616",
					  "99999999999999999999h"};

	cr_expect_eq(dg_text_duration("60", 86400), 60);
	cr_expect_eq(dg_text_duration("60s", 86400), 60);
	cr_expect_eq(dg_text_duration("5m", 86400), 300);
	cr_expect_eq(dg_text_duration("24h", 86400), 86400);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(dg_text_duration(bad[i], 86400), -1, "\"%s\"", bad[i]);
}
