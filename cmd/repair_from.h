/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap repair --from DUMP STORE: header and areas written anew from what psnap
 * dump --output=ndjson said of them. repair.c opens the store and the new file,
 * asks, saves for undo and logs; here the dump is read and checked against the
 * store, the plan is printed, and the table written.
 *
 * Order of calls: open, plan, then text or json for a report, write if that is
 * wanted, text or json again for the result, end.
 */
#ifndef PSNAP_CMD_REPAIR_FROM_H
#define PSNAP_CMD_REPAIR_FROM_H

#include "dumpfile.h"
#include "outbuf.h"

#include <psnap/io.h>
#include <psnap/rebuild.h>
#include <psnap/repair.h>

/**
 * struct psnap_repair_from - zero-initialise, then psnap_repair_from_open()
 * @path:         the dump as the user wrote it
 * @store_name:   what messages about the store begin with
 * @new_path:     the new file that is written instead of the store, set by the
 *                caller before psnap_repair_from_write(); NULL: the store
 * @ignore_crc32: set by the caller after psnap_repair_from_open(): there is no
 *                data that could be compared
 * @io:           the dump, open for reading; refuse STORE or NEW being the same
 *                with psnap_io_overlap()
 * @plan:         what the library found
 * @store_bytes:  the size of the store that was planned on
 * @needed:       the store is not what the dump says: there is something to
 *                write. False: exit 0, nothing to do
 * @cost:         safe: -p may write it. Lossy: exceptions go that the store
 *                has and the dump does not, or @doubtful
 * @doubtful:     data differs or cannot be compared, or the dump is not of a
 *                whole table: written with -y only, and never after a question
 * @write_bytes:  of the store that are written at the most, for an undo file
 * @written:      psnap_repair_from_write() has succeeded
 * @next_ended:   the dump has come to its last record: what is wrong then is
 *                wrong with the list as a whole
 * @next_failed:  reading the dump failed, not the store
 */
struct psnap_repair_from {
	const char *path;
	const char *store_name;
	const char *new_path;
	bool ignore_crc32;
	struct psnap_io *io;
	struct psnap_dumpfile *dump;
	struct psnap_progress progress;
	struct psnap_rebuild_result plan;
	uint64_t store_bytes;
	bool needed;
	enum psnap_repair_class cost;
	bool doubtful;
	uint64_t write_bytes;
	bool written;
	bool next_ended;
	bool next_failed;
};

/**
 * psnap_repair_from_open() - open a dump and read how it begins
 * @path, @store_name:  live as long as @from
 *
 * Return: 0, or an exit status after a message. End with
 * psnap_repair_from_end() either way.
 */
int psnap_repair_from_open(struct psnap_repair_from *from, const char *path,
			   const char *store_name,
			   const struct psnap_progress *progress);

/**
 * psnap_repair_from_plan() - read the whole dump, compare it with the store
 * @store:  only read; an overlay is fine
 *
 * Return: 0, or an exit status after a message: 4 when the dump is damaged,
 * was cut, or does not fit the store; 8 or 32 otherwise.
 */
int psnap_repair_from_plan(struct psnap_repair_from *from,
			   struct psnap_io *store);

/**
 * psnap_repair_from_refuse() - say on standard error why only -y writes this
 *
 * For a plan that is doubtful, without -y. Return: PSNAP_EXIT_LEFT.
 */
int psnap_repair_from_refuse(const struct psnap_repair_from *from);

/**
 * psnap_repair_from_write() - write areas and header
 * @to:  open for writing, alone: the store, or a copy of it
 *
 * Cut or interrupted, it leaves a store that the kernel refuses, and the same
 * command goes on. Return: 0, or an exit status after a message.
 */
int psnap_repair_from_write(struct psnap_repair_from *from,
			    struct psnap_io *to);

/** psnap_repair_from_text() - the plan; once written, the result */
void psnap_repair_from_text(const struct psnap_repair_from *from,
			    struct psnap_outbuf *out);

/**
 * psnap_repair_from_json() - {"file":...}: the same as an object
 *
 * For a member "from" of what repair prints.
 */
void psnap_repair_from_json(const struct psnap_repair_from *from,
			    struct psnap_outbuf *out);

/** psnap_repair_from_end() - release; one that was never opened is fine */
void psnap_repair_from_end(struct psnap_repair_from *from);

#endif
