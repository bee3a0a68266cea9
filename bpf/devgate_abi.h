/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The one contract between the policy compiler, the BPF engine, the loader and the kernel.
 *
 * Three layouts live here:
 *   - struct dg_facts   the immutable snapshot of a device that a decision is taken on. The kernel
 *                       builds it (struct devpolicy_facts there: same numbers, same layout);
 *   - struct dg_tables  the compiled policy, one frozen value that the engine only reads;
 *   - struct dg_event   one record of the audit stream.
 * plus the arguments of the engine's syscall programs.
 *
 * All integers are in the byte order of the machine. Offsets inside the tables are bytes from the
 * start of struct dg_tables. Layouts only ever grow at the end; readers compare `size`.
 */
#pragma once

#ifndef __VMLINUX_H__ /* vmlinux.h brings the same names */
#include <linux/types.h>
#endif

#define DG_ABI_VERSION 1

/* Operations, in the order of the policy language, section 2. */
enum dg_op {
	DG_OP_BIND,
	DG_OP_MMIO,
	DG_OP_MMAP,
	DG_OP_DMA,
	DG_OP_DMA_RELAXED,
	DG_OP_DMA_PRIVATE,
	DG_OP_CONNECT,
	DG_OP_LOCK,
	DG_OP_ACCEPT,
	DG_OP_MAX,
};

enum dg_verdict {
	DG_VERDICT_DENY,
	DG_VERDICT_ALLOW,
};

/*
 * Numeric facts. Encoding of the values:
 *   bool     0 or 1
 *   id       vendor << 16 | device
 *   class    base << 16 | subclass << 8 | interface
 *   address  domain << 16 | bus << 8 | device << 3 | function
 *   enum     position of the name in the language page's list, from 0
 */
enum dg_num {
	DG_NUM_DRIVER_BUILTIN,
	DG_NUM_PCI_ID,
	DG_NUM_PCI_SUBSYSTEM,
	DG_NUM_PCI_CLASS,
	DG_NUM_PCI_REVISION,
	DG_NUM_PCI_ADDRESS,
	DG_NUM_PCI_SEGMENT,
	DG_NUM_PCI_BUS,
	DG_NUM_PCI_SLOT,
	DG_NUM_PCI_FUNCTION,
	DG_NUM_PCI_EXTERNAL,
	DG_NUM_PCI_VIRTFN,
	DG_NUM_USB_ID,
	DG_NUM_USB_CLASS,
	DG_NUM_IOMMU_DOMAIN,
	DG_NUM_IDE_ACTIVE,
	DG_NUM_TDI_STATE,
	DG_NUM_TDI_NO_FW_UPDATE,
	DG_NUM_TDI_DMA_WITHOUT_PASID,
	DG_NUM_TDI_DMA_WITH_PASID,
	DG_NUM_TDI_ATS,
	DG_NUM_TDI_PRS,
	DG_NUM_SPDM_VERIFIED,
	DG_NUM_MAX,
};
#define DG_NUM_SLOTS 64 /* room in the layout; a bit each in dg_facts.known_num */

/* String facts: 0 to 255 bytes, any byte but NUL. */
enum dg_str {
	DG_STR_BUS,
	DG_STR_DEVICE_NAME,
	DG_STR_DEVICE_PATH,
	DG_STR_DRIVER_NAME,
	DG_STR_DRIVER_MODULE,
	DG_STR_USB_SERIAL,
	DG_STR_USB_PRODUCT,
	DG_STR_USB_MANUFACTURER,
	DG_STR_USB_PORT,
	DG_STR_ATTEST_RESULT,
	/*
	 * Not attributes: what the audit names. They differ from device.name and driver.name only
	 * for a derived device, whose facts are its origin's.
	 */
	DG_STR_SUBJECT_NAME,
	DG_STR_SUBJECT_BUS,
	DG_STR_SUBJECT_DRIVER,
	DG_STR_MAX,
};
#define DG_STR_SLOTS 16
#define DG_STR_BYTES 255

struct dg_string {
	__u8 len;
	__u8 bytes[DG_STR_BYTES];
};

