/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * What the files that write tables share. Not for others: they use tables.h.
 *
 * Functions give 0, -ENOMEM, or -E2BIG when the tables would be larger than DG_TABLES_MAX_BYTES.
 */
#pragma once

#include "fold.h"
#include "symbols.h"
#include "tables.h"
#include "terms.h"

/* Bytes that grow. All zero is an empty one; free ->bytes. */
struct dg_buffer {
	uint8_t *bytes;
	size_t count, room;
};

/* Room for @len bytes more. 0, -ENOMEM, -E2BIG. */
int dg_buffer_reserve(struct dg_buffer *buffer, size_t len);
int dg_buffer_append(struct dg_buffer *buffer, const void *data, size_t len);
/* @len bytes more, zeroed, for the caller to fill: valid until the next call. */
int dg_buffer_extend(struct dg_buffer *buffer, size_t len, void **ret);
/* Zeroes up to the next multiple of 8. */
int dg_buffer_pad(struct dg_buffer *buffer);

/*
 * Append the data by which the values of @v find their classes, and describe it in @ret. Offsets
 * are relative to the start of @data, those in the entries of the hash too: dg_classifier_place()
 * moves them once the data has its place in the tables.
 */
int dg_classifier_emit(const struct dg_variable *v, struct dg_buffer *data, struct dg_var *ret);
/* The data of @var, at @data, is from now on at @off in the tables. */
void dg_classifier_place(struct dg_var *var, uint8_t *data, uint32_t off);

/*
 * Fill the filter of @dfa, which has the states of @automaton; @name: by state, what the tables call
 * it.
 */
void dg_filter_make(const struct dg_automaton *automaton, const uint32_t *name, struct dg_dfa *dfa);

/* A hash in which each key has one slot where it can be: see dg_hash_bucket(), dg_hash_slot(). */
struct dg_slots {
	uint32_t count, buckets, slots, seed;
	uint64_t *hash;	   /* by key */
	uint32_t *first;   /* by bucket: its keys are order[first] … order[first of the next] */
	uint32_t *order;   /* keys, bucket by bucket */
	uint32_t *by_size; /* buckets, the fullest first */
	uint32_t *displacement; /* by bucket */
	uint32_t *key_of;	/* by slot: key + 1, or 0 */
};

/* For @count keys, at least one; dg_slots_done() also after -ENOMEM. */
int dg_slots_init(struct dg_slots *slots, uint32_t count);
void dg_slots_done(struct dg_slots *slots);
/* How many there are for so many keys. */
uint32_t dg_slots_buckets(uint32_t count);
uint32_t dg_slots_slots(uint32_t count);
/*
 * Find seed, displacements and slots. @hash_keys fills ->hash for ->seed. 0; -E2BIG: there is none.
 */
int dg_slots_find(struct dg_slots *slots, void (*hash_keys)(void *data, struct dg_slots *slots),
		  void *data);

/*
 * The hash of the exact values, appended to @data: displacements, then one entry a slot, then the
 * words of those that have more than one. Sets the hash_ members of @ret.
 */
int dg_exact_emit(const struct dg_classifier *values, struct dg_buffer *data, struct dg_var *ret);

/* Nodes with their edges, and what is known of the variables that they test. */
struct dg_node_writer {
	enum dg_node_form form;
	const struct dg_variable *vars; /* of the diagram */
	uint32_t *var_number;		/* in the tables */
	uint8_t *slot;
	size_t edge_count;
	struct dg_buffer out;
};

/*
 * Dense costs an edge a class and is found at once; a hash of the classes that do not do what most do
 * costs some ten bytes each, and a few steps; runs cost eight bytes each, and a search.
 */
bool dg_node_is_dense(const struct dg_node_writer *writer, uint32_t var, size_t run_count);
/* In bytes. Of the references in @runs it counts only which are the same. */
size_t dg_node_size(const struct dg_node_writer *writer, uint32_t var,
		    const struct dg_edge_run *runs, size_t run_count);
/* The reference to a node of @var with so many runs at @place (units of 8 bytes). */
uint32_t dg_node_reference(const struct dg_node_writer *writer, uint32_t var, size_t run_count,
			   uint32_t place);
/*
 * Append a node with the edges in @runs. @unknown: its edge for class 0, of a dense one; a sparse
 * one has what the first run says.
 */
int dg_node_write(struct dg_node_writer *writer, uint32_t var, const struct dg_edge_run *runs,
		  size_t run_count, uint32_t unknown);

/* The parts by what a device lacks (struct dg_kind). */
struct dg_kinds {
	uint64_t absent[DG_KINDS];
	struct dg_fold_op ops[DG_KINDS][DG_OP_MAX];
};

/* All views of @fold, whose diagram grows. @merge: see dg_fold_kind(). 0 or -ENOMEM. */
int dg_kinds_make(struct dg_kinds *views, struct dg_fold *fold, bool merge);

/* The blocks of rules that are in no part (struct dg_bitmap), all zero at first. */
struct dg_bitmaps_out {
	struct dg_buffer bitmaps, rows, words, terms;
	uint32_t block_count;
};

/*
 * Append the blocks of @terms; their nodes go to @writer. *@ret: how many blocks.
 */
int dg_bitmaps_emit(struct dg_bitmaps_out *out, struct dg_node_writer *writer,
		    const struct dg_terms *terms, uint32_t *ret);
void dg_bitmaps_done(struct dg_bitmaps_out *out);

/* The pieces of the tables; all zero at first. */
struct dg_pieces {
	struct dg_tables header;
	struct dg_node_writer nodes;
	struct dg_bitmaps_out bitmaps;
	struct dg_buffer parts, vars, leaves, ranks, rules, ids, data;
};

void dg_pieces_done(struct dg_pieces *pieces);
/* One behind the other in @out, which is empty; the header tells where each is. */
int dg_pieces_assemble(struct dg_pieces *pieces, struct dg_buffer *out);
