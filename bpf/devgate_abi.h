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
 * Each rule has a rank: first the forbids, then the other rules, each in policy order. What decides
 * is the rule of the least rank that matches. An operation has parts, each of them a decision
 * diagram over some of its rules with the least matching rank at its leaves; the decision is the
 * least over the parts, and where all pass, the default. Which facts a device lacks picks its parts
 * (struct dg_kind).
 *
 * In a part: start at its reference; at a node, find the class of the node's variable (1 …; class 0
 * always means unknown) and follow the node's edge for it; a reference with DG_REF_LEAF set ends
 * the walk. The variables on a path ascend, so the cost does not depend on the number of rules.
 *
 * Rules whose diagrams would be too large are in blocks instead (struct dg_bitmap), whose least
 * matching ranks join those of the parts.
 */
#define DG_TABLES_MAGIC 0x35544744U /* "DGT5" */

/*
 * A reference: a node; or with DG_REF_LEAF one of three ends. That of a node says where it is, in
 * units of 8 bytes from node_off, and what the walk needs to know of it, so that an edge of a dense
 * node is found without a look at the node.
 */
#define DG_REF_LEAF 0x80000000U
#define DG_REF_PAIR 0x40000000U /* with DG_REF_LEAF: index of a struct dg_leaf, else a rank */
#define DG_REF_PASS 0xffffffffU /* no rule of the part matches */
#define DG_REF_INDEX 0x3fffffffU
#define DG_REF_BROKEN 0x40000000U /* in the tables nowhere: damage was found on the way */
#define DG_REF_DONE 0xfffffffeU	  /* in the tables nowhere: all bitmaps have been seen */
#define DG_REF_SPARSE 0x20000000U /* the node is no DG_NODE_DENSE */
#define DG_REF_SLOT_SHIFT 23	  /* the slot of the node's variable */
#define DG_REF_SLOT_MASK 63
#define DG_REF_PLACE 0x007fffffU

#define DG_RANK_NO_RULE 0xffffffffU

#define DG_RULE_DEFAULT 0xffffffffU /* the operation's default decided */
#define DG_RULE_NONE 0xfffffffeU    /* dg_answer.would: nothing was passed over */
#define DG_RULE_BROKEN 0xfffffffdU  /* damaged tables: denied */
#define DG_NAME_BYTES 64	    /* rule ids and policy names, NUL padded: at most 63 bytes */
#define DG_SHA256_BYTES 32
#define DG_TABLE_MAX_DEPTH 1024 /* variables, and so nodes on one path */
#define DG_PARTS_MAX 32		/* of one operation */
#define DG_OP_SLOTS 16

/*
 * The first variables other than digests have a slot each, where a decision keeps their class once a
 * node has asked for it; the class of the others is looked up by each node. Digests are many, and
 * few are asked about.
 */
#define DG_SLOTS_MAX 48
#define DG_SLOT_NONE DG_SLOTS_MAX

/*
 * Which facts are known, in one word. Those of a kind begin at its bit, in the order of their
 * numbers.
 */
#define DG_KNOWN_MASK(count) ((1ULL << (count)) - 1)
#define DG_KNOWN_STR 0	   /* enum dg_str */
#define DG_KNOWN_NUM 16	   /* enum dg_num */
#define DG_KNOWN_SET 56	   /* enum dg_set_fact */
#define DG_KNOWN_DIGEST 62 /* some digest is */
#define DG_KNOWN_ALWAYS 63

/* What is known of @facts, and of @more unless it is NULL. */
static inline __attribute__((always_inline, unused)) __u64
dg_known_facts(const struct dg_facts *facts, const struct dg_facts_more *more)
{
	__u64 known = 1ULL << DG_KNOWN_ALWAYS;

	known |= (facts->known_str & DG_KNOWN_MASK(DG_STR_MAX)) << DG_KNOWN_STR;
	known |= (facts->known_num & DG_KNOWN_MASK(DG_NUM_MAX)) << DG_KNOWN_NUM;
	if (more) {
		__u64 digests = 0;
		int i;

		for (i = 0; i < DG_DIGEST_SLOTS / 64; i++)
			digests |= more->known_digest[i];
		known |= (more->known_set & DG_KNOWN_MASK(DG_SET_MAX)) << DG_KNOWN_SET;
		if (digests)
			known |= 1ULL << DG_KNOWN_DIGEST;
	}
	return known;
}

