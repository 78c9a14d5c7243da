/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What psnap_check() finds in a store in memory, kept.
 */
#ifndef PSNAP_TEST_CHECK_SCENE_H
#define PSNAP_TEST_CHECK_SCENE_H

#include "io_fault.h"
#include "io_image.h"

#include <psnap/check.h>
#include <string.h>

struct seen {
	struct psnap_finding items[64];
	unsigned int count;
	int answer;
};

static inline int collect(void *ctx, const struct psnap_finding *finding)
{
	struct seen *seen = ctx;

	if (seen->count < 64)
		seen->items[seen->count] = *finding;
	seen->count++;
	return seen->answer;
}

static inline int check(struct psnap_io *io, struct psnap_io *origin,
			const struct psnap_check_options *options,
			struct seen *seen, struct psnap_check_result *result)
{
	struct psnap_check_options defaults;

	psnap_check_defaults(&defaults);
	memset(seen, 0, sizeof(*seen));
	return psnap_check(io, origin, options ? options : &defaults, collect,
			   seen, result, NULL);
}

#endif
