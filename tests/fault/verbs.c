/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verbs under fault. None of them asserts anything: the programs do.
 */
#include "verbs.h"

#include <psnap/dump.h>
#include <psnap/image.h>
#include <psnap/map.h>
#include <psnap/newfile.h>
#include <psnap/zip.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void verbs_image(struct io_image *m)
{
	uint64_t i;

	image_init(m, 512, 4000);
	image_alloc(m, 0, 70);
	/* Numbers past 2^28 are kept as keys, not as bits. */
	for (i = 0; i < 10; i++)
		image_alloc(m, (UINT64_C(1) << 40) + 3 * i, 1);
	image_alloc(m, UINT64_C(1) << 40, 1); /* a duplicate among them */
	image_alloc(m, 5, 1);		      /* and among the bits */
	image_set(m, 2, 30, 7, 8);
	image_set(m, 9, 0, 100, 101);
	image_put(m, 600 * 512, "data", 4);
}

static int open_store(struct psnap_io *io, struct psnap_store **store,
		      struct outcome *o)
{
	o->rc = psnap_store_open(io, 512, store, &o->err);
	return o->rc;
}

static void run_walk(struct psnap_io *io, struct psnap_io *origin,
		     struct outcome *o)
{
	static const struct psnap_walk_options options = {
		.past_terminator = true,
		.stale_areas_max = PSNAP_ALL_AREAS,
	};
	struct psnap_store *store;
	struct psnap_walk *walk;
	struct psnap_run run;

	(void)origin;
	if (open_store(io, &store, o))
		return;
	o->rc = psnap_walk_open(store, &options, &walk, &o->err);
	while (o->rc == 0) {
		int rc = psnap_walk_next_run(walk, &run, &o->err);

		if (rc == PSNAP_E_IO) {
			o->read_errors++;
			continue;
		}
		if (rc <= 0) {
			o->rc = rc;
			break;
		}
		o->records++;
	}
	psnap_walk_close(walk);
	psnap_store_close(store);
}

static void run_map(struct psnap_io *io, struct psnap_io *origin,
		    struct outcome *o)
{
	struct psnap_store *store;
	struct psnap_map *map;
	struct psnap_run found;

	(void)origin;
	if (open_store(io, &store, o))
		return;
	o->rc = psnap_map_load(store, NULL, &map, &o->err);
	if (o->rc == 0) {
		o->records = psnap_map_find_old(map, 5, &found, 1);
		o->read_errors = psnap_map_totals(map)->unreadable_bytes;
	}
	psnap_map_free(map);
	psnap_store_close(store);
}

static int count_finding(void *ctx, const struct psnap_finding *finding)
{
	struct outcome *o = ctx;

	o->records++;
	if (finding->id == PSNAP_F_READ_ERROR &&
	    finding->severity == PSNAP_NOTE)
		o->harmless_errors++;
	return 0;
}

static void run_check(struct psnap_io *io, struct psnap_io *origin,
		      struct outcome *o)
{
	struct psnap_check_options options;
	struct psnap_check_result result;

	psnap_check_defaults(&options);
	options.data = true;
	o->rc = psnap_check(io, origin, &options, count_finding, o, &result,
			    &o->err);
	o->read_errors = result.counts[PSNAP_F_READ_ERROR];
	o->safe_to_merge = result.safe_to_merge;
	o->kernel = result.kernel;
}

static int count_record(void *ctx, const struct psnap_dump_record *record)
{
	(void)record;
	((struct outcome *)ctx)->records++;
	return 0;
}

static int count_no_checksum(void *ctx, const struct psnap_run *entry,
			     const struct psnap_error *why)
{
	(void)entry;
	(void)why;
	((struct outcome *)ctx)->read_errors++;
	return 0;
}

static int count_unreadable(void *ctx, uint64_t offset_bytes,
			    uint64_t len_bytes, const struct psnap_error *why)
{
	(void)offset_bytes;
	(void)len_bytes;
	(void)why;
	((struct outcome *)ctx)->read_errors++;
	return 0;
}

static void run_dump(struct psnap_io *io, struct psnap_io *origin,
		     struct outcome *o)
{
	const struct psnap_dump_options options = { .all = true,
						    .crc32 = true };
	const struct psnap_dump_visitor visitor = { count_record,
						    count_unreadable,
						    count_no_checksum, o };
	struct psnap_walk_totals totals;
	struct psnap_store *store;

	(void)origin;
	if (open_store(io, &store, o))
		return;
	o->rc = psnap_dump(store, &options, &visitor, &totals, &o->err);
	psnap_store_close(store);
}

static void run_image(struct psnap_io *io, struct psnap_io *origin,
		      struct outcome *o)
{
	const struct psnap_image_options options = { .chunk_bytes = 512,
						     .stale_areas_max = 256 };
	struct psnap_image_result result;
	int fd = memfd_create("image", 0);

	(void)origin;
	o->rc = psnap_image_write(io, &options, fd, &result, &o->err);
	o->records = result.copied_bytes;
	o->read_errors = result.unreadable_bytes;
	close(fd);
}

static int drop_bytes(void *ctx, const void *data, size_t len_bytes)
{
	(void)data;
	*(uint64_t *)ctx += len_bytes;
	return 0;
}

/* Needs no store, only memory. */
static void run_output(struct psnap_io *io, struct psnap_io *origin,
		       struct outcome *o)
{
	struct psnap_io *const inputs[] = { io, origin, NULL };
	struct psnap_newfile *file;
	struct psnap_gzip *gzip;

	o->rc = psnap_newfile_create("psnap-fault-output", inputs, &file,
				     &o->err);
	if (o->rc == 0)
		psnap_newfile_abandon(file);
	if (o->rc)
		return;
	o->rc = psnap_gzip_open(drop_bytes, &o->records, &gzip, &o->err);
	if (o->rc == 0)
		o->rc = psnap_gzip_finish(gzip);
	psnap_gzip_close(gzip);
}

static void run_open(struct psnap_io *io, struct psnap_io *origin,
		     struct outcome *o)
{
	struct psnap_io *file;

	(void)io;
	(void)origin;
	o->rc = psnap_io_open("/proc/self/exe", &file, &o->err);
	psnap_io_close(file, NULL);
}

const struct verb verbs[] = {
	{ "walk", run_walk },	{ "map", run_map },
	{ "check", run_check }, { "dump", run_dump },
	{ "image", run_image }, { "output", run_output },
	{ "open", run_open },	{ "salvage", verbs_run_salvage },
};
const unsigned int verb_count = sizeof(verbs) / sizeof(verbs[0]);
