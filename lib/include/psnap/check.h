/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Check a store: walk everything the kernel would read and some of what it
 * would not, report findings as they turn up, and give a verdict.
 */
#ifndef PSNAP_CHECK_H
#define PSNAP_CHECK_H

#include <psnap/finding.h>
#include <psnap/store.h>
#include <psnap/usage.h>

PSNAP_BEGIN_DECLS

struct psnap_io;

enum psnap_state {
	PSNAP_STATE_NOT_A_STORE, /* something else, or nothing recognisable */
	PSNAP_STATE_BLANK,	 /* all zero where a store would begin */
	PSNAP_STATE_EMPTY,	 /* a store without exceptions */
	PSNAP_STATE_ACTIVE,	 /* a store with exceptions */
	PSNAP_STATE_INVALID,	 /* the kernel marked it invalid */
	PSNAP_STATE_DAMAGED,	 /* a store with errors */
};

/* What a current kernel does when asked to activate the store. */
enum psnap_kernel_action {
	PSNAP_KERNEL_LOADS,
	PSNAP_KERNEL_REFUSES,
	PSNAP_KERNEL_FORMATS, /* writes a fresh header and zeroes area 0 */
};

/* Areas past the last that a check looks at unless told otherwise. */
#define PSNAP_CHECK_STALE_AREAS 256
/* Findings of one id that are reported one by one; the rest is counted. */
#define PSNAP_CHECK_INSTANCES 20

/**
 * struct psnap_check_options - zero-initialise, then psnap_check_defaults()
 * @chunk_bytes:      0, or the chunk size to use whatever the header says
 * @header_only:      judge the header; of the table read the first entry
 * @data:             also read every data chunk, and the origin chunks under
 *                    them when there is an origin; failures become findings
 * @stale_areas_max:  areas past the last to look at; PSNAP_ALL_AREAS
 * @instances_max:    findings of one id that are reported one by one
 * @progress:         told offsets on the store, or bytes of data read
 */
struct psnap_check_options {
	uint64_t chunk_bytes;
	bool header_only;
	bool data;
	uint64_t stale_areas_max;
	uint64_t instances_max;
	struct psnap_progress progress;
};

/**
 * struct psnap_check_result - the verdict
 * @header:           as found
 * @has_geometry:     @geometry is known (from the header or the option)
 * @table_read:       the table was walked: the numbers below mean something
 * @state, @kernel, @safe_to_merge:  the verdict
 * @worst:            the worst severity reported, PSNAP_NOTE when none
 * @counts:           facts per finding id
 * @exceptions, @runs:  live ones
 * @last_area_index:  the last area that the kernel would read
 * @unreadable_bytes: of the table; the figures leave out what is in them
 * @usage:            as dmsetup status would print it
 * @data_bytes_read:  with options.data, bytes read from store and origin
 */
struct psnap_check_result {
	struct psnap_header header;
	bool has_geometry;
	bool table_read;
	struct psnap_geometry geometry;
	enum psnap_state state;
	enum psnap_kernel_action kernel;
	bool safe_to_merge;
	enum psnap_severity worst;
	uint64_t counts[PSNAP_FINDING_COUNT];
	enum psnap_severity severities[PSNAP_FINDING_COUNT];
	uint64_t exceptions;
	uint64_t runs;
	uint64_t last_area_index;
	uint64_t unreadable_bytes;
	struct psnap_usage usage;
	uint64_t data_bytes_read;
};

/**
 * typedef psnap_finding_fn - receives findings while the check runs
 *
 * A negative return stops the check, which then returns that value.
 */
typedef int psnap_finding_fn(void *ctx, const struct psnap_finding *finding);

/** psnap_check_defaults() - the options psnap check has without options */
PSNAP_API void psnap_check_defaults(struct psnap_check_options *options);

/**
 * psnap_check() - check a store
 * @store:    io of the store
 * @origin:   io of the origin, or NULL when it is not at hand
 * @options:  not NULL
 * @report:   receives findings
 * @ctx:      handed to @report
 * @result:   out: the verdict; complete only when 0 is returned
 *
 * Findings are no failure: the check fails only if it could not look. Read
 * errors on the store or origin are findings too.
 * Memory: two bitmaps of at most 32 MiB, and 16 bytes for each run of chunk
 * numbers beyond 2^28, and what is held back to be named (200 bytes each, at
 * most instances_max and 65536 of a kind); never by a number read from disk.
 * I/O: reads only, and only through the two ios.
 * Return: 0, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED, PSNAP_E_RANGE (chunk_bytes),
 * or what @report returned.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_check(struct psnap_io *store, struct psnap_io *origin,
	    const struct psnap_check_options *options, psnap_finding_fn *report,
	    void *ctx, struct psnap_check_result *result,
	    struct psnap_error *err);

/** psnap_state_name() - "active", "not-a-store", ... */
PSNAP_API const char *psnap_state_name(enum psnap_state state);

/** psnap_kernel_action_name() - "loads", "refuses" or "formats" */
PSNAP_API const char *psnap_kernel_action_name(enum psnap_kernel_action action);

PSNAP_END_DECLS

#endif
