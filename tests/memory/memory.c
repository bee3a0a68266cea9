// SPDX-License-Identifier: GPL-2.0-only
/*
 * Out of memory, at every place: what the compiler does with a policy or an inventory is repeated
 * with its first allocation failing, then its second, and so on. Each time it must end with an
 * error, or as if nothing had happened: never with a crash, a leak, or a result of its own. Prints
 * TAP.
 *
 *     memory [--step N] FILE.dgp|FILE.json …
 *
 * The linker puts the functions below in the place of those of the C library and of the arena
 * (--wrap); what happens inside shared libraries is not touched.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "arena.h"
#include "inventory.h"
#include "object.h"
#include "object_read.h"
#include "policy.h"
#include "tables.h"

static struct {
	bool armed;
	size_t until; /* allocations that go well before the one that fails */
	size_t seen;
} fault;

static bool fails(void)
{
	return fault.armed && fault.seen++ == fault.until;
}

/* What is allocated and not yet freed: a hash set of addresses. */
#define LIVE_SLOTS (1U << 20)
static void *live[LIVE_SLOTS];
static size_t live_count;
#define LIVE_GONE ((void *)1)

static size_t live_slot(const void *address)
{
	return ((uintptr_t)address >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 44;
}

static void *live_add(void *address)
{
	size_t slot = live_slot(address);

	if (!address || !fault.armed)
		return address;
	while (live[slot] && live[slot] != LIVE_GONE)
		slot = (slot + 1) % LIVE_SLOTS;
	live[slot] = address;
	live_count++;
	return address;
}

static void live_remove(const void *address)
{
	if (!address)
		return;
	for (size_t slot = live_slot(address); live[slot]; slot = (slot + 1) % LIVE_SLOTS)
		if (live[slot] == address) {
			live[slot] = LIVE_GONE;
			live_count--;
			return;
		}
}

static void live_clear(void)
{
	memset(live, 0, sizeof(live));
	live_count = 0;
}

#define REAL(type, name, ...)                                                                      \
	type __real_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__)

REAL(void *, malloc, size_t size)
{
	return fails() ? NULL : live_add(__real_malloc(size));
}

REAL(void *, calloc, size_t count, size_t size)
{
	return fails() ? NULL : live_add(__real_calloc(count, size));
}

REAL(void *, realloc, void *old, size_t size)
{
	void *new;

	if (fails())
		return NULL;
	live_remove(old);
	new = __real_realloc(old, size);
	live_add(new ?: old);
	return new;
}

REAL(void *, reallocarray, void *old, size_t count, size_t size)
{
	void *new;

	if (fails())
		return NULL;
	live_remove(old);
	new = __real_reallocarray(old, count, size);
	live_add(new ?: old);
	return new;
}

REAL(void, free, void *address)
{
	live_remove(address);
	__real_free(address);
}

REAL(char *, strdup, const char *text)
{
	return fails() ? NULL : live_add(__real_strdup(text));
}

REAL(char *, strndup, const char *text, size_t size)
{
	return fails() ? NULL : live_add(__real_strndup(text, size));
}

REAL(int, vasprintf, char **ret, const char *format, va_list args)
{
	int n;

	if (fails())
		return -1;
	n = __real_vasprintf(ret, format, args);
	if (n >= 0)
		live_add(*ret);
	return n;
}

int __wrap_asprintf(char **ret, const char *format, ...) _printf_(2, 3);
int __wrap_asprintf(char **ret, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = __wrap_vasprintf(ret, format, args);
	va_end(args);
	return n;
}

REAL(FILE *, open_memstream, char **text, size_t *size)
{
	return fails() ? NULL : __real_open_memstream(text, size);
}

REAL(void *, dg_arena_alloc, struct dg_arena *arena, size_t size)
{
	return fails() ? NULL : __real_dg_arena_alloc(arena, size);
}

REAL(char *, dg_arena_copy, struct dg_arena *arena, const void *data, size_t len)
{
	return fails() ? NULL : __real_dg_arena_copy(arena, data, len);
}

REAL(bool, dg_arena_grow, struct dg_arena *arena, void *items, size_t count, size_t size)
{
	return fails() ? false : __real_dg_arena_grow(arena, items, count, size);
}

