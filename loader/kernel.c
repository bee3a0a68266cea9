// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <linux/magic.h>

#include "kernel.h"
#include "schema.h"
#include "util.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"

static const char *const mode_names[] = {
	[DG_MODE_OFF] = "off",
	[DG_MODE_AUDIT] = "audit",
	[DG_MODE_ENFORCE] = "enforce",
};

#define HOOK(symbol, hook_name, short_name, operation)                                             \
	[DG_HOOK_##symbol] = {                                                                     \
		.hook = DG_HOOK_##symbol,                                                          \
		.name = hook_name,                                                                 \
		.program = "dg_" hook_name,                                                        \
		.dispatcher = "dg_dispatch_" short_name,                                           \
		.slots = "dg_slots_" short_name,                                                   \
		.op = operation,                                                                   \
	}

static const struct dg_hook_info hook_table[] = {
	HOOK(DEVICE_BIND, "device_bind", "bind", DG_OP_BIND),
	HOOK(DEVICE_MMIO_MAP, "device_mmio_map", "mmio", DG_OP_MMIO),
	HOOK(DEVICE_MMAP, "device_mmap", "mmap", DG_OP_MMAP),
	HOOK(DEVICE_DMA_MAP, "device_dma_map", "dma", DG_OP_DMA),
	HOOK(DEVICE_DMA_ATTACH, "device_dma_attach", "attach", DG_OP_MAX),
};

_Static_assert(sizeof(hook_table) / sizeof(hook_table[0]) == DG_HOOK_MAX, "a line for each hook");

const char *dg_mode_name(enum dg_mode mode)
{
	return mode_names[mode];
}

const struct dg_hook_info *dg_hook_info(enum dg_hook hook)
{
	return &hook_table[hook];
}

int dg_read_file(const char *path, char *buffer, size_t size)
{
	_cleanup_close_ int fd = -1;
	size_t len = 0;
	ssize_t n;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		n = read(fd, buffer + len, size - len);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		len += n;
	} while (n && len < size);
	if (len >= size)
		return -EFBIG;
	buffer[len] = 0;
	return len;
}

static int parse_u64(const char *text, uint64_t max, uint64_t *ret)
{
	unsigned long long value;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EBADMSG;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || value > max)
		return -EBADMSG;
	*ret = value;
	return 0;
}

static int parse_u32(const char *text, uint32_t *ret)
{
	uint64_t value;
	int r;

	r = parse_u64(text, UINT32_MAX, &value);
	if (r)
		return r;
	*ret = value;
	return 0;
}

static int parse_bool(const char *text, bool *ret)
{
	if ((text[0] != '0' && text[0] != '1') || text[1])
		return -EBADMSG;
	*ret = text[0] == '1';
	return 0;
}

