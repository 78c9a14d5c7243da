/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the input to the image: clusters are read in order, looked at and, if
 * that is asked for, compressed by several threads; in the same order they are
 * given places and written, neighbours in one.
 */
#include "qcow2_internal.h"

#include "checked.h"
#include "deflate.h"
#include "fail.h"
#include "pool.h"

#include <assert.h>

/* Read and written at once; with threads, what one of them gets. */
#define JOB_BYTES	 (UINT64_C(1) << 20)
#define JOB_PACKED_BYTES (UINT64_C(256) << 10)
#define POOL_BYTES	 ((size_t)24 << 20)
#define AHEAD_BYTES	 (UINT64_C(8) << 20)
#define AHEAD_LOW_BYTES	 (UINT64_C(4) << 20)
/* As QEMU packs, and unpacks: no header, a window of 4 KiB. */
#define WINDOW_BITS (-12)
#define LEVEL	    6

/**
 * struct writer - an image being made
 * @per_job:   clusters in a job
 * @ahead:     walks before @pieces, @ahead_bytes of them
 * @run:       what is to be written in one; @sparse: but for blocks of zeros
 */
struct writer {
	struct psnap_io *shown;
	const struct psnap_qcow2_options *o;
	struct psnap_io *to;
	const struct psnap_progress *progress;
	struct psnap_qcow2_result *result;
	struct psnap_qcow2_clusters clusters;
	struct psnap_qcow2_tables tables;
	struct psnap_qcow2_pieces pieces;
	struct psnap_qcow2_pieces ahead;
	uint64_t ahead_bytes;
	struct psnap_pool *pool;
	size_t per_job;
	struct {
		const uint8_t *data;
		size_t len_bytes;
		uint64_t at_bytes;
		bool sparse;
	} run;
};

/*
 * A job has the number of each cluster, then the clusters; the tag is how many
 * there are. Of the work come the size of each (0: it is zero; all of a cluster:
 * it stays as it is), then those that are compressed.
 */
static uint64_t *numbers_of(const struct psnap_pool_job *job)
{
	return (uint64_t *)(void *)job->in;
}

static uint8_t *data_of(const struct writer *w,
			const struct psnap_pool_job *job, size_t i)
{
	return job->in + w->per_job * sizeof(uint64_t) +
	       i * w->o->cluster_bytes;
}

static uint32_t *sizes_of(const struct psnap_pool_job *job)
{
	return (uint32_t *)(void *)job->out;
}

static uint8_t *packed_of(const struct writer *w,
			  const struct psnap_pool_job *job)
{
	return job->out + w->per_job * sizeof(uint32_t);
}

static int worker_new(void *ctx, void **worker, struct psnap_error *err)
{
	const struct writer *w = ctx;
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
	const struct writer *w = ctx;
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

static int flush_run(struct writer *w, struct psnap_error *err)
{
	int rc = 0;

	if (w->run.sparse)
		rc = psnap_qcow2_put(w->to, w->run.at_bytes, w->run.data,
				     w->run.len_bytes, err);
	else if (w->run.len_bytes > 0)
		rc = psnap_io_write(w->to, w->run.at_bytes, w->run.data,
				    w->run.len_bytes, err);
	w->run.len_bytes = 0;
	w->run.sparse = false;
	return rc;
}

static int add_to_run(struct writer *w, const uint8_t *data, size_t len,
		      uint64_t at_bytes, struct psnap_error *err)
{
	bool sparse = len == w->o->cluster_bytes;
	int rc = 0;

	if (w->run.len_bytes == 0 || data != w->run.data + w->run.len_bytes ||
	    at_bytes != w->run.at_bytes + w->run.len_bytes ||
	    sparse != w->run.sparse) {
		rc = flush_run(w, err);
		w->run.data = data;
		w->run.at_bytes = at_bytes;
		w->run.sparse = sparse;
	}
	w->run.len_bytes += len;
	return rc;
}

static int put_packed(struct writer *w, uint64_t number, const uint8_t *data,
		      size_t len, struct psnap_error *err)
{
	uint64_t at;
	int rc;

	rc = psnap_qcow2_clusters_take_bytes(&w->clusters, len, &at, err);
	if (rc == 0)
		rc = psnap_qcow2_tables_compressed(&w->tables, number, at, len,
						   err);
	if (rc == 0)
		rc = add_to_run(w, data, len, at, err);
	w->result->clusters++;
	w->result->compressed_clusters++;
	return rc;
}

static int put_whole(struct writer *w, uint64_t number, const uint8_t *data,
		     struct psnap_error *err)
{
	uint64_t at;
	int rc;

	rc = psnap_qcow2_clusters_take(&w->clusters, &at, err);
	if (rc == 0) {
		psnap_qcow2_tables_data(&w->tables, number, at);
		rc = add_to_run(w, data, (size_t)w->o->cluster_bytes, at, err);
	}
	w->result->clusters++;
	return rc;
}

static int put_job(void *ctx, const struct psnap_pool_job *job,
		   struct psnap_error *err)
{
	struct writer *w = ctx;
	const uint64_t *numbers = numbers_of(job);
	const uint32_t *sizes = sizes_of(job);
	const uint8_t *packed = packed_of(w, job);
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < job->tag; i++) {
		/* The backing file must not shine through. */
		if (sizes[i] == 0 && !w->o->changes)
			continue;
		rc = psnap_qcow2_tables_reach(&w->tables, numbers[i], err);
		if (rc)
			break;
		if (sizes[i] == 0) {
			psnap_qcow2_tables_zero(&w->tables, numbers[i]);
			w->result->zero_clusters++;
		} else if (sizes[i] == w->o->cluster_bytes) {
			rc = put_whole(w, numbers[i], data_of(w, job, i), err);
		} else {
			rc = put_packed(w, numbers[i], packed, sizes[i], err);
			packed += sizes[i];
		}
	}
	/* The job is somebody else's afterwards. */
	return rc ? rc : flush_run(w, err);
}

static void look_ahead(struct writer *w)
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

static int read_piece(struct writer *w, const struct psnap_extent *piece,
		      bool hole, uint8_t *data, struct psnap_error *err)
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
static int fill_job(struct writer *w, struct psnap_pool_job *job,
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

static int copy(struct writer *w, struct psnap_error *err)
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

static int open_pool(struct writer *w, struct psnap_error *err)
{
	uint64_t size = w->o->cluster_bytes;
	uint64_t bytes = w->o->compress ? JOB_PACKED_BYTES : JOB_BYTES;
	struct psnap_pool_options options = {
		.threads = w->o->compress ? w->o->threads : 1,
		.memory_bytes = POOL_BYTES,
		.worker_new = worker_new,
		.worker_free = worker_free,
		.work = work,
		.result = put_job,
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
static int write_ends(struct writer *w, struct psnap_error *err)
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
	struct writer w = { .shown = shown,
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