/* What a run makes, to be compared with the run in which nothing failed. */
struct result {
	int err;
	size_t errors, warnings;
	void *bytes;
	size_t size;
};

static void result_done(struct result *result)
{
	free(result->bytes);
	*result = (struct result){};
}

static FILE *nowhere;

static int compile(struct dg_policy *policy, struct dg_diags *diags, struct result *result)
{
	_cleanup_(dg_cleanup_object) struct dg_object *object = NULL;
	_cleanup_free_ char *error = NULL;
	struct dg_tables_stats stats;
	int r;

	r = dg_object_build(policy, diags, &result->bytes, &result->size, &stats);
	if (r < 0)
		return r;
	return dg_object_open_memory(result->bytes, result->size, &error, &object);
}

static void run_policy(const char *path, struct result *result)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_diags_ struct dg_diags diags = {};
	int r;

	r = dg_policy_load_flags(path, DG_LOAD_TESTS, &diags, &policy);
	if (r >= 0)
		r = compile(policy, &diags, result);
	dg_diags_print(nowhere, &diags);
	dg_diags_json(nowhere, &diags);
	result->err = r ?: diags.out_of_memory ? -ENOMEM : 0;
	result->errors = diags.errors;
	result->warnings = diags.warnings;
}

static void run_inventory(const char *path, struct result *result)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	_cleanup_diags_ struct dg_diags diags = {};
	int r;

	r = dg_inventory_load(path, &diags, &inventory);
	for (size_t i = 0; r >= 0 && i < inventory->device_count; i++) {
		_cleanup_free_ char *json = NULL;

		r = dg_device_to_json(inventory->devices[i], &json);
	}
	result->err = r ?: diags.out_of_memory ? -ENOMEM : 0;
	result->errors = diags.errors;
	result->warnings = diags.warnings;
}

static struct result run(const char *path)
{
	const char *dot = strrchr(path, '.');
	struct result result = {};

	fault.seen = 0;
	fault.armed = true;
	if (dot && !strcmp(dot, ".json"))
		run_inventory(path, &result);
	else
		run_policy(path, &result);
	fault.armed = false;
	return result;
}

static bool same(const struct result *a, const struct result *b)
{
	return a->err == b->err && a->errors == b->errors && a->warnings == b->warnings &&
	       a->size == b->size && !memcmp(a->bytes ?: "", b->bytes ?: "", a->size);
}

/* Returns whether the file is treated well at every step. */
static bool check(const char *path, size_t step)
{
	_cleanup_(result_done) struct result calm = {};
	size_t refused = 0, unharmed = 0, before;

	live_clear();
	fault.until = SIZE_MAX;
	calm = run(path);
	before = calm.bytes != NULL;
	if (live_count != before) {
		printf("# %s: %zu allocations are never freed\n", path, live_count - before);
		return false;
	}
	for (fault.until = 0;; fault.until += step) {
		_cleanup_(result_done) struct result result = {};

		live_clear();
		result = run(path);
		if (fault.seen <= fault.until)
			break;
		if (live_count != (result.bytes != NULL)) {
			printf("# %s: allocation %zu fails: %zu others are never freed\n", path,
			       fault.until, live_count - (result.bytes != NULL));
			return false;
		}
		if (same(&calm, &result)) {
			unharmed++;
		} else if (result.err < 0) {
			refused++;
		} else {
			printf("# %s: allocation %zu fails: no error, and another result\n", path,
			       fault.until);
			return false;
		}
	}
	printf("# %s: %zu failures end in an error, %zu change nothing\n", path, refused, unharmed);
	return refused > 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"step", required_argument, NULL, 's'},
		{},
	};
	size_t step = 1;
	int status = 0, c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 's')
			return 2;
		step = strtoul(optarg, NULL, 0);
	}
	nowhere = fopen("/dev/null", "w");
	printf("1..%d\n", argc - optind);
	for (int i = optind; i < argc; i++) {
		bool good;

		fflush(stdout);
		good = check(argv[i], step ?: 1);
		status |= !good;
		printf("%s %d - out of memory anywhere in %s\n", good ? "ok" : "not ok",
		       i - optind + 1, argv[i]);
	}
	fclose(nowhere);
	return status;
}
