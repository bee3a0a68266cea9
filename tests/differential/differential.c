// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random policies on random devices, decided by the reference evaluator, by the table walker and by
 * the object's own BPF code: verdict, rule, permissive rule passed over and audit flag must be the
 * same.
 *
 *     differential [--cases N] [--seed S] [--engine table|bpf|all] [--break edge|interval|rank]
 *
 * Values are drawn from small pools, shared by policies and devices, so that comparisons often meet
 * their boundary. On a difference the policy and the device are made smaller for as long as it
 * lasts, and printed. --break damages the tables before they are walked: then a difference must be
 * found (exit 1), or the comparison is worth nothing.
 */
#include <bpf/libbpf.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine_run.h"
#include "eval.h"
#include "glob.h"
#include "inventory.h"
#include "object.h"
#include "policy.h"
#include "walker.h"

#define MAX_RULES 12
#define MAX_SETS 4
#define RULE_BYTES 65536
#define QUERIES 5
#define DEVICES 20
#define DEVICES_BPF 100 /* an object takes the verifier its time: more is asked of it */

enum broken {
	BREAK_NOTHING,
	BREAK_EDGE,
	BREAK_INTERVAL,
	BREAK_RANK,
};

struct options {
	unsigned long cases;
	uint64_t seed;
	bool table, bpf;
	enum broken broken;
};

struct text {
	char bytes[RULE_BYTES];
	size_t len;
};

/* A policy as statements, so that some can be left out. */
struct recipe {
	struct text head;
	struct text rules[MAX_RULES];
	bool used[MAX_RULES];
	size_t rule_count;
};

/* Measurements that policies ask about and devices show: the first, one in between, the last. */
static const unsigned int measurements[] = {1, 7, DG_MEAS_MAX};

#define VALUES (DG_ATTR_MAX + ARRAY_SIZE(measurements))

struct device_recipe {
	char *values[VALUES]; /* JSON, or NULL: unknown; the measurements stand behind the rest */
};

struct engines {
	struct dg_policy *policy;
	struct dg_tables *tables;
	struct dg_object *object;
	struct dg_engine *bpf;
};

struct random {
	uint64_t state;
};

static uint64_t next(struct random *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static size_t pick(struct random *r, size_t count)
{
	return next(r) % count;
}

static bool chance(struct random *r, unsigned int percent)
{
	return pick(r, 100) < percent;
}

static _printf_(2, 3) void put(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->bytes + t->len, sizeof(t->bytes) - t->len, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(t->bytes) - t->len) {
		fputs("differential: a text is too long\n", stderr);
		exit(3);
	}
	t->len += (size_t)n;
}

#define PICK(r, array) ((array)[pick((r), ARRAY_SIZE(array))])

static const char *const ints[] = {"0",
				   "1",
				   "2",
				   "3",
				   "7",
				   "31",
				   "32",
				   "255",
				   "0xff",
				   "256",
				   "0x7fffffffffffffff",
				   "0x8000000000000000",
				   "18446744073709551614",
				   "18446744073709551615"};
static const char *const halves[] = {"0000", "0001", "10de", "8086", "2330", "FFFE", "ffff"};
static const char *const octets[] = {"00", "01", "02", "08", "0c", "fe", "FF"};
static const char *const addresses[] = {"0000:00:00.0",	    "0000:00:00.1", "0000:3b:00.0",
					"0000:3b:1f.7",	    "0000:ff:1f.7", "0001:00:00.0",
					"ffffffff:ff:1f.7", "10000:e0:06.0"};
static const char *const times[] = {"1970-01-01",	    "2026-01-01", "2026-01-01T00:00:01Z",
				    "2026-06-01T12:00:00Z", "2027-01-01", "2038-01-19T03:14:08Z"};
static const uint64_t seconds[] = {0, 1767225600, 1767225601, 1780315200, 1798761600, 2147483648};
static const char *const pieces[] = {"a",  "b", "c", "ab",	 "-", "]",	   "[",	 "*", "?",
				     "\\", "!", "^", "\xc3\xa9", "z", "mlx5_core", "\"", " ", "/"};

