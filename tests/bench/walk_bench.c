/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * walk_bench: walk the exceptions of a store with the library, nothing else.
 *
 *	walk_bench STORE [runs]
 *
 * One exception at a time, or one run at a time. Prints one line: nanoseconds
 * per area, opening included, the number of areas, the number of exceptions.
 * This is the plain walk that scanning and checking are measured by.
 */
#include <inttypes.h>
#include <psnap/io.h>
#include <psnap/walk.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

typedef int next_fn(struct psnap_walk *walk, struct psnap_run *run,
		    struct psnap_error *err);

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int walk_all(struct psnap_io *io, next_fn *next,
		    struct psnap_walk_totals *totals, struct psnap_error *err)
{
	struct psnap_store *store = NULL;
	struct psnap_walk *walk = NULL;
	struct psnap_run run;
	int rc;

	rc = psnap_store_open(io, 0, &store, err);
	if (rc < 0)
		goto out;
	rc = psnap_walk_open(store, NULL, &walk, err);
	if (rc < 0)
		goto out;
	while ((rc = next(walk, &run, err)) > 0)
		;
	*totals = *psnap_walk_totals(walk);
out:
	psnap_walk_close(walk);
	psnap_store_close(store);
	return rc;
}

int main(int argc, char **argv)
{
	struct psnap_walk_totals totals = { .exceptions = 0 };
	struct psnap_error err = { .code = 0 };
	struct psnap_io *io = NULL;
	next_fn *next = psnap_walk_next;
	uint64_t start_ns, took_ns, areas;
	int rc;

	if (argc == 3 && strcmp(argv[2], "runs") == 0)
		next = psnap_walk_next_run;
	else if (argc != 2) {
		fprintf(stderr, "usage: walk_bench STORE [runs]\n");
		return 2;
	}
	start_ns = now_ns();
	rc = psnap_io_open(argv[1], &io, &err);
	if (rc == 0)
		rc = walk_all(io, next, &totals, &err);
	took_ns = now_ns() - start_ns;
	psnap_io_close(io, NULL);
	if (rc < 0) {
		fprintf(stderr, "walk_bench: %s: %s\n", argv[1], err.message);
		return 1;
	}
	areas = totals.last_area_index + 1;
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", took_ns / areas, areas,
	       totals.exceptions);
	return 0;
}