/* DG_FACTS_* in dg_facts.flags */
#define DG_FACTS_DERIVED (1U << 0) /* the device follows its origin */

struct dg_facts {
	__u32 size;	 /* sizeof(struct dg_facts) of the writer */
	__u32 flags;	 /* DG_FACTS_* */
	__u64 known_num; /* bit n: num[n] holds a value */
	__u64 known_str; /* bit n: str[n] holds a value */
	__u64 num[DG_NUM_SLOTS];
	struct dg_string str[DG_STR_SLOTS];
};

/*
 * What the kernel does not tell yet travels beside its snapshot: digests and set-valued facts. The
 * programs of the hooks have none of it, so all of it is unknown there.
 */

/* Compared and hashed by words. Digests of different algorithms differ. */
struct dg_digest_fact {
	__u64 algo;	/* 0: SHA-256, 1: SHA-384, 2: SHA-512 */
	__u8 bytes[64]; /* 32, 48 or 64 used, the rest zero */
};

enum dg_digest_slot {
	/* 1 … 239: the SPDM measurement of that index */
	DG_DIGEST_ROOT = 240,
	DG_DIGEST_LEAF,
	DG_DIGEST_REPORT,
	DG_DIGEST_MAX,
	DG_DIGEST_SLOTS = 256, /* room in the layout */
};

enum dg_set_fact {
	DG_SET_USB_INTERFACES, /* of classes, in the encoding above */
	DG_SET_ACPI_IDS,       /* of strings */
	DG_SET_OF_COMPATIBLE,
	DG_SET_MAX,
};
#define DG_SET_NUMBERS 32 /* distinct elements; a larger set is unknown */
#define DG_SET_STRINGS 16

struct dg_number_set {
	__u32 count;
	__u32 reserved;
	__u64 value[DG_SET_NUMBERS];
};

struct dg_string_set {
	__u32 count;
	__u32 reserved;
	struct dg_string str[DG_SET_STRINGS];
};

struct dg_facts_more {
	__u32 size; /* sizeof(struct dg_facts_more) of the writer */
	__u32 flags;
	__u64 known_digest[DG_DIGEST_SLOTS / 64]; /* bit n % 64 of word n / 64: digest[n] */
	__u64 known_set;			  /* by enum dg_set_fact */
	struct dg_digest_fact digest[DG_DIGEST_SLOTS];
	struct dg_number_set usb_interfaces;
	struct dg_string_set acpi_ids;
	struct dg_string_set of_compatible;
};

/*
 * Compiled policy.
 *
 * A decision walks a diagram: start at op_root[op]; at a node, find the class of the node's
 * variable (1 …; class 0 always means unknown) and follow edge[node.edge + class]; a reference with
 * DG_REF_LEAF set ends the walk. Each variable is met at most once on a path, so the cost does not
 * depend on the number of rules.
 */
#define DG_TABLES_MAGIC 0x31544744U /* "DGT1" */
#define DG_REF_LEAF 0x80000000U
#define DG_RULE_DEFAULT 0xffffffffU /* the operation's default decided */
#define DG_RULE_NONE 0xfffffffeU    /* dg_leaf.would: nothing was passed over */
#define DG_RULE_BROKEN 0xfffffffdU  /* damaged tables: denied */
#define DG_NAME_BYTES 64	    /* rule ids and policy names, NUL padded: at most 63 bytes */
#define DG_SHA256_BYTES 32
#define DG_TABLE_MAX_DEPTH 64 /* nodes on one path */

struct dg_tables {
	__u32 magic;
	__u32 abi;     /* DG_ABI_VERSION */
	__u32 size;    /* bytes, this header included; a multiple of 8 */
	__u32 version; /* of the policy, 1 … 2^32-1 */
	char name[DG_NAME_BYTES];
	__u8 text_sha256[DG_SHA256_BYTES]; /* of the policy text that travels in the object */
	__u32 op_root[16];		   /* by enum dg_op */
	__u32 var_off, var_count;	   /* struct dg_var */
	__u32 node_off, node_count;	   /* struct dg_node */
	__u32 edge_off, edge_count; /* __u32 references: node index, or leaf index | DG_REF_LEAF */
	__u32 leaf_off, leaf_count; /* struct dg_leaf */
	__u32 rule_off, rule_count; /* struct dg_rule, in policy order */
	__u32 data_off, data_size;  /* classifier data */
};

