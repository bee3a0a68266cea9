/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * What the files of the front end share: the state of one load (struct dg_front), of one file being
 * parsed (struct dg_parser), and the functions between them. Not for others: they use policy.h.
 *
 * Functions that return int give 0, -EBADMSG after a syntax error that was reported (the statement is
 * given up, the caller recovers), or -ENOMEM. Wrong names and types are reported and parsing goes on.
 */
#pragma once

#include "facts.h"
#include "lexer.h"
#include "policy.h"
#include "symtab.h"

#define DG_DEPTH_MAX 200	  /* of parentheses and `not`; of sets in sets */
#define DG_IMPORT_DEPTH_MAX 64
#define DG_SET_ITEMS_MAX 1000000U /* with the sets in it counted out */
#define DG_SEARCHES_MAX 100	  /* for names like an unknown set's or rule's */
#define DG_SEARCHED_MAX 1000	  /* more names are not searched */

/* A name that no set had where it was used (set_uses.c). */
struct dg_set_use {
	struct dg_pos pos;
	struct dg_bytes name;
	struct dg_bytes within; /* the set in whose definition it stands; data NULL: in none */
	size_t earlier_sets;	/* so many were defined */
	bool uncertain; /* an earlier definition of it may be in what was not understood */
};

struct dg_front {
	struct dg_policy *policy;
	struct dg_arena *arena;
	struct dg_diags *diags;
	unsigned int flags; /* enum dg_load_flags */
	uint64_t now;
	char *root_folder; /* real path; NULL when it has none */
	struct dg_symtab sets, rules, asserts, tests;
	struct dg_symtab device_files; /* those that were read */
	struct dg_symtab unknown_sets; /* used before their definition, if there is one */
	struct dg_set_use *set_uses;
	size_t set_use_count;
	bool set_uses_cut; /* there were more that are errors */
	struct dg_pos first_pos; /* of the first statement, or of the end of an empty file */
	bool first_seen, policy_seen;
	uint32_t defaults_seen;	 /* bit n: enum dg_op n */
	bool defaults_uncertain; /* a statement that may have held one was not understood */
	bool names_uncertain;	 /* the same for sets and rules: what is unknown may be there */
	bool ids_uncertain;	 /* a rule's id was not read */
	bool syntax_failed;
	size_t benign_errors;	 /* those that leave a rule's meaning clear */
	unsigned int searches;	 /* for similar names, so far */
	size_t rule_room;	 /* of policy->rules */
	/* Operands of the chains being read, the innermost last (parse_expr.c). */
	struct dg_expr **operands;
	size_t operand_count, operand_room;
};

struct dg_parser {
	struct dg_front *front;
	struct dg_lexer lexer;
	struct dg_token token; /* the one to be looked at next */
	uint32_t last_line, last_end; /* where the token before it ended: line and column behind */
	const char *folder;    /* of this file as it was named, with a / at the end, or "" */
	bool last_poisoned;    /* that token was a literal that was reported */
	unsigned int below;    /* folders between this file and the root file's folder */
	unsigned int import_depth;
	unsigned int depth;    /* of the expression */
	uint32_t ops;	       /* of the statement whose condition is read */
	bool in_rule;
	bool unknown_op;       /* a list of operations had one */
	bool unclear;	       /* a set was named that is not there, or had an error itself */
	struct dg_bytes within; /* name of the set whose items are read, or data NULL */
	bool usb_string;	/* the rule asks for a string of USB devices */
	bool in_items;		/* inside the braces of a set */
	bool in_fact_set;	/* inside the braces of a set in a test's device */
	bool missing_semicolon; /* that was the error: the next statement may begin right here */
};

/* parser.c: tokens */
int dg_parser_advance(struct dg_parser *p);
/* The same to a token of which it is known what it should be: named, if it is no token. NULL: not known. */
int dg_parser_advance_to(struct dg_parser *p, const char *wanted);
static inline bool dg_parser_at(const struct dg_parser *p, enum dg_token_kind kind)
{
	return p->token.kind == kind;
}
static inline bool dg_parser_at_word(const struct dg_parser *p, enum dg_word word)
{
	return p->token.word == word;
}
/* A literal, or a name that may stand for one: no word of the language but true and false. */
static inline bool dg_parser_at_value(const struct dg_parser *p)
{
	return dg_parser_at(p, DG_TOKEN_LITERAL) || dg_parser_at(p, DG_TOKEN_STRING) ||
	       (dg_parser_at(p, DG_TOKEN_NAME) &&
		(p->token.word == DG_WORD_NONE || p->token.word == DG_WORD_TRUE ||
		 p->token.word == DG_WORD_FALSE));
}
/* Is @token, which was stepped over, the beginning of a damaged name, whose rest was reported? */
static inline bool dg_parser_is_damaged(const struct dg_parser *p, const struct dg_token *token)
{
	return token->kind == DG_TOKEN_NAME && dg_parser_at(p, DG_TOKEN_BROKEN) &&
	       !p->token.foreign && p->token.start == token->end;
}
/* How much of a name is shown in a message. */
static inline int dg_shown(size_t len)
{
	return len < 64 ? (int)len : 64;
}
struct dg_bytes dg_parser_text(const struct dg_parser *p, const struct dg_token *token);
/* Report `expected …, found …` at the token. Always -EBADMSG. */
int dg_parser_expected(struct dg_parser *p, const char *fmt, ...) _printf_(2, 3);
/* The same at a token that was stepped over, which is no broken one. */
int dg_parser_expected_at(struct dg_parser *p, const struct dg_token *token, const char *what);
/*
 * Take the token, a name that was reported, for @word when it is that word but for a slip or two. What
 * the text means is no longer sure then (syntax_failed), but the rest of the statement can be read.
 */
