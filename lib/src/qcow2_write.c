/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the input to the image: clusters are read in order, looked at and, if
 * that is asked for, compressed by several threads; in the same order they go
 * to qcow2_place.c.
 */
#include "qcow2_writer.h"

#include "checked.h"
#include "deflate.h"
#include "fail.h"

/* Read and written at once; with threads, what one of them gets. */
#define JOB_BYTES	 (UINT64_C(1) << 20)
#define JOB_PACKED_BYTES (UINT64_C(256) << 10)
#define POOL_BYTES	 ((size_t)24 << 20)
#define AHEAD_BYTES	 (UINT64_C(8) << 20)
#define AHEAD_LOW_BYTES	 (UINT64_C(4) << 20)
/* As QEMU packs, and unpacks: no header, a window of 4 KiB. */
#define WINDOW_BITS (-12)
#define LEVEL	    6

static int worker_new(void *ctx, void **worker, struct psnap_error *err)
{
	const struct psnap_qcow2_writer *w = ctx;
	struct psnap_deflate *d;
	int rc;

	if (!w->o->compress)
		return 0;
	rc = psnap_deflate_new(WINDOW_BITS, LEVEL, &d, err);
	*worker = d;
	return rc;
}

static void worker_free(void *worker)
{
	psnap_deflate_free(worker);
}

static int work(void *ctx, void *worker, struct psnap_pool_job *job,
		struct psnap_error *err)
{
	const struct psnap_qcow2_writer *w = ctx;
	size_t size = (size_t)w->o->cluster_bytes;
	uint8_t *packed = packed_of(w, job);
	uint32_t *sizes = sizes_of(job);
	size_t i;

	(void)err;
	for (i = 0; i < job->tag; i++) {
		const uint8_t *data = data_of(w, job, i);
		size_t n = 0;

		if (is_zero(data, size)) {
			sizes[i] = 0;
			continue;
		}
		if (worker)
			n = psnap_deflate_block(worker, data, size, packed,
						size - 1);
		sizes[i] = (uint32_t)(n ? n : size);
		packed += n;
	}
	job->out_bytes = (size_t)(packed - job->out);
	return 0;
}

static void look_ahead(struct psnap_qcow2_writer *w)
{
	struct psnap_extent piece;
	bool hole;

	if (w->ahead_bytes > AHEAD_LOW_BYTES)
		return;
	while (w->ahead_bytes < AHEAD_BYTES &&
	       psnap_qcow2_pieces_next(&w->ahead, AHEAD_BYTES / 4, &piece,
				       &hole)) {
		if (!hole)
			psnap_io_prefetch(w->shown, piece.offset_bytes,
					  piece.len_bytes);
		w->ahead_bytes += piece.len_bytes;
	}
}

static int read_piece(struct psnap_qcow2_writer *w,
		      const struct psnap_extent *piece, bool hole,
		      uint8_t *data, struct psnap_error *err)
{
	uint64_t size = w->shown->size_bytes;
	uint64_t len = piece->len_bytes;
	int rc = 0;

	if (hole)
		len = 0;
	else if (len > size - piece->offset_bytes)
		len = size - piece->offset_bytes;
	if (len > 0)
		rc = psnap_io_read(w->shown, piece->offset_bytes, data,
				   (size_t)len, err);
	w->result->reading = rc != 0;
	memset(data + len, 0, (size_t)(piece->len_bytes - len));
	w->ahead_bytes -= min_u64(w->ahead_bytes, piece->len_bytes);
	return rc;
}

/* Put clusters into a job until it is full or there are no more. */
static int fill_job(struct psnap_qcow2_writer *w, struct psnap_pool_job *job,
		    struct psnap_error *err)
{
	const struct psnap_progress *p = w->progress;
	uint64_t size = w->o->cluster_bytes;
	uint64_t *numbers = numbers_of(job);
	struct psnap_extent piece;
	uint64_t i;
	bool hole;
	int rc = 0;

	while (rc == 0 && job->tag < w->per_job &&
	       psnap_qcow2_pieces_next(&w->pieces,
				       (w->per_job - job->tag) * size, &piece,
				       &hole)) {
		look_ahead(w);
		rc = read_piece(w, &piece, hole,
				data_of(w, job, (size_t)job->tag), err);
		for (i = 0; i < piece.len_bytes / size; i++)
			numbers[job->tag++] = piece.offset_bytes / size + i;
		if (rc == 0 && p && p->tick &&
		    p->tick(p->ctx,
			    min_u64(piece.offset_bytes + piece.len_bytes,
				    w->shown->size_bytes),
			    w->shown->size_bytes))
			rc = psnap_fail(err, PSNAP_E_INTERRUPTED,
					"interrupted");
	}
	job->in_bytes = (size_t)(job->tag * size);
	return rc;
}