/*
 * The parts for devices of which none of the facts in @absent is known: what rules ask of those is
 * answered in them already, so that nobody asks a PCI device for its USB serial number. A device has
 * the first kind that fits it; the last one fits all.
 */
struct dg_kind {
	__u64 absent;			  /* bits DG_KNOWN_* */
	__u32 op_part[DG_OP_SLOTS];	  /* by enum dg_op: its first part */
	__u32 op_part_count[DG_OP_SLOTS]; /* and how many, at most DG_PARTS_MAX */
};

#define DG_KINDS 4

struct dg_tables {
	/* Up to the digest the same in all tables there ever were. */
	__u32 magic;
	__u32 abi;     /* DG_ABI_VERSION */
	__u32 size;    /* bytes, this header included; a multiple of 8 */
	__u32 version; /* of the policy, 1 … 2^32-1 */
	char name[DG_NAME_BYTES];
	__u8 text_sha256[DG_SHA256_BYTES]; /* of the policy text that travels in the object */

	__u32 allowed; /* bit n: the default of enum dg_op n allows */
	__u32 reserved;
	struct dg_kind kind[DG_KINDS];
	__u32 part_off, part_count;	  /* struct dg_part */
	__u32 var_off, var_count;	  /* struct dg_var */
	__u32 op_block[DG_OP_SLOTS];	  /* by enum dg_op: its first block */
	__u32 op_block_count[DG_OP_SLOTS];
	__u32 node_off, node_size;	  /* struct dg_node, each with its edges; in bytes */
	__u32 node_bitmaps;		  /* from this byte of them on, nodes of bitmaps */
	__u32 bitmap_count;		  /* DG_BLOCK_BITMAPS for each block */
	__u32 bitmap_off;		  /* struct dg_bitmap */
	__u32 row_off, row_count;	  /* __u32, references to nodes of bitmaps */
	__u32 word_off, word_count;	  /* __u64 */
	__u32 term_off;			  /* __u32, DG_BLOCK_TERMS for each block */
	__u32 leaf_off, leaf_count;	  /* struct dg_leaf */
	__u32 rank_off, rank_count;	  /* struct dg_rank, by rank */
	__u32 rule_off, rule_count;	  /* struct dg_rule, in policy order */
	__u32 id_off, id_size;		  /* ids of the rules */
	__u32 data_off, data_size;	  /* classifier data */
};

/*
 * Where a part begins. Many parts begin with a fact that most devices do not have: such a device
 * skips what the nodes on that fact would say.
 */
struct dg_part {
	__u32 ref;
	__u32 unknown; /* instead of @ref when the fact is not known */
	__u32 known;   /* its bit (DG_KNOWN_*); DG_KNOWN_ALWAYS when @ref is an end */
	__u32 reserved;
};

/*
 * Bitmaps. Rules are taken apart into terms: conditions on single variables that must hold at once.
 * A bitmap stands for 64 things and says which of them may hold: the bits of @live that are set in
 * the word of every one of its nodes. The end of such a node is DG_REF_LEAF and the index of a word.
 *
 * A block is DG_BLOCK_BITMAPS bitmaps: the first says in which of the 64 others something may hold,
 * each of those which of its 64 terms do. The term's entry is the rank of its rule.
 */
struct dg_bitmap {
	__u64 live;
	__u32 row; /* its nodes: so many references from this one on */
	__u32 row_count;
};

#define DG_BLOCK_BITMAPS 65
#define DG_BLOCK_TERMS (64 * 64)
#define DG_TERM_PERMISSIVE 0x80000000U /* with the rank: the rule is only named */

