/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metadata image. Which areas belong in it is what the walk with the
 * check's options visits, so that a check of the image sees the same.
 */
#include <psnap/image.h>
#include <psnap/io.h>
#include <psnap/walk.h>

#include "checked.h"
#include "fail.h"
#include "ondisk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADER_BYTES_MAX ((size_t)1 << 20)
#define BLOCK_BYTES	 4096u

struct imager {
	struct psnap_io *io;
	const struct psnap_geometry *geo;
	struct psnap_image_result *result;
	const struct psnap_progress *progress;
	int fd;
	uint8_t block[BLOCK_BYTES];
};

static int fail_output(struct psnap_image_result *result, int os_errno,
		       struct psnap_error *err, const char *what)
{
	bool full = os_errno == ENOSPC || os_errno == EDQUOT;

	result->output_failed = true;
	return psnap_fail_errno(err, full ? PSNAP_E_NOSPACE : PSNAP_E_IO,
				os_errno, "%s", what);
}

static int write_block(struct imager *m, uint64_t offset_bytes, size_t len,
		       struct psnap_error *err)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pwrite(m->fd, m->block + done, len - done,
				   (off_t)(offset_bytes + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_output(m->result, errno, err,
					   "cannot write the image");
		done += (size_t)n;
	}
	m->result->copied_bytes += len;
	return 0;
}

/* Copy [start, start + len), leaving holes where there are zeros and where
 * nothing can be read. */
static int copy(struct imager *m, uint64_t start, uint64_t len,
		struct psnap_error *err)
{
	uint64_t end = start + min_u64(len, m->io->size_bytes - start);
	uint64_t at = start;

	while ((at = psnap_io_next_data(m->io, at)) < end) {
		const struct psnap_progress *p = m->progress;
		size_t n = (size_t)min_u64(BLOCK_BYTES - at % BLOCK_BYTES,
					   end - at);
		int rc = psnap_io_read(m->io, at, m->block, n, err);

		if (p->tick && p->tick(p->ctx, at, m->io->size_bytes))
			return psnap_fail(err, PSNAP_E_INTERRUPTED,
					  "interrupted");
		if (rc == PSNAP_E_NOMEM)
			return rc;
		if (rc) {
			m->result->unreadable_bytes += n;
		} else if (m->block[0] != 0 ||
			   memcmp(m->block, m->block + 1, n - 1) != 0) {
			rc = write_block(m, at, n, err);
			if (rc)
				return rc;
		}
		at += n;
	}
	return 0;
}

static int copy_area(struct imager *m, uint64_t area_index,
		     struct psnap_error *err)
{
	m->result->areas++;
	return copy(m, psnap_geometry_entry_offset(m->geo, area_index, 0),
		    m->geo->chunk_bytes, err);
}

/* Live areas are copied without a gap, so that one in which nothing could be
 * read is tried too; @next is the first that was not. */
static int copy_live_to(struct imager *m, uint64_t *next, uint64_t area_index,
			struct psnap_error *err)
{
	int rc = 0;

	for (; *next <= area_index && rc == 0; (*next)++)
		rc = copy_area(m, *next, err);
	return rc;
}

/* The areas that a run stands in; it may cross from one into the next. */
static int copy_run(struct imager *m, uint64_t *next_live, uint64_t *next_stale,
		    const struct psnap_run *run, struct psnap_error *err)
{
	uint64_t last = run->area_index + (run->entry_index + run->chunks - 1) /
						  m->geo->exceptions_per_area;
	int rc = 0;

	if (run->state != PSNAP_ENTRY_STALE)
		return copy_live_to(m, next_live, last, err);
	if (*next_stale < run->area_index)
		*next_stale = run->area_index;
	for (; *next_stale <= last && rc == 0; (*next_stale)++)
		rc = copy_area(m, *next_stale, err);
	return rc;
}

/* Live areas are tried again by copy(), which counts; of one behind them
 * nobody knows whether it belongs in the image. */
static void take_fault(struct imager *m, const struct psnap_walk *walk)
{
	uint64_t offset_bytes;
	uint64_t len_bytes;

	if (psnap_walk_fault(walk, &offset_bytes, &len_bytes) ==
	    PSNAP_ENTRY_STALE)
		m->result->unreadable_bytes += len_bytes;
}

/*
 * All areas up to the last, then those behind it in which the walk finds a
 * table. Areas that cannot be a table may hold somebody's data and stay out.
 */
static int copy_areas(struct imager *m, struct psnap_walk *walk,
		      struct psnap_error *err)
{
	const struct psnap_walk_totals *totals = psnap_walk_totals(walk);
	struct psnap_error why = { 0 };
	struct psnap_run run;
	uint64_t next_live = 0;
	uint64_t next_stale = 0;

	for (;;) {
		int rc = psnap_walk_next_run(walk, &run, &why);

		if (rc == PSNAP_E_IO || rc == PSNAP_E_TRUNCATED) {
			take_fault(m, walk);
			continue;
		}
		if (rc < 0 && err)
			*err = why;
		if (rc == 0) {
			m->result->incomplete =
				totals->end == PSNAP_WALK_END_DEVICE;
			return copy_live_to(m, &next_live,
					    totals->last_area_index, err);
		}
		if (rc < 0)
			return rc;
		rc = copy_run(m, &next_live, &next_stale, &run, err);
		if (rc)
			return rc;
	}
}

static int copy_table(struct imager *m, struct psnap_store *store,
		      const struct psnap_image_options *options,
		      struct psnap_error *err)
{
	struct psnap_walk_options walk_options = {
		.stale_areas_max = options->stale_areas_max,
		.progress = options->progress,
	};
	struct psnap_walk *walk;
	int rc;

	rc = psnap_walk_open(store, &walk_options, &walk, err);
	if (rc)
		return rc;
	rc = copy_areas(m, walk, err);
	psnap_walk_close(walk);
	return rc;
}

int psnap_image_write(struct psnap_io *io,
		      const struct psnap_image_options *options, int fd,
		      struct psnap_image_result *result,
		      struct psnap_error *err)
{
	struct psnap_store *store = NULL;
	struct imager *m = NULL;
	int rc;

	memset(result, 0, sizeof(*result));
	rc = psnap_store_open(io, options->chunk_bytes, &store, err);
	if (rc)
		return rc;
	if (ftruncate(fd, (off_t)io->size_bytes)) {
		rc = fail_output(result, errno, err,
				 "cannot be made as long as the store");
		goto out;
	}
	m = calloc(1, sizeof(*m));
	if (!m) {
		rc = psnap_fail_nomem(err, "writing the image");
		goto out;
	}
	m->io = io;
	m->geo = psnap_store_geometry(store);
	m->result = result;
	m->fd = fd;
	m->progress = &options->progress;
	rc = copy(m, 0, min_u64(m->geo->chunk_bytes, HEADER_BYTES_MAX), err);
	if (rc == 0)
		rc = copy_table(m, store, options, err);
out:
	free(m);
	psnap_store_close(store);
	return rc;
}