static int parse_mode(const char *text, enum dg_mode *ret)
{
	for (size_t i = 0; i < sizeof(mode_names) / sizeof(mode_names[0]); i++) {
		if (strcmp(text, mode_names[i]))
			continue;
		*ret = i;
		return 0;
	}
	return -EBADMSG;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_digest(const char *text, struct dg_kernel_status *status)
{
	static const char prefix[] = "sha256:";

	if (!*text || !strcmp(text, "none"))
		return 0;
	if (strncmp(text, prefix, sizeof(prefix) - 1))
		return -EBADMSG;
	text += sizeof(prefix) - 1;
	if (strlen(text) != 2 * DG_SHA256_BYTES)
		return -EBADMSG;
	for (size_t i = 0; i < DG_SHA256_BYTES; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EBADMSG;
		status->digest[i] = high << 4 | low;
	}
	status->has_digest = true;
	return 0;
}

int dg_unescape(const char *text, size_t len, char *ret, size_t size)
{
	const char *end = text + len;
	size_t used = 0;

	while (text < end) {
		char c = *text++;

		if (used == size - 1)
			return -EBADMSG;
		if (c == '\\') {
			if (end - text < 3 || text[0] < '0' || text[0] > '3' || text[1] < '0' ||
			    text[1] > '7' || text[2] < '0' || text[2] > '7')
				return -EBADMSG;
			c = (text[0] - '0') << 6 | (text[1] - '0') << 3 | (text[2] - '0');
			text += 3;
		}
		ret[used++] = c;
	}
	ret[used] = 0;
	return 0;
}

static int parse_name(const char *text, char ret[static DG_NAME_BYTES])
{
	char name[DG_NAME_BYTES] = {};
	int r;

	r = dg_unescape(text, strlen(text), name, sizeof(name));
	if (!r)
		memcpy(ret, name, sizeof(name));
	return r;
}

enum status_key {
	KEY_MODE,
	KEY_GENERATION,
	KEY_SLOT,
	KEY_PREVIOUS_GENERATION,
	KEY_PREVIOUS_SLOT,
	KEY_POLICY,
	KEY_VERSION,
	KEY_DIGEST,
	KEY_PERMISSIVE,
	KEY_SEALED,
	KEY_PENDING_CONFIRM,
	KEY_MAX,
};

static const char *const key_names[KEY_MAX] = {
	[KEY_MODE] = "mode",
	[KEY_GENERATION] = "generation",
	[KEY_SLOT] = "slot",
	[KEY_PREVIOUS_GENERATION] = "previous_generation",
	[KEY_PREVIOUS_SLOT] = "previous_slot",
	[KEY_POLICY] = "policy",
	[KEY_VERSION] = "version",
	[KEY_DIGEST] = "digest",
	[KEY_PERMISSIVE] = "permissive",
	[KEY_SEALED] = "sealed",
	[KEY_PENDING_CONFIRM] = "pending_confirm_s",
};

static int parse_known(enum status_key key, const char *value, struct dg_kernel_status *status)
{
	switch (key) {
	case KEY_MODE:
		return parse_mode(value, &status->mode);
	case KEY_GENERATION:
		return parse_u32(value, &status->generation);
	case KEY_SLOT:
		return parse_u32(value, &status->slot);
	case KEY_PREVIOUS_GENERATION:
		return parse_u32(value, &status->previous_generation);
	case KEY_PREVIOUS_SLOT:
		return parse_u32(value, &status->previous_slot);
	case KEY_POLICY:
		return parse_name(value, status->policy);
	case KEY_VERSION:
		return *value ? parse_u32(value, &status->version) : 0;
	case KEY_DIGEST:
		return parse_digest(value, status);
	case KEY_PERMISSIVE:
		return parse_bool(value, &status->permissive);
	case KEY_SEALED:
		return parse_bool(value, &status->sealed);
	case KEY_PENDING_CONFIRM:
		return parse_u32(value, &status->pending_confirm_s);
	case KEY_MAX:
		break;
	}
	return -EBADMSG;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && !strcmp(text + len - end_len, end);
}

static void add_counter(struct dg_kernel_status *status, const char *name, const char *value)
{
	struct dg_counter *counter = &status->counters[status->counter_count];
	uint64_t number;

	if (status->counter_count == DG_COUNTER_MAX || strlen(name) >= sizeof(counter->name))
		return;
	if (parse_u64(value, UINT64_MAX, &number))
		return;
	strcpy(counter->name, name);
	counter->value = number;
	status->counter_count++;
}

int dg_kernel_status_parse(const char *text, struct dg_kernel_status *ret)
{
	_cleanup_free_ struct dg_kernel_status *status = calloc(1, sizeof(*status));
	_cleanup_free_ char *copy = strdup(text);
	char *next = copy, *line;
	uint32_t seen = 0;
	int r;

	if (!status || !copy)
		return -ENOMEM;
	while ((line = strsep(&next, "\n"))) {
		size_t key;
		char *value;

		if (!*line)
			continue;
		value = strchr(line, ' ');
		if (value)
			*value++ = 0;
		else
			value = line + strlen(line);
		for (key = 0; key < KEY_MAX; key++)
			if (!strcmp(line, key_names[key]))
				break;
		if (ends_with(line, "_program")) /* an id, not a count */
			continue;
		if (key == KEY_MAX) {
			add_counter(status, line, value);
			continue;
		}
		if (seen & 1U << key)
			return -EBADMSG;
		seen |= 1U << key;
		r = parse_known(key, value, status);
		if (r)
			return r;
	}
	if (!(seen & 1U << KEY_MODE) || !(seen & 1U << KEY_GENERATION))
		return -EBADMSG;
	*ret = *status;
	return 0;
}

/* A securityfs file would not open: say which layer is missing. */
static int explain_missing(const char *root, const char *path, int error,
			   struct dg_failure *failure)
{
	char dir[PATH_MAX];
	struct statfs fs;

	if (error == -EACCES || error == -EPERM)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, error,
				      "cannot read %s (not root?)", path);
	if (error != -ENOENT)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, error, "cannot read %s", path);
	snprintf(dir, sizeof(dir), "%s" DG_SECURITY_DIR, root);
	if (!*root && !statfs(dir, &fs) && (unsigned long)fs.f_type != SECURITYFS_MAGIC)
		return dg_failure_plain(
			failure, DG_FAILURE_SYSTEM, error,
			"securityfs is not mounted: mount -t securityfs securityfs %s", dir);
	return dg_failure_plain(failure, DG_FAILURE_UNSUPPORTED, -EOPNOTSUPP,
				"this kernel has no device policy: %s is missing "
				"(hook device_bind, CONFIG_DEVICE_POLICY)",
				path);
}