static const struct dg_attr *pick_attr(struct random *r, uint32_t ops)
{
	for (;;) {
		const struct dg_attr *attr = dg_schema_attr((enum dg_attr_id)pick(r, DG_ATTR_MAX));
		bool legal = true;

		for (unsigned int op = 0; op < DG_OP_MAX && legal; op++)
			if (ops >> op & 1 && !dg_schema_legal(attr, (enum dg_op)op))
				legal = false;
		if (legal)
			return attr;
	}
}

/* A string value, not quoted; sometimes as long as one can be. */
static void string_value(struct random *r, char ret[512])
{
	size_t count = pick(r, 5), len = 0;

	if (chance(r, 2)) {
		len = 250 + pick(r, 7); /* 250 … 256: the last one is too long to be known */
		memset(ret, 'a', len);
		if (chance(r, 50))
			ret[len - 1] = 'b';
		ret[len] = 0;
		return;
	}
	ret[0] = 0;
	for (size_t i = 0; i < count; i++) {
		const char *piece = PICK(r, pieces);

		memcpy(ret + len, piece, strlen(piece) + 1);
		len += strlen(piece);
	}
}

static void put_quoted(struct text *t, const char *value)
{
	put(t, "\"");
	for (; *value; value++)
		put(t, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
	put(t, "\"");
}

static void put_string(struct random *r, struct text *t)
{
	char value[512];

	do
		string_value(r, value);
	while (strlen(value) > DG_STR_BYTES);
	put_quoted(t, value);
}

static void bracket(struct random *r, struct text *glob)
{
	static const char *const inner[] = {"a-c",  "ab",	 "-", "a-",  "-z",    "^",
					    "\\]",  "\\a-\\c",	 "*", "?",   "a-c-e", "\\\\",
					    "\xc3", "\x80-\xbf", "[", "!-b", "\\--a", "b-bz"};
	size_t count = 1 + pick(r, 2);

	put(glob, chance(r, 30) ? "[!" : "[");
	for (size_t i = 0; i < count; i++)
		put(glob, "%s", PICK(r, inner));
	put(glob, "]");
}

static void make_glob(struct random *r, struct text *ret)
{
	size_t count = pick(r, 6);

	ret->len = 0;
	ret->bytes[0] = 0;
	for (size_t i = 0; i < count; i++) {
		const char *piece;

		switch (pick(r, 5)) {
		case 0:
			put(ret, "*");
			break;
		case 1:
			put(ret, "?");
			break;
		case 2:
			bracket(r, ret);
			break;
		default:
			for (piece = PICK(r, pieces); *piece; piece++)
				put(ret, strchr("*?[\\", *piece) ? "\\%c" : "%c", *piece);
		}
	}
}

static void put_glob(struct random *r, struct text *t)
{
	static struct text glob;

	do
		make_glob(r, &glob);
	while (dg_glob_problem(glob.bytes, glob.len));
	/* In the text of a policy: bytes that are no UTF-8 by escape. */
	put(t, "\"");
	for (size_t i = 0; i < glob.len; i++) {
		unsigned char c = (unsigned char)glob.bytes[i];

		if (c >= 0x80)
			put(t, "\\x%02x", c);
		else
			put(t, c == '"' || c == '\\' ? "\\%c" : "%c", c);
	}
	put(t, "\"");
}

/* Few of them, so that they are often equal; the two of one length differ in the last digit. */
static void put_digest(struct random *r, struct text *t)
{
	static const struct {
		const char *name;
		unsigned int digits;
	} algorithms[] = {{"sha256", 64}, {"sha384", 96}, {"sha512", 128}};
	size_t algorithm = pick(r, ARRAY_SIZE(algorithms));

	put(t, "%s:", algorithms[algorithm].name);
	for (unsigned int i = 1; i < algorithms[algorithm].digits; i++)
		put(t, "%c", i == 17 ? 'A' : '5');
	put(t, "%c", chance(r, 60) ? '0' : '1');
}

static void put_literal(struct random *r, struct text *t, const struct dg_attr *attr, bool pattern)
{
	const char *const *names;
	size_t count = 0, stars;

	switch (attr->type) {
	case DG_TYPE_INT:
		put(t, "%s", PICK(r, ints));
		break;
	case DG_TYPE_BOOL:
		put(t, "%s", chance(r, 50) ? "true" : "false");
		break;
	case DG_TYPE_STRING:
		put_string(r, t);
		break;
	case DG_TYPE_ID:
		put(t, "%s:", pattern && chance(r, 40) ? "*" : PICK(r, halves));
		put(t, "%s", pattern && chance(r, 40) ? "*" : PICK(r, halves));
		break;
	case DG_TYPE_CLASS:
		stars = pattern ? pick(r, 4) : 0;
		put(t, "%s:", stars > 2 ? "*" : PICK(r, octets));
		put(t, "%s:", stars > 1 ? "*" : PICK(r, octets));
		put(t, "%s", stars > 0 ? "*" : PICK(r, octets));
		break;
	case DG_TYPE_ADDRESS:
		put(t, "%s", PICK(r, addresses));
		break;
	case DG_TYPE_DIGEST:
		put_digest(r, t);
		break;
	case DG_TYPE_ENUM:
		names = dg_schema_enum_names(attr);
		while (names[count])
			count++;
		put(t, "%s", names[pick(r, count)]);
		break;
	default:
		break;
	}
}

static void put_range(struct random *r, struct text *t)
{
	size_t a = pick(r, ARRAY_SIZE(ints)), b = pick(r, ARRAY_SIZE(ints));

	/* The pool is ascending (255 and 0xff are equal). */
	put(t, "%s .. %s", ints[a < b ? a : b], ints[a < b ? b : a]);
}

static void put_item(struct random *r, struct text *t, const struct dg_attr *attr)
{
	if (attr->type == DG_TYPE_INT && chance(r, 40))
		put_range(r, t);
	else
		put_literal(r, t, attr, true);
}

/* The sets s0 … have these types, in this order. */
static const enum dg_type set_types[MAX_SETS] = {DG_TYPE_INT, DG_TYPE_ID, DG_TYPE_CLASS,
						 DG_TYPE_STRING};

static void put_items(struct random *r, struct text *t, const struct dg_attr *attr)
{
	size_t count = 1 + pick(r, 4);

	put(t, "{ ");
	for (size_t i = 0; i < count; i++) {
		put(t, i > 0 ? ", " : "");
		put_item(r, t, attr);
	}
	for (size_t i = 0; i < MAX_SETS; i++)
		if (set_types[i] == attr->type && chance(r, 15))
			put(t, ", s%zu", i);
	put(t, " }");
}

static void put_in(struct random *r, struct text *t, const struct dg_attr *attr)
{
	put(t, " in ");
	for (size_t i = 0; i < MAX_SETS; i++)
		if (set_types[i] == attr->type && chance(r, 30)) {
			put(t, "s%zu", i);
			return;
		}
	if (chance(r, 60))
		put_items(r, t, attr);
	else
		put_item(r, t, attr);
}

static void put_test(struct random *r, struct text *t, uint32_t ops)
{
	static const char *const equal[] = {"==", "!="};
	static const char *const order[] = {"==", "!=", "<", "<=", ">", ">="};
	const struct dg_attr *attr = pick_attr(r, ops);
	bool known = chance(r, 12);

	if (attr->set && !known)
		put(t, chance(r, 50) ? "any " : "all ");
	put(t, "%s", attr->name);
	if (attr->id == DG_ATTR_SPDM_MEAS)
		put(t, ".%u", PICK(r, measurements));
	if (known) {
		put(t, " is %sknown", chance(r, 50) ? "not " : "");
	} else if (attr->type == DG_TYPE_BOOL && chance(r, 60)) {
		return;
	} else if (attr->type == DG_TYPE_STRING && chance(r, 50)) {
		put(t, " like ");
		put_glob(r, t);
	} else if (chance(r, 40)) {
		put_in(r, t, attr);
	} else {
		put(t, " %s ", attr->type == DG_TYPE_INT ? PICK(r, order) : PICK(r, equal));
		put_literal(r, t, attr, false);
	}
}

static void put_expr(struct random *r, struct text *t, uint32_t ops, unsigned int depth)
{
	size_t kind = depth == 0 ? 9 : pick(r, 10);

	switch (kind) {
	case 0:
	case 1:
	case 2:
	case 3:
		put(t, "(");
		put_expr(r, t, ops, depth - 1);
		put(t, kind < 2 ? " and " : " or ");
		put_expr(r, t, ops, depth - 1);
		if (chance(r, 30)) {
			put(t, chance(r, 50) ? " and " : " or ");
			put_expr(r, t, ops, depth - 1);
		}
		put(t, ")");
		break;
	case 4:
		put(t, "not ");
		put_expr(r, t, ops, depth - 1);
		break;
	case 5:
		if (chance(r, 20)) {
			put(t, chance(r, 50) ? "true" : "false");
			break;
		}
		/* fallthrough */
	default:
		put_test(r, t, ops);
	}
}

/* One to three operations; lock and connect have fewer attributes, so they stand for themselves. */
static uint32_t pick_ops(struct random *r)
{
	uint32_t ops = 0;

	if (chance(r, 15))
		return 1U << (chance(r, 50) ? DG_OP_LOCK : DG_OP_CONNECT);
	do
		ops |= 1U << pick(r, DG_OP_CONNECT);
	while (chance(r, 50));
	if (chance(r, 25))
		ops |= 1U << DG_OP_ACCEPT;
	return ops;
}

static void put_ops(struct text *t, uint32_t ops)
{
	const char *before = "";

	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		if (!(ops >> op & 1))
			continue;
		put(t, "%s%s", before, dg_op_name((enum dg_op)op));
		before = ", ";
	}
}

