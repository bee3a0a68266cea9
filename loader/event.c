// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "event.h"
#include "inventory.h"
#include "text.h"
#include "util.h"

#define NSEC_PER_SEC 1000000000ULL

/* The number behind @seq. Behind the last one there is none: no count may start anew. */
static uint64_t behind(uint64_t seq)
{
	return seq == UINT64_MAX ? seq : seq + 1;
}

static int deliver_gap(struct dg_event_order *order, uint64_t until,
		       const struct dg_event_sink *sink)
{
	uint64_t first = order->next;

	if (first >= until)
		return 0;
	order->next = until;
	return sink->drop(sink->context, first, until - first);
}

/* Deliver the held events that follow without a gap. */
static int deliver_run(struct dg_event_order *order, const struct dg_event_sink *sink)
{
	size_t n = 0;
	int r = 0;

	while (n < order->count && order->held[n]->seq <= order->next && !r) {
		struct dg_event *event = order->held[n++];

		if (event->seq == order->next)
			order->next = behind(event->seq);
		r = sink->event(sink->context, event);
		free(event);
	}
	order->count -= n;
	memmove(order->held, order->held + n, order->count * sizeof(order->held[0]));
	return r;
}

int dg_event_order_add(struct dg_event_order *order, const struct dg_event *event,
		       const struct dg_event_sink *sink)
{
	struct dg_event *copy;
	size_t at;
	int r;

	if (event->seq <= order->next) {
		if (event->seq == order->next)
			order->next = behind(event->seq);
		r = sink->event(sink->context, event);
		return r ?: deliver_run(order, sink);
	}
	if (order->count == DG_ORDER_WINDOW) {
		r = deliver_gap(order, order->held[0]->seq, sink);
		r = r ?: deliver_run(order, sink);
		if (r)
			return r;
		return dg_event_order_add(order, event, sink);
	}
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *event;
	for (at = order->count; at && order->held[at - 1]->seq > event->seq; at--)
		order->held[at] = order->held[at - 1];
	order->held[at] = copy;
	order->count++;
	return 0;
}

int dg_event_order_flush(struct dg_event_order *order, uint64_t last,
			 const struct dg_event_sink *sink)
{
	int r;

	while (order->count && (!last || order->held[0]->seq <= last)) {
		r = deliver_gap(order, order->held[0]->seq, sink);
		r = r ?: deliver_run(order, sink);
		if (r)
			return r;
	}
	r = last ? deliver_gap(order, behind(last), sink) : 0;
	return r ?: deliver_run(order, sink);
}

void dg_event_order_done(struct dg_event_order *order)
{
	for (size_t i = 0; i < order->count; i++)
		free(order->held[i]);
	order->count = 0;
}

int dg_event_read(const void *data, size_t size, struct dg_event *ret)
{
	if (size < offsetof(struct dg_event, facts))
		return -EBADMSG;
	if (size > sizeof(*ret))
		size = sizeof(*ret);
	memset((char *)ret + size, 0, sizeof(*ret) - size);
	memcpy(ret, data, size);
	return 0;
}

void dg_time_text(uint64_t time_ns, char ret[static DG_TIME_TEXT_MAX])
{
	time_t seconds = time_ns / NSEC_PER_SEC;
	char date[24];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm))
		memset(&tm, 0, sizeof(tm));
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret, DG_TIME_TEXT_MAX, "%s.%09lluZ", date,
		 (unsigned long long)(time_ns % NSEC_PER_SEC));
}

static struct dg_bytes fact_str(const struct dg_facts *facts, enum dg_str fact)
{
	const struct dg_string *str = &facts->str[fact];

	if (!(facts->known_str & 1ULL << fact))
		return (struct dg_bytes){};
	return (struct dg_bytes){.data = (const char *)str->bytes, .len = str->len};
}

/* The name the audit gives: the subject's, which for a device that was judged itself is its own. */
static struct dg_bytes subject_str(const struct dg_facts *facts, enum dg_str subject,
				   enum dg_str own)
{
	return facts->known_str & 1ULL << subject ? fact_str(facts, subject) : fact_str(facts, own);
}

static struct dg_bytes field_bytes(const char *field, size_t size)
{
	return (struct dg_bytes){.data = field, .len = strnlen(field, size)};
}

static json_t *bytes_json(struct dg_bytes bytes)
{
	return bytes.data ? dg_text_json(bytes.data, bytes.len) : json_null();
}