enum dg_var_kind {
	DG_VAR_NUM,    /* num[fact] & mask */
	DG_VAR_STR,    /* str[fact] */
	DG_VAR_DIGEST, /* dg_facts_more.digest[fact] */
	DG_VAR_SET,    /* the set of enum dg_set_fact; its elements are numbers or strings */
	DG_VAR_TIME,   /* seconds since 1970 UTC of the call, like a number; never unknown */
	DG_VAR_CLOCK,  /* class 1: the clock is synchronised; class 2: it is not */
};

/* The bit of a variable's fact (DG_KNOWN_*). */
static inline __attribute__((always_inline, unused)) __u32 dg_known_bit(__u32 kind, __u32 fact)
{
	switch (kind) {
	case DG_VAR_NUM:
		return DG_KNOWN_NUM + fact;
	case DG_VAR_STR:
		return DG_KNOWN_STR + fact;
	case DG_VAR_SET:
		return DG_KNOWN_SET + fact;
	case DG_VAR_DIGEST:
		return DG_KNOWN_DIGEST;
	}
	return DG_KNOWN_ALWAYS;
}

/*
 * How a value finds its class: exact values by the hash; the others, a number by the intervals, a
 * string by the automaton, and where there is neither, @rest. One of more words than any exact
 * value need not be looked for. Of a set each element finds its class so, and the classes of the
 * elements, in any order, lead through the set's automaton.
 */
struct dg_var {
	__u16 kind;	   /* enum dg_var_kind */
	__u16 fact;	   /* enum dg_num, enum dg_str, enum dg_digest_slot or enum dg_set_fact */
	__u32 class_count; /* class 0 (unknown) included */
	__u64 mask;
	/* displacements (hash_buckets times __u32, padded to 8 bytes), then hash_slots entries */
	__u32 hash_off;
	__u32 hash_seed;
	__u32 hash_buckets;
	__u32 hash_slots; /* 0: no hash */
	__u32 data_off;	  /* first struct dg_interval, or the struct dg_dfa */
	__u32 data_count; /* number of intervals; of a string, 1: an automaton; 0: none */
	__u32 rest;
	__u8 slot;	   /* below DG_SLOTS_MAX, or DG_SLOT_NONE */
	__u8 known;	   /* bit of the fact (DG_KNOWN_*) */
	__u16 exact_words; /* of the longest exact value */
	/*
	 * Of a set: __u32 next[state * set_columns + element class], the start is state 0; a state
	 * is given as its first index. Column 0 has the class of a set that ends in the state.
	 */
	__u32 set_off;
	__u32 set_columns; /* classes of elements, 0 included */
	__u32 set_states;
	__u32 reserved;
};

/*
 * An exact value. Its words: a number is one; a string is its struct dg_string up to the last byte
 * of the value, padded with zeroes; a digest is its struct dg_digest_fact. In @class 0 for a slot
 * that nothing is in.
 */
struct dg_exact_entry {
	__u64 word;  /* the first; of a digest the second */
	__u32 words; /* offset of all of them from the start of the tables; 0: @word is the only one
		      */
	__u32 class;
};

/* The hash of a value: start with the seed, step with each word. */
static inline __attribute__((always_inline, unused)) __u64 dg_hash_step(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9fb21c651e98df25ULL;
	return hash ^ hash >> 32;
}

static inline __attribute__((always_inline, unused)) __u64 dg_hash_start(__u32 seed)
{
	return (__u64)seed << 32 | 0x9e3779b9U;
}

/* @n of the numbers below @count that @hash, any 32 bits, picks. */
static inline __attribute__((always_inline, unused)) __u32 dg_hash_pick(__u32 hash, __u32 count)
{
	return (__u32)((__u64)hash * count >> 32);
}

static inline __attribute__((always_inline, unused)) __u32 dg_hash_bucket(__u64 hash, __u32 buckets)
{
	return dg_hash_pick((__u32)(hash >> 32), buckets);
}

/* The one slot where the value can be; @displacement is its bucket's. */
static inline __attribute__((always_inline, unused)) __u32
dg_hash_slot(__u64 hash, __u32 displacement, __u32 slots)
{
	return dg_hash_pick(((__u32)hash ^ displacement * 0x9e3779b1U) * 0x85ebca6bU, slots);
}