static void put_options(struct random *r, struct text *t, bool forbid)
{
	size_t from = pick(r, ARRAY_SIZE(times)), until = pick(r, ARRAY_SIZE(times));

	if (chance(r, 25) && from < until)
		put(t, " from %s until %s", times[from], times[until]);
	else if (chance(r, 15))
		put(t, " until %s", times[until]);
	else if (chance(r, 15))
		put(t, " from %s", times[from]);
	if (!forbid && chance(r, 25))
		put(t, " mode permissive");
	if (chance(r, 40))
		put(t, " audit %s", chance(r, 50) ? "always" : chance(r, 50) ? "never" : "denied");
	if (chance(r, 5))
		put(t, " reason \"CHG-1\"");
}

static void put_rule(struct random *r, struct text *t, size_t number)
{
	static const char *const effects[] = {"allow", "allow", "deny", "deny", "forbid"};
	const char *effect = PICK(r, effects);
	uint32_t ops = pick_ops(r);

	t->len = 0;
	put(t, "%s \"r%zu\" on ", effect, number);
	put_ops(t, ops);
	if (!strcmp(effect, "allow") && ops >> DG_OP_ACCEPT & 1) {
		put(t, " where spdm.verified");
		if (chance(r, 70)) {
			put(t, " and ");
			put_expr(r, t, ops, 3);
		}
	} else if (chance(r, 90)) {
		put(t, " where ");
		put_expr(r, t, ops, 4);
	}
	put_options(r, t, !strcmp(effect, "forbid"));
	put(t, ";\n");
}