static int copy(struct psnap_qcow2_writer *w, struct psnap_error *err)
{
	struct psnap_pool_job *job;
	bool more = true;
	int rc = 0;

	while (rc == 0 && more) {
		rc = psnap_pool_get(w->pool, &job, err);
		if (rc)
			break;
		rc = fill_job(w, job, err);
		more = job->tag == w->per_job;
		if (rc == 0 && job->tag > 0)
			psnap_pool_put(w->pool);
	}
	return rc ? rc : psnap_pool_finish(w->pool, err);
}

static int open_pool(struct psnap_qcow2_writer *w, struct psnap_error *err)
{
	uint64_t size = w->o->cluster_bytes;
	uint64_t bytes = w->o->compress ? JOB_PACKED_BYTES : JOB_BYTES;
	struct psnap_pool_options options = {
		.threads = w->o->compress ? w->o->threads : 1,
		.memory_bytes = POOL_BYTES,
		.worker_new = worker_new,
		.worker_free = worker_free,
		.work = work,
		.result = psnap_qcow2_place,
		.ctx = w,
	};

	if (bytes < size)
		bytes = size;
	w->per_job = (size_t)(bytes / size);
	options.in_room_bytes = w->per_job * sizeof(uint64_t) + (size_t)bytes;
	options.out_room_bytes = w->per_job * sizeof(uint32_t) +
				 (w->o->compress ? (size_t)bytes : 0);
	return psnap_pool_open(&options, &w->pool, err);
}

/* Everything but the header has its place and its size now. */
static int write_ends(struct psnap_qcow2_writer *w, struct psnap_error *err)
{
	uint64_t size_bytes = w->shown->size_bytes;
	uint64_t bytes = w->o->cluster_bytes;
	struct psnap_qcow2_ends ends;
	int rc;

	psnap_qcow2_ends(size_bytes, bytes, w->clusters.next,
			 w->clusters.block_count, &ends);
	rc = psnap_qcow2_tables_end(&w->tables, &ends, err);
	if (rc == 0)
		rc = psnap_qcow2_clusters_end(&w->clusters, &ends, err);
	if (rc)
		return rc;
	/* The counts are written, so there is room for it. */
	memset(w->clusters.counts, 0, (size_t)bytes);
	psnap_qcow2_header(w->clusters.counts, size_bytes, w->o, &ends);
	w->result->file_bytes = ends.end_cluster * bytes;
	return psnap_qcow2_put(w->to, 0, w->clusters.counts, (size_t)bytes,
			       err);
}

int psnap_qcow2_write(struct psnap_io *shown,
		      const struct psnap_qcow2_options *options,
		      struct psnap_io *to,
		      const struct psnap_progress *progress,
		      struct psnap_qcow2_result *result,
		      struct psnap_error *err)
{
	struct psnap_qcow2_writer w = { .shown = shown,
					.o = options,
					.to = to,
					.progress = progress,
					.result = result };
	uint64_t fit;
	int rc;

	*result = (struct psnap_qcow2_result){ 0 };
	rc = psnap_qcow2_fit(shown->size_bytes, options, &fit, err);
	if (rc == 0 && fit != options->cluster_bytes)
		rc = psnap_fail(err, PSNAP_E_UNSUPPORTED,
				"clusters of %llu bytes will not do",
				(unsigned long long)options->cluster_bytes);
	if (rc)
		return rc;
	psnap_qcow2_pieces_begin(&w.pieces, shown, options);
	psnap_qcow2_pieces_begin(&w.ahead, shown, options);
	rc = psnap_qcow2_clusters_init(&w.clusters, to, fit, err);
	if (rc == 0)
		rc = psnap_qcow2_tables_init(&w.tables, &w.clusters,
					     shown->size_bytes, err);
	if (rc == 0)
		rc = open_pool(&w, err);
	if (rc == 0)
		rc = copy(&w, err);
	if (rc == 0)
		rc = write_ends(&w, err);
	psnap_pool_close(w.pool);
	psnap_qcow2_tables_free(&w.tables);
	psnap_qcow2_clusters_free(&w.clusters);
	return rc;
}