enum dg_var_kind {
	DG_VAR_NUM,   /* (num[fact] >> shift) & mask, classified by struct dg_interval */
	DG_VAR_STR,   /* str[fact], classified by struct dg_dfa */
	DG_VAR_DIGEST, /* dg_facts_more.digest[fact] */
	DG_VAR_SET,    /* the set of enum dg_set_fact */
	DG_VAR_TIME,  /* seconds since 1970 UTC of the call, by struct dg_interval; never unknown */
	DG_VAR_CLOCK, /* class 1: the clock is synchronised; class 2: it is not */
};

struct dg_var {
	__u16 kind; /* enum dg_var_kind */
	__u16 fact; /* enum dg_num, enum dg_str, enum dg_digest_slot or enum dg_set_fact */
	__u32 shift;
	__u64 mask;
	__u32 class_count; /* class 0 (unknown) included: the number of edges of a node on it */
	__u32 data_off;	   /* first struct dg_interval, or the struct dg_dfa */
	__u32 data_count;  /* number of intervals; unused for strings */
	__u32 reserved;
};

/* Ascending by low, the first low is 0; a value belongs to the last interval whose low is <= it. */
struct dg_interval {
	__u64 low;
	__u32 class;
	__u32 reserved;
};

/*
 * A complete deterministic automaton over bytes. After this header come, each at data_off-relative
 * positions that follow from the counts:
 *   __u32 next[state_count * byte_class_count]   next[state * byte_class_count + byte_class[b]]
 *   __u32 class[state_count]                     class of a string that ends in the state
 * The start state is 0.
 */
struct dg_dfa {
	__u32 state_count;
	__u32 byte_class_count; /* 1 … 256 */
	__u8 byte_class[256];
};

struct dg_node {
	__u32 var;
	__u32 edge; /* index of the edge for class 0 */
};

/* DG_LEAF_* in dg_leaf.flags */
#define DG_LEAF_AUDIT (1U << 0)	      /* an event is due */
#define DG_LEAF_WOULD_ALLOW (1U << 1) /* verdict of the rule `would`: allow if set, else deny */

struct dg_leaf {
	__u32 verdict; /* enum dg_verdict */
	__u32 flags;   /* DG_LEAF_* */
	__u32 rule;    /* index, or DG_RULE_DEFAULT */
	__u32 would;   /* index of the first permissive rule passed over, or DG_RULE_NONE */
};

enum dg_effect {
	DG_EFFECT_FORBID,
	DG_EFFECT_ALLOW,
	DG_EFFECT_DENY,
};

enum dg_audit {
	DG_AUDIT_DENIED,
	DG_AUDIT_ALWAYS,
	DG_AUDIT_NEVER,
};

#define DG_RULE_PERMISSIVE (1U << 0) /* in dg_rule.flags */

struct dg_rule {
	char id[DG_NAME_BYTES];
	__u32 effect; /* enum dg_effect */
	__u32 audit;  /* enum dg_audit */
	__u32 flags;  /* DG_RULE_* */
	__u32 ops;    /* bit n: enum dg_op n */
};

/* What a decision is asked with and what it answers. */
struct dg_query {
	__u32 op;
	__u32 clock_synced; /* 0 or 1 */
	__u64 time;	    /* seconds since 1970 UTC */
};

struct dg_answer {
	__u32 verdict; /* enum dg_verdict */
	__u32 flags;   /* DG_LEAF_* */
	__u32 rule;    /* index, DG_RULE_DEFAULT or DG_RULE_BROKEN */
	__u32 would;   /* index or DG_RULE_NONE */
};

/* Value of the engine's map `dg_sim`: written by user space, run through the program `dg_run_sim`.
 */
struct dg_sim {
	struct dg_query query;
	struct dg_answer answer;
	struct dg_facts facts;
};