static void put_sets(struct random *r, struct text *t)
{
	for (size_t i = 0; i < MAX_SETS; i++) {
		struct dg_attr attr = {.type = set_types[i]};
		size_t count = 1 + pick(r, 4);

		put(t, "set s%zu = { ", i);
		for (size_t k = 0; k < count; k++) {
			put(t, k > 0 ? ", " : "");
			put_item(r, t, &attr);
		}
		put(t, " };\n");
	}
}

static void make_recipe(struct random *r, struct recipe *ret)
{
	struct text *head = &ret->head;

	head->len = 0;
	put(head, "policy \"random\" version 1 abi 1;\n");
	for (unsigned int op = 0; op < DG_OP_MAX; op++)
		put(head, "default %s = %s;\n", dg_op_name((enum dg_op)op),
		    op != DG_OP_ACCEPT && chance(r, 50) ? "allow" : "deny");
	put_sets(r, head);
	ret->rule_count = 1 + pick(r, MAX_RULES);
	for (size_t i = 0; i < ret->rule_count; i++) {
		put_rule(r, &ret->rules[i], i);
		ret->used[i] = true;
	}
}

static void policy_text(const struct recipe *recipe, struct text *ret)
{
	ret->len = 0;
	put(ret, "%s", recipe->head.bytes);
	for (size_t i = 0; i < recipe->rule_count; i++)
		if (recipe->used[i])
			put(ret, "%s", recipe->rules[i].bytes);
}