int dg_kernel_status_read(const char *root, struct dg_kernel_status *ret,
			  struct dg_failure *failure)
{
	_cleanup_free_ char *text = malloc(64 * 1024);
	char path[PATH_MAX];
	int r;

	if (!text)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -ENOMEM, "status");
	snprintf(path, sizeof(path), "%s" DG_DEVPOLICY_DIR "/status", root);
	r = dg_read_file(path, text, 64 * 1024);
	if (r < 0)
		return explain_missing(root, path, r, failure);
	r = dg_kernel_status_parse(text, ret);
	if (r)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, r,
				      "%s does not read as this version of devgate expects", path);
	return 0;
}

static int parse_rule(const char *text, uint32_t *ret)
{
	if (!strcmp(text, "default") || !strcmp(text, "-1")) {
		*ret = DG_RULE_DEFAULT;
		return 0;
	}
	return parse_u32(text, ret);
}

static int selftest_field(const char *name, const char *value, struct dg_selftest *test)
{
	if (!strcmp(name, "stamped"))
		return parse_bool(value, &test->stamped) ?: 1;
	if (!strcmp(name, "refused"))
		return parse_bool(value, &test->refused) ?: 2;
	if (!strcmp(name, "rule"))
		return parse_rule(value, &test->rule) ?: 4;
	if (!strcmp(name, "generation"))
		return parse_u32(value, &test->generation) ?: 8;
	if (strcmp(name, "verdict"))
		return 0; /* a newer kernel says more */
	if (strcmp(value, "allow") && strcmp(value, "deny"))
		return -EBADMSG;
	test->verdict = !strcmp(value, "allow") ? DG_VERDICT_ALLOW : DG_VERDICT_DENY;
	return 16;
}

int dg_selftest_parse(const char *text, struct dg_selftest *ret)
{
	_cleanup_free_ char *copy = strdup(text);
	struct dg_selftest test = {};
	char *save, *name, *value;
	int seen = 0, r;

	if (!copy)
		return -ENOMEM;
	for (name = strtok_r(copy, " \n", &save); name; name = strtok_r(NULL, " \n", &save)) {
		value = strtok_r(NULL, " \n", &save);
		if (!value)
			return -EBADMSG;
		r = selftest_field(name, value, &test);
		if (r < 0)
			return r;
		seen |= r;
	}
	if (seen != (1 | 2 | 4 | 8 | 16))
		return -EBADMSG;
	*ret = test;
	return 0;
}

int dg_kernel_selftest(const char *root, enum dg_op op, const struct dg_facts *facts,
		       struct dg_selftest *ret, struct dg_failure *failure)
{
	struct {
		__u32 op;
		__u32 reserved;
		struct dg_facts facts;
	} request = {.op = op, .facts = *facts};
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX], answer[256];
	ssize_t n;
	int r;

	snprintf(path, sizeof(path), "%s" DG_DEVPOLICY_DIR "/selftest", root);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return explain_missing(root, path, -errno, failure);
	n = write(fd, &request, sizeof(request));
	if (n < 0 && errno == EOPNOTSUPP)
		return dg_failure_plain(failure, DG_FAILURE_UNSUPPORTED, -EOPNOTSUPP,
					"this kernel asks no hook about %s: boot one with devgate's "
					"kernel patches",
					dg_op_name(op));
	if (n != sizeof(request))
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, n < 0 ? -errno : -EIO,
				      "cannot write to %s", path);
	n = pread(fd, answer, sizeof(answer) - 1, 0);
	if (n < 0)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -errno, "cannot read %s", path);
	answer[n] = 0;
	r = dg_selftest_parse(answer, ret);
	if (r)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, r,
				      "%s does not read as this version of devgate expects", path);
	return 0;
}