/* The facts as the inventory writes them. NULL: out of memory. */
static json_t *facts_json(const struct dg_facts *facts)
{
	_cleanup_free_ struct dg_device *device = calloc(1, sizeof(*device));
	_cleanup_free_ char *text = NULL;

	if (!device)
		return NULL;
	for (size_t i = 0; i < DG_ATTR_MAX; i++) {
		const struct dg_attr *attr = dg_schema_attr(i);
		struct dg_fact *fact = &device->facts[i];

		if (!dg_attr_in_facts(attr))
			continue;
		fact->scalar.type = attr->type;
		fact->scalar.mask = UINT64_MAX;
		if (attr->type == DG_TYPE_STRING) {
			fact->scalar.str = fact_str(facts, attr->fact);
			fact->known = fact->scalar.str.data;
		} else {
			fact->scalar.num = facts->num[attr->fact];
			/* The JSON library holds no more; no fact of a real device does either. */
			fact->known = facts->known_num & 1ULL << attr->fact &&
				      fact->scalar.num <= INT64_MAX;
		}
	}
	device->label = device->facts[DG_ATTR_DEVICE_NAME].scalar.str;
	if (dg_device_to_json(device, &text))
		return NULL;
	return json_loads(text, JSON_ALLOW_NUL, NULL);
}

static json_t *device_json(const struct dg_facts *facts)
{
	json_t *all = facts_json(facts), *device, *value;
	const char *key;
	int r;

	if (!all)
		return NULL;
	device = json_pack("{s:o, s:o, s:o}", "name",
			   bytes_json(subject_str(facts, DG_STR_SUBJECT_NAME, DG_STR_DEVICE_NAME)),
			   "path", bytes_json(fact_str(facts, DG_STR_DEVICE_PATH)), "bus",
			   bytes_json(subject_str(facts, DG_STR_SUBJECT_BUS, DG_STR_BUS)));
	if (device) {
		/* A derived device's facts are its origin's, whose bus is another one. */
		value = json_object_get(all, "bus");
		r = facts->flags & DG_FACTS_DERIVED && value
			    ? json_object_set(device, "origin.bus", value)
			    : 0;
		json_object_foreach (all, key, value)
			if (strcmp(key, "name") && strcmp(key, "bus") && !r)
				r = json_object_set(device, key, value);
		if (r) {
			json_decref(device);
			device = NULL;
		}
	}
	json_decref(all);
	return device;
}

static const char *verdict_name(uint32_t verdict)
{
	return verdict == DG_VERDICT_ALLOW ? "allow" : "deny";
}

static const char *context_name(uint32_t context)
{
	switch (context) {
	case DG_CONTEXT_TASK:
		return "task";
	case DG_CONTEXT_IRQ:
		return "irq";
	default:
		return "worker";
	}
}

static json_t *would_json(const struct dg_event *event)
{
	struct dg_bytes id = field_bytes(event->would_id, sizeof(event->would_id));

	if (event->would == DG_RULE_NONE || !id.len)
		return json_null();
	return json_pack("{s:s, s:o}", "verdict", verdict_name(event->would_verdict), "rule",
			 bytes_json(id));
}

static int dump_json(json_t *object, char **ret)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	if (!text)
		return -ENOMEM;
	*ret = text;
	return 0;
}

int dg_event_to_json(const struct dg_event *event, char **ret)
{
	struct dg_bytes rule = field_bytes(event->rule_id, sizeof(event->rule_id));
	bool task = event->context == DG_CONTEXT_TASK;
	const char *op = dg_op_name(event->op);
	char time[DG_TIME_TEXT_MAX];

	dg_time_text(event->time_ns, time);
	if (!rule.len || event->rule == DG_RULE_DEFAULT || event->rule == DG_RULE_BROKEN)
		rule.data = NULL;
	return dump_json(json_pack("{s:s, s:I, s:s, s:s?, s:s, s:b, s:o, s:b, s:o, s:I, s:o, s:I, "
				   "s:o, s:o, s:s, "
				   "s:o, s:o, s:I, s:b}",
				   "time", time, "seq", (json_int_t)event->seq, "event",
				   event->type == DG_EVENT_PROBE ? "probe" : "decision", "op", op,
				   "verdict", verdict_name(event->verdict), "enforced",
				   event->enforced != 0, "rule", bytes_json(rule), "default",
				   event->rule == DG_RULE_DEFAULT, "would", would_json(event),
				   "generation", (json_int_t)event->generation, "policy",
				   bytes_json(field_bytes(event->policy, sizeof(event->policy))),
				   "version", (json_int_t)event->version, "device",
				   device_json(&event->facts), "driver",
				   bytes_json(subject_str(&event->facts, DG_STR_SUBJECT_DRIVER,
							  DG_STR_DRIVER_NAME)),
				   "context", context_name(event->context), "pid",
				   task ? json_integer(event->pid) : json_null(), "comm",
				   task ? bytes_json(field_bytes(event->comm, sizeof(event->comm)))
					: json_null(),
				   "cpu", (json_int_t)event->cpu, "derived",
				   (event->facts.flags & DG_FACTS_DERIVED) != 0),
			 ret);
}