/* A value of the attribute in JSON, appended to @ret. */
static void json_value(struct random *r, const struct dg_attr *attr, struct text *ret)
{
	char string[512];

	switch (attr->type) {
	case DG_TYPE_INT:
		put(ret, "%" PRIu64, (uint64_t)strtoull(PICK(r, ints), NULL, 0) + pick(r, 3) - 1);
		break;
	case DG_TYPE_BOOL:
		put_literal(r, ret, attr, false);
		break;
	case DG_TYPE_STRING:
		string_value(r, string);
		put_quoted(ret, string);
		break;
	default:
		put(ret, "\"");
		put_literal(r, ret, attr, false);
		put(ret, "\"");
	}
}

/* Often empty or with one element; now and then with more than are known. */
static void json_set(struct random *r, const struct dg_attr *attr, struct text *ret)
{
	size_t count = chance(r, 3) ? 40 : chance(r, 15) ? pick(r, 18) : pick(r, 4);

	put(ret, "[");
	for (size_t i = 0; i < count; i++) {
		put(ret, i > 0 ? "," : "");
		json_value(r, attr, ret);
	}
	put(ret, "]");
}

static const struct dg_attr *value_attr(size_t index)
{
	return dg_schema_attr(index < DG_ATTR_MAX ? (enum dg_attr_id)index : DG_ATTR_SPDM_MEAS);
}

static void device_done(struct device_recipe *device)
{
	for (size_t i = 0; i < VALUES; i++)
		free(device->values[i]);
	*device = (struct device_recipe){};
}

/* What a device has all or nothing of, mostly by its bus: it has tables of its own by what it lacks. */
static unsigned int group_of(const struct dg_attr *attr)
{
	if (!strncmp(attr->name, "pci.", 4))
		return 1;
	if (!strncmp(attr->name, "usb.", 4))
		return 2;
	return attr->set ? 3 : attr->type == DG_TYPE_DIGEST ? 4 : 0;
}

static void make_device(struct random *r, struct device_recipe *ret)
{
	bool lacks[5] = {false, chance(r, 50), chance(r, 50), chance(r, 60), chance(r, 60)};
	static struct text value;

	for (size_t i = 0; i < VALUES; i++) {
		const struct dg_attr *attr = value_attr(i);

		if (i == DG_ATTR_SPDM_MEAS || lacks[group_of(attr)] ||
		    chance(r, attr->type == DG_TYPE_DIGEST ? 50 : 20))
			continue;
		value.len = 0;
		if (attr->set)
			json_set(r, attr, &value);
		else
			json_value(r, attr, &value);
		ret->values[i] = strdup(value.bytes);
	}
}

static void device_text(const struct device_recipe *device, struct text *ret)
{
	const char *before = "";

	ret->len = 0;
	put(ret, "{");
	for (size_t i = 0; i < VALUES; i++) {
		if (!device->values[i])
			continue;
		put(ret, "%s\"%s", before, value_attr(i)->name);
		if (i >= DG_ATTR_MAX)
			put(ret, ".%u", measurements[i - DG_ATTR_MAX]);
		put(ret, "\":%s", device->values[i]);
		before = ",";
	}
	put(ret, "}");
}