/* Ascending by low, the first low is 0; a value belongs to the last interval whose low is <= it. */
struct dg_interval {
	__u64 low;
	__u32 class;
	__u32 reserved;
};

/*
 * A complete deterministic automaton over bytes. After this header come the states, each @stride
 * words: next[byte_class[b]], and last the class of a string that ends in the state. A state is
 * given as the index of its first word; the start is state 0. One that no string leaves again is
 * given as DG_DFA_END and its class.
 */
#define DG_DFA_END 0x80000000U

struct dg_dfa {
	__u32 state_count;
	__u32 stride; /* 2 … 257 */
	__u8 byte_class[256];
	/*
	 * A string of @filter_bytes or more whose first so many, as the number that their struct
	 * dg_string has behind the length, pick a bit that is not set is of @filter_class.
	 */
	__u64 filter[4];
	__u64 filter_mask;  /* 0: no filter, all bits are set */
	__u32 filter_bytes; /* at most 7 */
	__u32 filter_class;
};

/* The bit of dg_dfa.filter for a beginning. */
static inline __attribute__((always_inline, unused)) __u32 dg_filter_bit(__u64 beginning)
{
	return (__u32)((beginning * 0x9fb21c651e98df25ULL) >> 56);
}

enum dg_node_kind {
	DG_NODE_DENSE,	/* a reference for each class, 0 included */
	DG_NODE_RUNS,	/* struct dg_edge_run, ascending, the first from class 0 */
	DG_NODE_HASHED, /* struct dg_edge_hash */
};

/* Followed by its edges and padded to 8 bytes. */
struct dg_node {
	__u16 var;
	__u8 kind;   /* enum dg_node_kind */
	__u8 known;  /* bit of the variable's fact (DG_KNOWN_*) */
	__u32 count; /* of references, runs or slots */
};

/* All classes from @first to the next run's have the same edge. */
struct dg_edge_run {
	__u32 first;
	__u32 ref;
};

/*
 * The classes that have another edge than most, by hash: the displacements (__u32 each, padded to 8
 * bytes), then as many struct dg_edge_slot as the node says.
 */
struct dg_edge_hash {
	__u32 seed;
	__u32 buckets;
	__u32 rest; /* the edge of the other classes */
	__u32 reserved;
};

struct dg_edge_slot {
	__u32 class; /* DG_NO_CLASS: nothing is here */
	__u32 ref;
};

#define DG_NO_CLASS 0xffffffffU

/* The end of a path on which a permissive rule was passed over. */
struct dg_leaf {
	__u32 rank;  /* or DG_RANK_NO_RULE */
	__u32 would; /* rank of the first permissive rule passed over; less than @rank */
};

/* DG_RANK_* in dg_rank.flags */
#define DG_RANK_ALLOW (1U << 0)	      /* the rule allows */
#define DG_RANK_AUDIT (1U << 1)	      /* when it decides, an event is due */
#define DG_RANK_AUDIT_WOULD (1U << 2) /* when it is the one passed over */

struct dg_rank {
	__u32 rule;
	__u32 flags;
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
	__u32 id; /* offset from id_off, a multiple of 8; NUL terminated and padded to 8 bytes */
	__u16 id_words; /* 1 … 8, of 8 bytes */
	__u16 ops;	/* bit n: enum dg_op n */
	__u8 effect;	/* enum dg_effect */
	__u8 audit;	/* enum dg_audit */
	__u8 flags;	/* DG_RULE_* */
	__u8 reserved;
};

/* DG_LEAF_* in dg_answer.flags */
#define DG_LEAF_AUDIT (1U << 0)	      /* an event is due */
#define DG_LEAF_WOULD_ALLOW (1U << 1) /* verdict of the rule `would`: allow if set, else deny */

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

/*
 * Value of the engine's map `dg_sim`: written by user space, run through the program `dg_run_sim`.
 */
struct dg_sim {
	struct dg_query query;
	struct dg_answer answer;
	struct dg_facts facts;
	struct dg_facts_more more;
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