int dg_event_drop_to_json(uint64_t time_ns, uint64_t first, uint64_t count, char **ret)
{
	char time[DG_TIME_TEXT_MAX];

	dg_time_text(time_ns, time);
	return dump_json(json_pack("{s:s, s:I, s:s, s:I}", "time", time, "seq", (json_int_t)first,
				   "event", "drop", "count", (json_int_t)count),
			 ret);
}

/* Columns of the table; the rule is last and takes what it needs. */
#define ROW "%-24s  %-20s  %-16s  %-18s  %s\n"

static void row_time(uint64_t time_ns, char text[static DG_TIME_TEXT_MAX])
{
	dg_time_text(time_ns, text);
	strcpy(text + strlen("2026-11-21T09:00:25.123"), "Z");
}

void dg_event_print_header(FILE *out)
{
	fprintf(out, ROW, "TIME", "DEVICE", "DRIVER", "VERDICT", "RULE");
}

void dg_event_print(FILE *out, const struct dg_event *event)
{
	struct dg_bytes device =
		subject_str(&event->facts, DG_STR_SUBJECT_NAME, DG_STR_DEVICE_NAME);
	struct dg_bytes driver =
		subject_str(&event->facts, DG_STR_SUBJECT_DRIVER, DG_STR_DRIVER_NAME);
	struct dg_bytes rule = field_bytes(event->rule_id, sizeof(event->rule_id));
	struct dg_bytes would = field_bytes(event->would_id, sizeof(event->would_id));
	char time[DG_TIME_TEXT_MAX], device_text[DG_TEXT_SAFE(DG_STR_BYTES)];
	char driver_text[DG_TEXT_SAFE(DG_STR_BYTES)], rule_text[DG_TEXT_SAFE(DG_NAME_BYTES)];
	char would_text[DG_TEXT_SAFE(DG_NAME_BYTES)], verdict[32], last[1024];
	const char *op = dg_op_name(event->op);

	row_time(event->time_ns, time);
	dg_text_safe(device.data, device.len, device_text, sizeof(device_text));
	dg_text_safe(driver.data, driver.len, driver_text, sizeof(driver_text));
	dg_text_safe(rule.data, rule.len, rule_text, sizeof(rule_text));
	dg_text_safe(would.data, would.len, would_text, sizeof(would_text));
	snprintf(verdict, sizeof(verdict), "%s %s%s", verdict_name(event->verdict), op ?: "?",
		 event->verdict == DG_VERDICT_DENY && !event->enforced ? " (log)" : "");
	if (event->rule == DG_RULE_DEFAULT)
		strcpy(rule_text, "default");
	else if (event->rule == DG_RULE_BROKEN)
		strcpy(rule_text, "(damaged tables)");
	snprintf(last, sizeof(last), "%s%s%s%s%s%s%s", event->rule < DG_RULE_BROKEN ? "\"" : "",
		 rule_text, event->rule < DG_RULE_BROKEN ? "\"" : "",
		 event->type == DG_EVENT_PROBE ? " (probe)" : "", would.len ? " would: " : "",
		 would.len ? verdict_name(event->would_verdict) : "", would.len ? " by " : "");
	if (would.len)
		snprintf(last + strlen(last), sizeof(last) - strlen(last), "\"%s\"", would_text);
	fprintf(out, ROW, time, device.len ? device_text : "-", driver.len ? driver_text : "-",
		verdict, last);
}

void dg_event_print_drop(FILE *out, uint64_t time_ns, uint64_t first, uint64_t count)
{
	char time[DG_TIME_TEXT_MAX];

	row_time(time_ns, time);
	fprintf(out, "%-24s  %llu event%s lost (from number %llu on)\n", time,
		(unsigned long long)count, count == 1 ? "" : "s", (unsigned long long)first);
}