bool dg_lsm_list_has_bpf(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, ",\n");

		if (len == 3 && !memcmp(text, "bpf", 3))
			return true;
		text += len;
		text += strspn(text, ",\n");
	}
	return false;
}

int dg_kernel_check_root(struct dg_failure *failure)
{
	if (geteuid())
		return dg_failure_plain(failure, DG_FAILURE_SYSTEM, -EPERM,
					"this needs root: run it as root or with sudo");
	return 0;
}

static int check_hooks(const char *root, uint32_t hooks, struct dg_failure *failure)
{
	char path[PATH_MAX], missing[512] = "";
	size_t len = 0;
	struct btf *btf;

	snprintf(path, sizeof(path), "%s" VMLINUX_BTF, root);
	btf = btf__parse(path, NULL);
	if (!btf && errno == ENOENT)
		return dg_failure_plain(failure, DG_FAILURE_UNSUPPORTED, -EOPNOTSUPP,
					"this kernel has no BTF (%s is missing): it needs "
					"CONFIG_DEBUG_INFO_BTF=y",
					path);
	if (!btf)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -errno, "cannot read BTF from %s",
				      path);
	for (size_t i = 0; i < DG_HOOK_MAX; i++) {
		char name[64];

		if (!(hooks & 1U << i))
			continue;
		snprintf(name, sizeof(name), "bpf_lsm_%s", hook_table[i].name);
		if (btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) < 0)
			len += snprintf(missing + len, sizeof(missing) - len, "%s%s",
					len ? ", " : "", hook_table[i].name);
	}
	btf__free(btf);
	if (!len)
		return 0;
	return dg_failure_plain(failure, DG_FAILURE_UNSUPPORTED, -EOPNOTSUPP,
				"this kernel lacks the hook%s %s (no bpf_lsm_… of it in its BTF): "
				"boot one with devgate's kernel patches",
				strchr(missing, ',') ? "s" : "", missing);
}

bool dg_kernel_has_function(const char *root, const char *name)
{
	char path[PATH_MAX];
	struct btf *btf;
	bool has;

	snprintf(path, sizeof(path), "%s" VMLINUX_BTF, root);
	btf = btf__parse(path, NULL);
	has = btf && btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) >= 0;
	btf__free(btf);
	return has;
}

static int check_lsm_list(const char *root, struct dg_failure *failure)
{
	char path[PATH_MAX], text[1024];
	int r;

	snprintf(path, sizeof(path), "%s" DG_SECURITY_DIR "/lsm", root);
	r = dg_read_file(path, text, sizeof(text));
	if (r < 0)
		return explain_missing(root, path, r, failure);
	if (!dg_lsm_list_has_bpf(text))
		return dg_failure_plain(
			failure, DG_FAILURE_UNSUPPORTED, -EOPNOTSUPP,
			"BPF is not among the active security modules (%.*s): add bpf to "
			"lsm= on the kernel command line",
			(int)strcspn(text, "\n"), text);
	return 0;
}

int dg_kernel_check(const char *root, uint32_t hooks, struct dg_failure *failure)
{
	struct dg_kernel_status status;
	int r;

	r = check_hooks(root, hooks, failure);
	if (r)
		return r;
	r = check_lsm_list(root, failure);
	if (r)
		return r;
	r = dg_kernel_status_read(root, &status, failure);
	if (r)
		return r;
	if (status.mode == DG_MODE_OFF)
		return dg_failure_plain(
			failure, DG_FAILURE_SYSTEM, -EOPNOTSUPP,
			"the kernel was started with devpolicy=off: nothing can be put in "
			"force before a start with devpolicy=audit or devpolicy=enforce");
	return 0;
}