static void engines_done(struct engines *e)
{
	dg_engine_free(e->bpf);
	dg_object_free(e->object);
	free(e->tables);
	dg_policy_free(e->policy);
	*e = (struct engines){};
}

/* What --break does: one thing that decisions depend on, in the middle of the tables. */
static void damage(struct dg_tables *t, enum broken broken)
{
	char *base = (char *)t;
	struct dg_rank *ranks = (struct dg_rank *)(base + t->rank_off);
	struct dg_node *node = (struct dg_node *)(base + t->node_off);
	struct dg_var *vars = (struct dg_var *)(base + t->var_off);
	uint32_t words;

	switch (broken) {
	case BREAK_EDGE: /* of the first node, for the classes with the highest numbers */
		if (t->node_size == 0)
			break;
		words = node->count * (node->kind == DG_NODE_DENSE ? 1 : 2);
		if (node->kind == DG_NODE_HASHED) /* its slots are the last of it */
			words += 4 + (((struct dg_edge_hash *)(node + 1))->buckets + 1) / 2 * 2;
		((uint32_t *)(node + 1))[words - 1] = DG_REF_PASS;
		break;
	case BREAK_INTERVAL:
		for (uint32_t i = 0; i < t->var_count; i++)
			if (vars[i].kind == DG_VAR_NUM && vars[i].data_count > 1) {
				((struct dg_interval *)(base + vars[i].data_off))[1].low++;
				break;
			}
		break;
	case BREAK_RANK:
		ranks[t->rank_count / 2].flags ^= DG_RANK_AUDIT;
		break;
	case BREAK_NOTHING:
		break;
	}
}

/* A small policy has one part and dense nodes, as it is compiled: each policy gets a form of its own. */
static struct dg_tables_options form_of(const char *text)
{
	struct random r = {.state = strlen(text)};

	return (struct dg_tables_options){.keep_parts = chance(&r, 50),
					  .bitmaps = chance(&r, 33),
					  .nodes = (enum dg_node_form)pick(&r, 4)};
}

static int load(const struct options *o, const char *text, struct engines *ret)
{
	struct dg_tables_options form = form_of(text);
	_cleanup_diags_ struct dg_diags diags = {};
	_cleanup_free_ void *bytes = NULL;
	struct engines e = {};
	size_t size = 0;
	int r;

	r = dg_policy_load_text("random.dgp", text, strlen(text), DG_LOAD_NO_EXPIRED, &diags,
				&e.policy);
	if (r >= 0 && o->table)
		r = dg_tables_build_with(e.policy, &form, &diags, &e.tables, NULL);
	if (r >= 0 && o->bpf)
		r = dg_object_build_with(e.policy, &form, &diags, &bytes, &size, NULL);
	if (r < 0)
		dg_diags_print(stderr, &diags);
	if (r >= 0 && o->bpf)
		r = dg_object_open_memory(bytes, size, NULL, &e.object);
	if (r >= 0 && o->bpf)
		r = dg_engine_open(e.object, &e.bpf);
	if (r < 0) {
		fprintf(stderr, "differential: %s, with the policy:\n%s", strerror(-r), text);
		engines_done(&e);
		return r;
	}
	if (e.tables)
		damage(e.tables, o->broken);
	*ret = e;
	return 0;
}

static bool same(const struct dg_answer *a, const struct dg_answer *b)
{
	return a->verdict == b->verdict && a->rule == b->rule && a->would == b->would &&
	       a->flags == b->flags;
}

/* What lies behind the end of a string is no part of it, whatever it is. */
static void litter(struct dg_facts *facts)
{
	for (unsigned int i = 0; i < DG_STR_MAX; i++)
		memset(facts->str[i].bytes + facts->str[i].len, 'x',
		       DG_STR_BYTES - facts->str[i].len);
}

