/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clusters of the disk, in order, to where they belong in a qcow2 image:
 * neighbours are written in one, and the tables are told.
 */
#include "qcow2_writer.h"

static int flush_run(struct psnap_qcow2_writer *w, struct psnap_error *err)
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

static int add_to_run(struct psnap_qcow2_writer *w, const uint8_t *data,
		      size_t len, uint64_t at_bytes, struct psnap_error *err)
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

static int put_packed(struct psnap_qcow2_writer *w, uint64_t number,
		      const uint8_t *data, size_t len, struct psnap_error *err)
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

static int put_whole(struct psnap_qcow2_writer *w, uint64_t number,
		     const uint8_t *data, struct psnap_error *err)
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

int psnap_qcow2_place(void *ctx, const struct psnap_pool_job *job,
		      struct psnap_error *err)
{
	struct psnap_qcow2_writer *w = ctx;
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
