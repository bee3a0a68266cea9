/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pinned state under bpffs: layout, lock, version marker. The specification, with what every
 * interrupted step leaves behind, is docs/bpffs-protocol.md; the two change together.
 *
 * What is in force is never read from here: the kernel's status says it. The pins keep programs and
 * maps alive and name them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "devgate_abi.h"
#include "failure.h"

#define DG_BPFFS_DIR "/sys/fs/bpf"
#define DG_STATE_DIR DG_BPFFS_DIR "/devgate"

#define DG_PROTOCOL_MAGIC 0x53544744U /* "DGTS" */
#define DG_PROTOCOL_VERSION 2	      /* of what this program writes */
#define DG_PROTOCOL_OLDEST 1	      /* that can still work on it: it does no harm */

/* Value of the pinned, frozen map `protocol`. */
struct dg_protocol {
	uint32_t magic;
	uint32_t version; /* of the writer */
	uint32_t oldest;  /* oldest protocol version that can still work on this state */
	uint32_t reserved;
};

/* Names below DG_STATE_DIR */
#define DG_PIN_PROTOCOL "protocol"
#define DG_PIN_EVENTS "events" /* ring buffer dg_events */
#define DG_PIN_STATS "stats"   /* dg_stats */
#define DG_PIN_CURSOR "cursor" /* u64: last sequence number that `watch` has delivered */
#define DG_DIR_SLOTS "slots"   /* slots/HOOK: PROG_ARRAY */
#define DG_DIR_LINKS "links"   /* links/HOOK: link of the dispatcher */
#define DG_DIR_READER "reader" /* lock of the one reader of the ring */

/* -EOPNOTSUPP and a message when bpffs is not mounted at DG_BPFFS_DIR. */
int dg_state_check_bpffs(struct dg_failure *failure);

/*
 * Lock the directory @dir against every other change. With @create it is made when missing;
 * without, -ENOENT (and no message) says that there is none. -EBUSY with a message that names the
 * holder when somebody else has it. *@ret is the lock: closing it, or dying, lets go.
 */
int dg_state_lock(const char *dir, bool create, int *ret, struct dg_failure *failure);

/*
 * The process that holds a flock on inode @inode of device @device, out of the text of /proc/locks;
 * 0 when there is none (or it is not visible from here).
 */
pid_t dg_lock_holder(const char *locks, dev_t device, ino_t inode);

/*
 * Check the version marker: -EPROTO and a message for state of a newer protocol that does not admit
 * this version. With @create (and the lock) a missing or older marker is written anew; without, a
 * missing one is no error (then there is no state to misread).
 */
int dg_state_check_protocol(bool create, struct dg_failure *failure);

/* May version DG_PROTOCOL_VERSION work on state with this marker? 0 or -EPROTO. */
int dg_protocol_judge(const struct dg_protocol *marker);

/* A new file descriptor of the pin @name, or a negative errno. */
int dg_state_get(const char *name);
/* Pin @fd as @name; a pin of that name is replaced. Directories in @name are made. 0 or -errno. */
int dg_state_pin(int fd, const char *name);
/* Remove the pin @name; 0 also when there is none. */
int dg_state_unpin(const char *name);
/* Remove the directory of slot @slot with all in it; 0 also when there is none. */
int dg_state_remove_slot(uint32_t slot);

/* "slot-3/NAME" into @buffer. */
#define DG_PIN_NAME_MAX 128
void dg_state_slot_name(char buffer[static DG_PIN_NAME_MAX], uint32_t slot, const char *name);

/*
 * The slot for the next generation: the first behind @active, going round, that is neither @active
 * nor
 * @previous. Going round keeps a slot empty for as long as possible before it is used again. 0 is
 * no slot: it means none is active, or there is no previous.
 */
uint32_t dg_slot_choose(uint32_t active, uint32_t previous);

enum dg_version_order {
	DG_VERSION_NEWER,     /* or nothing of that name is in force */
	DG_VERSION_SAME,      /* the same text: a repair */
	DG_VERSION_OLDER,     /* a downgrade */
	DG_VERSION_DIFFERENT, /* another text under the same version */
};

struct dg_version {
	const char *name;
	uint32_t version;
	const uint8_t *digest; /* of the text, DG_SHA256_BYTES; NULL: not known */
};

/* Compare an object with the policy in force; @active may be NULL (no policy). */
enum dg_version_order dg_version_compare(const struct dg_version *active,
					 const struct dg_version *object);
