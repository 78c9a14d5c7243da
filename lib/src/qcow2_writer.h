/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two halves of making a qcow2 image share: reading and compressing in
 * qcow2_write.c, and placing in qcow2_place.c. Jobs of a pool go from the one to
 * the other.
 */
#ifndef PSNAP_QCOW2_WRITER_H
#define PSNAP_QCOW2_WRITER_H

#include "pool.h"
#include "qcow2_internal.h"

/**
 * struct psnap_qcow2_writer - an image being made
 * @per_job:   clusters in a job
 * @ahead:     walks before @pieces, @ahead_bytes of them
 * @run:       what is to be written in one; @sparse: but for blocks of zeros
 */
struct psnap_qcow2_writer {
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
static inline uint64_t *numbers_of(const struct psnap_pool_job *job)
{
	return (uint64_t *)(void *)job->in;
}

static inline uint8_t *data_of(const struct psnap_qcow2_writer *w,
			       const struct psnap_pool_job *job, size_t i)
{
	return job->in + w->per_job * sizeof(uint64_t) +
	       i * w->o->cluster_bytes;
}

static inline uint32_t *sizes_of(const struct psnap_pool_job *job)
{
	return (uint32_t *)(void *)job->out;
}

static inline uint8_t *packed_of(const struct psnap_qcow2_writer *w,
				 const struct psnap_pool_job *job)
{
	return job->out + w->per_job * sizeof(uint32_t);
}

/** psnap_qcow2_place() - give the clusters of a job their places, write them */
int psnap_qcow2_place(void *ctx, const struct psnap_pool_job *job,
		      struct psnap_error *err);

#endif
