/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of a check share. Each check_*.c looks at one thing and
 * reports through psnap_check_emit(); check.c orders them and gives the
 * verdict.
 */
#ifndef PSNAP_CHECK_INTERNAL_H
#define PSNAP_CHECK_INTERNAL_H

#include "chunkset.h"
#include "ondisk.h"

#include <psnap/check.h>
#include <psnap/io.h>
#include <psnap/walk.h>

#define PSNAP_CHECK_FAULTS_MAX 64u

/*
 * @store:        open once the header or the caller gave a chunk size
 * @geo:          its geometry, NULL before
 * @old_limit:    old chunks from here on cannot be: end of the origin when it
 *                is known, end of what a device can hold otherwise
 * @max_used:     highest possible new_chunk, 0 when there is none
 * @used:         entries whose new_chunk is possible, duplicates included
 * @has_entries:  the live table is not empty
 * @unreadable_live:  a part of what the kernel reads cannot be read
 * @faults:       where parts of the table could not be read, each reported once
 *                although the table is walked more than once
 */

struct checker {
	struct psnap_io *io;
	struct psnap_io *origin;
	const struct psnap_check_options *options;
	psnap_finding_fn *report;
	void *ctx;
	struct psnap_check_result *result;
	struct psnap_store *store;
	const struct psnap_geometry *geo;
	uint64_t old_limit;
	struct psnap_walk_totals totals;
	struct chunkset old_set;
	struct chunkset new_set;
	uint64_t max_used;
	uint64_t used;
	bool unreadable_live;
	bool has_entries;
	uint64_t faults[PSNAP_CHECK_FAULTS_MAX];
	unsigned int fault_count;
	uint64_t shown[PSNAP_FINDING_COUNT];
};

/* A finding of @id with its usual severity and no place. */
void psnap_finding_init(struct psnap_finding *f, enum psnap_finding_id id);

/* Place a finding at an entry of the table. */
void psnap_finding_at_entry(struct psnap_finding *f,
			    const struct psnap_geometry *geo,
			    uint64_t area_index, uint32_t entry_index);

/* Name the chunks of the entry. */
void psnap_finding_chunks(struct psnap_finding *f, uint64_t old_chunk,
			  uint64_t new_chunk);

/* The sentence. */
void psnap_finding_say(struct psnap_finding *f, const char *fmt, ...)
	PSNAP_PRINTF(2, 3);

/* Count it, and report it while few of its kind were. Returns what the
 * caller's function returned. */
int psnap_check_emit(struct checker *c, const struct psnap_finding *f);

/* Count facts that are not to be reported one by one. */
void psnap_check_count(struct checker *c, enum psnap_finding_id id,
		       uint64_t facts);

/* True while findings of @id are still shown one by one. */
bool psnap_check_shows(const struct checker *c, enum psnap_finding_id id);

/* check_header.c: judge the header, open the store when that is possible. */
int psnap_check_header(struct checker *c, struct psnap_error *err);

/* check_device.c: leftovers behind the header fields; and is the device long
 * enough, are its sectors small enough? */
int psnap_check_header_tail(struct checker *c, struct psnap_error *err);
int psnap_check_device_end(struct checker *c);

/* As many entries of an area are looked at for evidence. */
#define PSNAP_EVIDENCE_MAX 256u

/* check_evidence.c: what stands behind a header without geometry? */
struct evidence {
	uint64_t chunk_bytes; /* 0: nothing found */
	uint64_t area_index;
	uint32_t entries; /* plausible ones at the start of that area */
	bool all_zero;	  /* the first MiB holds nothing at all */
	bool area0_empty; /* so does area 0, by the header's chunk size */
};
int psnap_check_evidence(struct checker *c, struct evidence *e,
			 struct psnap_error *err);

/* check_table.c: walk the table once, judge every entry. */
int psnap_check_table(struct checker *c, struct psnap_error *err);

/*
 * check_fault.c: a walk could not read a part of the table, for the reason
 * @why. Whichever walk meets it first reports it: a disk may fail at any time.
 */
int psnap_check_walk_fault(struct checker *c, const struct psnap_walk *walk,
			   const struct psnap_error *why);

/* check_entry.c: report an impossible entry, or count it. */
int psnap_check_emit_entry(struct checker *c, enum psnap_finding_id id,
			   const struct psnap_run *e);

/* check_area.c: one area's entries, and whether it can be an area at all. */
struct area_judge;
int psnap_area_judge_new(struct checker *c, struct area_judge **judge,
			 struct psnap_error *err);
/* @run lies inside one area; areas come in order. */
int psnap_area_judge_run(struct area_judge *judge, const struct psnap_run *run,
			 struct psnap_error *err);
/* No more areas: report what was held back. */
int psnap_area_judge_finish(struct area_judge *judge, struct psnap_error *err);
void psnap_area_judge_free(struct area_judge *judge);

/* check_duplicates.c: name both entries of each duplicate. */
int psnap_check_duplicates(struct checker *c, struct psnap_error *err);

/* check_data.c: read all data. */
int psnap_check_data(struct checker *c, struct psnap_error *err);

#endif