/* Audit */
enum dg_event_type {
	DG_EVENT_DECISION,
	DG_EVENT_PROBE, /* a decision of devpolicy's self test: binds nothing */
};

enum dg_context {
	DG_CONTEXT_TASK,
	DG_CONTEXT_WORKER, /* a kernel thread: pid and comm say nothing about the cause */
	DG_CONTEXT_IRQ,
};

struct dg_event {
	__u32 size;    /* sizeof(struct dg_event) of the writer */
	__u32 type;    /* enum dg_event_type */
	__u64 seq;     /* from 1, one for each event due, lost ones included */
	__u64 time_ns; /* CLOCK_REALTIME */
	__u32 generation;
	__u32 version;	/* of the policy */
	__u32 op;	/* enum dg_op */
	__u32 verdict;	/* enum dg_verdict, as the policy says */
	__u32 enforced; /* 0: audit mode or a permissive policy, a denial is not carried out */
	__u32 rule;	/* index, DG_RULE_DEFAULT or DG_RULE_BROKEN */
	__u32 would;	/* index or DG_RULE_NONE */
	__u32 would_verdict;
	__u32 context; /* enum dg_context */
	__u32 pid;
	__u32 cpu;
	__u32 reserved;
	char comm[16];
	char policy[DG_NAME_BYTES];
	char rule_id[DG_NAME_BYTES];  /* "" with the default */
	char would_id[DG_NAME_BYTES]; /* "" with none */
	struct dg_facts facts;
};

/* Value of the shared map `dg_stats` (one entry): only ever counted up, by all engines. */
struct dg_stats {
	__u64 seq;	   /* last sequence number given out */
	__u64 dropped;	   /* events the ring had no room for */
	__u64 allowed[16]; /* by enum dg_op */
	__u64 denied[16];
	__u64 would[16]; /* decisions that passed over a permissive rule */
	__u64 broken;	 /* decisions denied because of damaged tables or missing facts */
};

/* Hooks that an object brings a program for. The names are the programs' in the object. */
enum dg_hook {
	DG_HOOK_DEVICE_BIND,	   /* "dg_device_bind", lsm/device_bind */
	DG_HOOK_DEVICE_MMIO_MAP,   /* "dg_device_mmio_map" */
	DG_HOOK_DEVICE_MMAP,	   /* "dg_device_mmap" */
	DG_HOOK_DEVICE_DMA_MAP,	   /* "dg_device_dma_map": dma and dma-relaxed */
	DG_HOOK_DEVICE_DMA_ATTACH, /* "dg_device_dma_attach": the same, directed by user space */
	DG_HOOK_MAX,
};
#define DG_HOOK_SLOTS 16

/* Number of slots of each dispatcher's PROG_ARRAY; slot 0 stays empty for ever, and so denies. */
#define DG_SLOT_COUNT 8

/* DG_ACTIVATE_* in dg_activate.flags */
#define DG_ACTIVATE_PERMISSIVE (1U << 0) /* compute and log, refuse nothing */
#define DG_ACTIVATE_REJUDGE (1U << 1)	 /* unbind what the new policy denies, and is bound */
#define DG_ACTIVATE_TIMED (1U << 2)	 /* its answers depend on the time: judge anew by and by */

/*
 * Context of the engine's program `dg_activate` (BPF_PROG_RUN, ctx_in). The return value of the run
 * is the new generation, or a negative errno: -ESTALE when `expected` is not the kernel's
 * generation any more, -EINVAL for programs that do not share the object's frozen tables.
 */
struct dg_activate {
	__u32 expected;		      /* generation that the caller saw */
	__u32 slot;		      /* 1 … DG_SLOT_COUNT-1, where the programs were put */
	__u32 flags;		      /* DG_ACTIVATE_* */
	__u32 map_id;		      /* of the object's tables */
	__u32 prog_id[DG_HOOK_SLOTS]; /* by enum dg_hook; 0: the object has none */
	__u32 confirm_s; /* seconds until the kernel reverts by itself unless confirmed; 0: never */
};