/* 0: all agree. 1: @ret says who differs. Negative errno: an engine did not run. */
static int compare(struct engines *e, const struct dg_device *device, const struct dg_query *query,
		   struct dg_answer *ret_ref, struct dg_answer *ret_other, const char **ret_name)
{
	static struct dg_facts_more more;
	static struct dg_facts facts;
	struct dg_answer other;
	int r;

	dg_device_to_facts(device, &facts);
	dg_device_to_more(device, &more);
	litter(&facts);
	dg_eval_decide(e->policy, device, (enum dg_op)query->op, query->time, query->clock_synced,
		       ret_ref);
	if (e->tables) {
		r = dg_tables_decide(e->tables, &facts, &more, query, &other);
		if (r < 0)
			return r;
		if (!same(ret_ref, &other)) {
			*ret_other = other;
			*ret_name = "table";
			return 1;
		}
	}
	if (e->bpf) {
		r = dg_engine_decide(e->bpf, &facts, &more, query, &other);
		if (r < 0)
			return r;
		if (!same(ret_ref, &other)) {
			*ret_other = other;
			*ret_name = "bpf";
			return 1;
		}
	}
	return 0;
}

static int load_device(const char *text, struct dg_inventory **ret)
{
	_cleanup_diags_ struct dg_diags diags = {};
	int r = dg_inventory_load_text("device.json", text, strlen(text), &diags, ret);

	if (r < 0) {
		dg_diags_print(stderr, &diags);
		fprintf(stderr, "differential: %s, with the device:\n%s\n", strerror(-r), text);
	}
	return r;
}

/* Does the difference last with these? (A policy that does not load any more has none.) */
static bool still(const struct options *o, const struct recipe *recipe,
		  const struct device_recipe *device, const struct dg_query *query)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	static struct text policy, json;
	struct engines e = {};
	struct dg_answer ref, other;
	const char *name;
	bool result;

	policy_text(recipe, &policy);
	device_text(device, &json);
	if (load(o, policy.bytes, &e) < 0)
		return false;
	result = load_device(json.bytes, &inventory) >= 0 &&
		 compare(&e, inventory->devices[0], query, &ref, &other, &name) > 0;
	engines_done(&e);
	return result;
}

static void print_answer(const char *name, const struct dg_answer *a)
{
	printf("#   %-5s %s rule %d would %d flags %x\n", name,
	       a->verdict == DG_VERDICT_ALLOW ? "allow" : "deny", (int)a->rule, (int)a->would,
	       a->flags);
}

static void report(const struct options *o, struct recipe *recipe, struct device_recipe *device,
		   const struct dg_query *query)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	static struct text policy, json;
	struct dg_answer ref, other;
	struct engines e = {};
	const char *name;

	for (size_t i = 0; i < recipe->rule_count; i++) {
		recipe->used[i] = false;
		if (!still(o, recipe, device, query))
			recipe->used[i] = true;
	}
	for (size_t i = 0; i < VALUES; i++) {
		char *value = device->values[i];

		device->values[i] = NULL;
		if (value && !still(o, recipe, device, query))
			device->values[i] = value;
		else
			free(value);
	}
	policy_text(recipe, &policy);
	device_text(device, &json);
	printf("# a difference on %s at %" PRIu64 ", clock %s\n", dg_op_name((enum dg_op)query->op),
	       (uint64_t)query->time, query->clock_synced ? "synchronised" : "not synchronised");
	if (load(o, policy.bytes, &e) >= 0 && load_device(json.bytes, &inventory) >= 0 &&
	    compare(&e, inventory->devices[0], query, &ref, &other, &name) > 0) {
		print_answer("ref", &ref);
		print_answer(name, &other);
	}
	engines_done(&e);
	printf("# policy:\n%s# device:\n%s\n", policy.bytes, json.bytes);
}