bool dg_parser_mend(struct dg_parser *p, enum dg_word word);
/* Step over a token of that kind, or report it as expected. */
int dg_parser_eat(struct dg_parser *p, enum dg_token_kind kind, const char *what);
int dg_parser_eat_word(struct dg_parser *p, enum dg_word word);
int dg_parser_eat_word_to(struct dg_parser *p, enum dg_word word, const char *wanted);
int dg_parser_semicolon(struct dg_parser *p);
/* Take a string token; @ret_token keeps it. */
int dg_parser_string(struct dg_parser *p, const char *what, struct dg_token *ret_token);
/* From the start of @from to the last token that was stepped over. */
struct dg_pos dg_parser_pos_since(const struct dg_parser *p, const struct dg_token *from);
/* Does the token begin a statement? */
bool dg_parser_at_statement(const struct dg_parser *p);
/* A word of the language that cannot name a set. */
bool dg_is_reserved(const struct dg_parser *p, const struct dg_token *token);
bool dg_is_reserved_name(struct dg_bytes name);
/* Report; counts as an error of the statement being read. */
void dg_parser_report(struct dg_parser *p, enum dg_diag_id id, const struct dg_pos *pos,
		      const char *fmt, ...) _printf_(4, 5);
/* Parse all of @source, which policy->sources holds. */
int dg_parse_file(struct dg_front *front, const struct dg_source *source, const char *folder,
		  unsigned int below, unsigned int import_depth);

#define DG_OP_NAMES "bind, mmio, mmap, dma, dma-relaxed, dma-private, connect, lock or accept"
#define DG_OP_WANTED "an operation (" DG_OP_NAMES ")"

/* parse_rule.c */
int dg_parse_rule(struct dg_parser *p, enum dg_effect effect);
int dg_parse_assert(struct dg_parser *p);
/* OP, …; *@ret_pos has DG_OP_MAX elements, set where the mask has a bit. */
int dg_parse_ops(struct dg_parser *p, uint32_t *ret_ops, struct dg_pos *ret_pos);
/* allow or deny */
int dg_parse_verdict(struct dg_parser *p, enum dg_verdict *ret);

/* parse_expr.c */
int dg_parse_expr(struct dg_parser *p, struct dg_expr **ret);

/* parse_test.c */
int dg_parse_test(struct dg_parser *p);
int dg_parse_time(struct dg_parser *p, uint64_t *ret, struct dg_pos *ret_pos);

/*
 * parse_set.c: items up to the closing brace, which is stepped over. With @attr they are of its type,
 * else all of the type of the first, which goes to *@ret_type. *@ret_broken: something was reported.
 */
struct dg_items {
	struct dg_item *items;
	size_t count;
	enum dg_type type;
	bool typed;  /* @type is set */
	bool broken; /* something in it was reported */
	uint64_t total;
	unsigned int depth;
};
int dg_parse_items(struct dg_parser *p, const struct dg_attr *attr, bool attr_known,
		   struct dg_items *ret);
/* One literal, range or set name after `in`. */
int dg_parse_item(struct dg_parser *p, const struct dg_attr *attr, bool attr_known,
		  struct dg_items *items);
int dg_parse_set(struct dg_parser *p);

/*
 * set_uses.c: the token names no set so far. dg_set_awaited(): what it may name further down is in use
 * (*@ret, which may be NULL: its symbol among front->unknown_sets); dg_set_unknown(): and it is an
 * error. 0 or -ENOMEM.
 */
int dg_set_awaited(struct dg_parser *p, const struct dg_token *token, struct dg_symbol **ret);
int dg_set_unknown(struct dg_parser *p, const struct dg_token *token);
/* When all was read: what is to be said of those that were errors. */
void dg_check_set_uses(struct dg_front *front);

/* import.c */
int dg_parse_import(struct dg_parser *p);

/* typecheck.c: all report what is wrong and return whether it is right */
const struct dg_attr *dg_type_attr(struct dg_parser *p, const struct dg_token *token,
				   unsigned int *ret_index);
/* "an id (10de:2330)": a literal of the type in a message. */
const char *dg_type_form(enum dg_type type);
/* The same of @attr for dg_parser_advance_to(): NULL for an int, of which the lexer says more itself. */
const char *dg_type_wanted(const struct dg_attr *attr);
bool dg_type_literal(struct dg_parser *p, const struct dg_attr *attr,
		     const struct dg_token *token, bool pattern, struct dg_literal *ret);
bool dg_type_test(struct dg_parser *p, const struct dg_expr *test, const struct dg_pos *attr_pos,
		  const struct dg_pos *test_pos);

/* root_hub.c: E203 at the strings of root hubs; the condition is a rule's and has no error. */
void dg_check_root_hubs(struct dg_parser *p, const struct dg_expr *where);

/* check.c: what is judged over the whole policy */
void dg_check_policy(struct dg_front *front);
/* check_accept.c: every `allow` on accept implies spdm.verified. 0 or -ENOMEM. */
int dg_check_accept(struct dg_front *front);

/* inventory.c: the one device of a test's file */
int dg_inventory_read_device(const char *path, struct dg_arena *arena, struct dg_diags *diags,
			     struct dg_device **ret);
/*
 * Give a set-valued fact its elements: the distinct ones among @count. More than the limit, and the
 * fact is unknown and false is returned.
 */
bool dg_fact_set_elements(struct dg_fact *fact, const struct dg_attr *attr,
			  struct dg_literal *elements, size_t count);
/* Give the device its label: @name (data NULL: none), else device.name, else #@position. */
int dg_device_set_label(struct dg_device *device, struct dg_bytes name, size_t position,
			struct dg_arena *arena);
