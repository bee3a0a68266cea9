/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The syntax tree of a policy after imports. All nodes live in the policy's arena and die with it
 * (dg_policy_free). Strings are byte ranges, never assumed to be NUL-terminated beyond @len, but the
 * parser keeps a NUL behind each for printing.
 *
 * A tree handed out by dg_policy_parse() without an error has passed the type check: names are
 * resolved, literals have the type of their attribute, every operation has its default.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema.h"

struct dg_arena;
struct dg_fold;
struct dg_source; /* one file: name as given, text, lines */

/* Packed: a large policy has a million of them. */
struct dg_pos {
	const struct dg_source *source;
	uint32_t line;	     /* from 1 */
	uint32_t column;     /* from 1, in bytes */
	uint32_t end_column; /* first byte behind; same line */
} __attribute__((packed, aligned(4)));

struct dg_bytes {
	const char *data;
	size_t len;
};

enum dg_digest_algo {
	DG_DIGEST_SHA256,
	DG_DIGEST_SHA384,
	DG_DIGEST_SHA512,
};

struct dg_digest {
	enum dg_digest_algo algo;
	uint8_t bytes[64]; /* 32, 48 or 64 used, the rest zero */
};

/*
 * One literal value. Strings are in @str, digests behind @digest. All others sit in @num with the
 * encoding of enum dg_num (times: seconds since 1970); @mask has a bit set where @num must agree: all
 * ones but for a pattern.
 */
struct dg_literal {
	struct dg_pos pos;
	enum dg_type type;
	union {
		struct {
			uint64_t num;
			uint64_t mask;
		};
		struct dg_bytes str;
		const struct dg_digest *digest;
	};
};

struct dg_set;

enum dg_item_kind {
	DG_ITEM_LITERAL, /* or pattern: low.mask not all ones */
	DG_ITEM_RANGE,	 /* ints low … high, both included */
	DG_ITEM_SET,	 /* every item of another set */
};

struct dg_item {
	struct dg_pos pos;
	enum dg_item_kind kind;
	union {
		struct {
			struct dg_literal low;
			struct {
				uint64_t num;
			} high; /* DG_ITEM_RANGE */
		};
		struct dg_set *set; /* DG_ITEM_SET */
	};
};

struct dg_set {
	struct dg_bytes name;
	struct dg_pos pos;
	enum dg_type type;
	struct dg_item *items;
	size_t item_count;
	bool used;
};

enum dg_expr_kind {
	DG_EXPR_TRUE,
	DG_EXPR_FALSE,
	DG_EXPR_NOT, /* left */
	DG_EXPR_AND, /* left, right */
	DG_EXPR_OR,  /* left, right */
	DG_EXPR_TEST,
};

enum dg_test_kind {
	DG_TEST_TRUE, /* a bool attribute by itself */
	DG_TEST_EQ,   /* literal */
	DG_TEST_NE,
	DG_TEST_LT,
	DG_TEST_LE,
	DG_TEST_GT,
	DG_TEST_GE,
	DG_TEST_IN,   /* items: a set's name is one item of kind DG_ITEM_SET */
	DG_TEST_LIKE, /* literal.str: a valid glob */
	DG_TEST_KNOWN,
	DG_TEST_NOT_KNOWN,
};

enum dg_quantifier {
	DG_QUANT_NONE, /* scalar attribute */
	DG_QUANT_ANY,
	DG_QUANT_ALL,
};

struct dg_expr {
	struct dg_pos pos;
	enum dg_expr_kind kind : 8;
	enum dg_test_kind test : 8;	    /* DG_EXPR_TEST, as all that follows but left and right */
	enum dg_quantifier quantifier : 8;
	unsigned int index : 8;		    /* of spdm.meas.N, else 0 */
	struct dg_expr *left;
	struct dg_expr *right;
	/* From here on there is nothing unless it is a test: a node is not to be copied. */
	const struct dg_attr *attr;
	/* Which of the two there is says @test: the other is not to be read. */
	union {
		struct dg_literal literal; /* DG_TEST_EQ … GE, DG_TEST_LIKE */
		struct {		   /* DG_TEST_IN */
			struct dg_item *items;
			size_t item_count;
		};
	};
};

#define DG_OPS_ALL ((1U << DG_OP_MAX) - 1) /* the mask of all operations */

struct dg_rule_node {
	struct dg_pos pos;
	uint32_t ops; /* bit n: enum dg_op n */
	struct dg_bytes id;
	struct dg_expr *where; /* NULL: always */
	uint64_t from, until; /* seconds since 1970 */
	struct dg_bytes reason;
	enum dg_effect effect : 8;
	enum dg_audit audit : 8;
	bool has_from, has_until;
	bool has_reason;
	bool permissive;
	/* Of use to the front end and the analysis only; a policy that is good has none of them. */
	bool broken;   /* an error makes unclear on what it decides, or when */
	bool unclear;  /* an error makes its meaning unclear, its options included */
	bool in_error; /* something in it was reported: the analysis does not judge it */
};

struct dg_assert_node {
	struct dg_bytes name;
	struct dg_pos pos;
	bool always; /* else never */
	uint32_t ops;
	struct dg_expr *where;
};

struct dg_device; /* facts.h */

struct dg_expect {
	struct dg_pos pos;
	enum dg_verdict verdict;
	enum dg_op op;
	bool by_rule, by_default;
	struct dg_bytes rule;
	struct dg_pos rule_pos;
	bool broken; /* reported: not judged */
};

struct dg_test_node {
	struct dg_bytes name;
	struct dg_pos pos;
	struct dg_device *device; /* inline or read from its file; may be NULL when in_error */
	bool has_at;
	uint64_t at;
	struct dg_expect *expects;
	size_t expect_count;
	bool in_error; /* something in it was reported: it is not run; a good policy has none such */
};

struct dg_policy {
	struct dg_arena *arena;
	struct dg_bytes name;
	struct dg_pos pos; /* of the policy statement */
	uint32_t version;
	struct dg_rule_node *rules; /* in position order, all files; not in the arena */
	size_t rule_count;
	struct dg_set **sets;
	size_t set_count;
	struct dg_assert_node *asserts;
	size_t assert_count;
	struct dg_test_node *tests;
	size_t test_count;
	enum dg_verdict defaults[DG_OP_MAX];
	uint32_t unclear_ops; /* bit n: an error leaves open what decides on enum dg_op n */
	struct dg_fold *fold;	    /* of an analysed policy: its diagrams; else NULL */
	struct dg_source **sources; /* root first, then imports in order of appearance */
	size_t source_count;
};