static void make_query(struct random *r, struct dg_query *ret)
{
	*ret = (struct dg_query){.op = (uint32_t)pick(r, DG_OP_MAX),
				 .clock_synced = chance(r, 80),
				 .time = PICK(r, seconds)};
	if (chance(r, 60))
		ret->time += pick(r, 3) - (ret->time > 0);
	else if (chance(r, 5))
		ret->time = UINT64_MAX;
}

/* One policy on DEVICES devices. Returns the cases that were run, or -1 after a difference. */
static int run_policy(const struct options *o, struct random *r, unsigned long max)
{
	static struct recipe recipe;
	static struct text policy, json;
	struct engines e = {};
	int cases = 0;

	make_recipe(r, &recipe);
	policy_text(&recipe, &policy);
	if (load(o, policy.bytes, &e) < 0)
		exit(3);
	for (size_t d = 0; d < (o->bpf ? DEVICES_BPF : DEVICES) && cases >= 0; d++) {
		_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
		_cleanup_(device_done) struct device_recipe device = {};

		make_device(r, &device);
		device_text(&device, &json);
		if (load_device(json.bytes, &inventory) < 0)
			exit(3);
		for (size_t q = 0; q < QUERIES && (unsigned long)cases < max; q++) {
			struct dg_answer ref, other;
			struct dg_query query;
			const char *name;
			int result;

			make_query(r, &query);
			result = compare(&e, inventory->devices[0], &query, &ref, &other, &name);
			if (result < 0) {
				fprintf(stderr, "differential: %s\n", strerror(-result));
				exit(3);
			}
			if (result > 0) {
				report(o, &recipe, &device, &query);
				cases = -1;
				break;
			}
			cases++;
		}
	}
	engines_done(&e);
	return cases;
}

static int print_nothing(enum libbpf_print_level level _unused_, const char *format _unused_,
			 va_list args _unused_)
{
	return 0;
}

static int usage(void)
{
	fputs("usage: differential [--cases N] [--seed S] [--engine table|bpf|all]\n"
	      "                    [--break edge|interval|rank]\n",
	      stderr);
	return 2;
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {
		{"cases", required_argument, NULL, 'c'},
		{"seed", required_argument, NULL, 's'},
		{"engine", required_argument, NULL, 'e'},
		{"break", required_argument, NULL, 'b'},
		{},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->cases = strtoul(optarg, NULL, 0);
			break;
		case 's':
			o->seed = strtoull(optarg, NULL, 0);
			break;
		case 'e':
			o->table = strcmp(optarg, "bpf") != 0;
			o->bpf = strcmp(optarg, "table") != 0;
			if (strcmp(optarg, "all") && o->table && o->bpf)
				return usage();
			break;
		case 'b':
			o->broken = !strcmp(optarg, "edge")	  ? BREAK_EDGE
				    : !strcmp(optarg, "interval") ? BREAK_INTERVAL
				    : !strcmp(optarg, "rank")	  ? BREAK_RANK
								  : BREAK_NOTHING;
			if (o->broken == BREAK_NOTHING)
				return usage();
			break;
		default:
			return usage();
		}
	}
	return optind == argc ? 0 : usage();
}

int main(int argc, char **argv)
{
	struct options o = {.cases = 100000,
			    .seed = (uint64_t)time(NULL),
			    .table = true,
			    .bpf = geteuid() == 0};
	unsigned long done = 0, policies = 0;
	struct random r;

	if (parse(argc, argv, &o))
		return 2;
	libbpf_set_print(print_nothing);
	printf("# seed %" PRIu64 ", engines ref%s%s\n", o.seed, o.table ? " table" : "",
	       o.bpf ? " bpf" : "");
	fflush(stdout);
	r.state = o.seed;
	while (done < o.cases) {
		int n = run_policy(&o, &r, o.cases - done);

		if (n < 0) {
			printf("# seed %" PRIu64 ": differs after %lu cases\n", o.seed, done);
			return 1;
		}
		done += (unsigned long)n;
		policies++;
	}
	printf("# %lu cases on %lu policies agree\n", done, policies);
	return 0;
}
