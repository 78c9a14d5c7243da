/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fault programs run again and again: each verb of the library, over
 * a store that makes it go through all its parts.
 */
#ifndef PSNAP_TEST_VERBS_H
#define PSNAP_TEST_VERBS_H

#include "io_image.h"

#include <psnap/check.h>

/* What a verb came to, to be compared with a run without a fault. */
struct outcome {
	int rc;
	struct psnap_error err;
	uint64_t records;
	uint64_t read_errors;
	uint64_t harmless_errors; /* in areas that the kernel never reads */
	bool safe_to_merge;
	enum psnap_kernel_action kernel;
};

struct verb {
	const char *name;
	void (*run)(struct psnap_io *io, struct psnap_io *origin,
		    struct outcome *outcome);
};

extern const struct verb verbs[];
extern const unsigned int verb_count;

/* convert_verbs.c */
void verbs_run_salvage(struct psnap_io *io, struct psnap_io *origin,
		       struct outcome *o);
void verbs_run_convert(struct psnap_io *io, struct psnap_io *origin,
		       struct outcome *o);

/* A store with several areas, duplicates, chunk numbers for bitmap and keys,
 * entries behind the terminator and a stale area. */
void verbs_image(struct io_image *m);

#endif
