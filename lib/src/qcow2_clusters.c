/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clusters of a qcow2 image are given out one after the other, and never given
 * back. So one block of reference counts is filled at a time; where the next
 * one begins, the full one is written to the first cluster of that.
 *
 * A cluster has one reference, except where compressed data is packed: there it
 * is the number of those that have a byte in it.
 */
#include "qcow2_internal.h"

#include "checked.h"
#include "fail.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void count_one(struct psnap_qcow2_clusters *c, uint64_t cluster)
{
	uint8_t *count = c->counts + cluster % c->per_block * 2;

	/* Nobody packs 65535 blocks into a cluster: deflate makes of one no
	 * less than a thousandth. */
	if (++count[1] == 0)
		count[0]++;
}

int psnap_qcow2_clusters_init(struct psnap_qcow2_clusters *clusters,
			      struct psnap_io *to, uint64_t cluster_bytes,
			      struct psnap_error *err)
{
	*clusters = (struct psnap_qcow2_clusters){
		.to = to,
		.cluster_bytes = cluster_bytes,
		.next = 1,
		.per_block = cluster_bytes / 2,
	};
	clusters->counts = calloc(1, cluster_bytes);
	if (!clusters->counts)
		return psnap_fail_nomem(err, "counting clusters");
	count_one(clusters, 0);
	return 0;
}

static int note_block(struct psnap_qcow2_clusters *c, uint64_t offset_bytes,
		      struct psnap_error *err)
{
	size_t room = c->block_room ? 2 * c->block_room : 64;
	uint64_t *blocks;

	if (c->block_count == c->block_room) {
		blocks = reallocarray(c->blocks, room, sizeof(*blocks));
		if (!blocks)
			return psnap_fail_nomem(err, "counting clusters");
		c->blocks = blocks;
		c->block_room = room;
	}
	c->blocks[c->block_count++] = offset_bytes;
	return 0;
}

/* The block is full: the first cluster of the next one is for it. */
static int turn(struct psnap_qcow2_clusters *c, struct psnap_error *err)
{
	uint64_t offset_bytes = c->next * c->cluster_bytes;
	int rc;

	rc = note_block(c, offset_bytes, err);
	if (rc == 0)
		rc = psnap_qcow2_put(c->to, offset_bytes, c->counts,
				     c->cluster_bytes, err);
	memset(c->counts, 0, c->cluster_bytes);
	count_one(c, c->next++);
	/* What was open was counted in the old one. */
	c->open_bytes = 0;
	return rc;
}

int psnap_qcow2_clusters_take(struct psnap_qcow2_clusters *clusters,
			      uint64_t *offset_bytes, struct psnap_error *err)
{
	int rc = 0;

	if (clusters->next % clusters->per_block == 0)
		rc = turn(clusters, err);
	*offset_bytes = clusters->next * clusters->cluster_bytes;
	count_one(clusters, clusters->next++);
	return rc;
}

int psnap_qcow2_clusters_take_bytes(struct psnap_qcow2_clusters *clusters,
				    uint64_t len_bytes, uint64_t *offset_bytes,
				    struct psnap_error *err)
{
	uint64_t size = clusters->cluster_bytes;
	uint64_t open = clusters->open_bytes;
	uint64_t room = open ? size - open % size : 0;
	bool last = open / size == clusters->next - 1 &&
		    clusters->next % clusters->per_block != 0;
	int rc = 0;

	assert(len_bytes > 0 && len_bytes < size);
	if (len_bytes <= room) {
		*offset_bytes = open;
		count_one(clusters, open / size);
	} else if (room > 0 && last) {
		*offset_bytes = open;
		count_one(clusters, open / size);
		count_one(clusters, clusters->next++);
	} else {
		rc = psnap_qcow2_clusters_take(clusters, offset_bytes, err);
	}
	open = *offset_bytes + len_bytes;
	clusters->open_bytes = open % size ? open : 0;
	return rc;
}

/* The counts of block @number: all clusters that are behind those given out,
 * the ends, have one reference. */
static void fill_block(struct psnap_qcow2_clusters *c, uint64_t number,
		       uint64_t end_cluster)
{
	uint64_t first = number * c->per_block;
	uint64_t end = first + min_u64(c->per_block, end_cluster - first);
	uint64_t i;

	if (first >= c->next)
		memset(c->counts, 0, c->cluster_bytes);
	for (i = first > c->next ? first : c->next; i < end; i++)
		count_one(c, i);
}

static int write_table(struct psnap_qcow2_clusters *c,
		       const struct psnap_qcow2_ends *ends,
		       struct psnap_error *err)
{
	size_t bytes = (size_t)(ends->table_clusters * c->cluster_bytes);
	uint8_t *table = calloc(1, bytes);
	size_t i;
	int rc;

	if (!table)
		return psnap_fail_nomem(err, "counting clusters");
	for (i = 0; i < c->block_count; i++)
		be64_set(table + i * 8, c->blocks[i]);
	rc = psnap_qcow2_put(c->to, ends->table_cluster * c->cluster_bytes,
			     table, bytes, err);
	free(table);
	return rc;
}

int psnap_qcow2_clusters_end(struct psnap_qcow2_clusters *clusters,
			     const struct psnap_qcow2_ends *ends,
			     struct psnap_error *err)
{
	uint64_t at = ends->blocks_cluster * clusters->cluster_bytes;
	int rc = 0;

	while (rc == 0 && clusters->block_count < ends->block_count) {
		fill_block(clusters, clusters->block_count, ends->end_cluster);
		rc = psnap_qcow2_put(clusters->to, at, clusters->counts,
				     clusters->cluster_bytes, err);
		if (rc == 0)
			rc = note_block(clusters, at, err);
		at += clusters->cluster_bytes;
	}
	if (rc)
		return rc;
	/* The end of the last block is that of the file, zero or not. */
	at -= PSNAP_QCOW2_SECTOR_BYTES;
	rc = psnap_io_write(clusters->to, at,
			    clusters->counts + clusters->cluster_bytes -
				    PSNAP_QCOW2_SECTOR_BYTES,
			    PSNAP_QCOW2_SECTOR_BYTES, err);
	return rc ? rc : write_table(clusters, ends, err);
}

void psnap_qcow2_clusters_free(struct psnap_qcow2_clusters *clusters)
{
	free(clusters->counts);
	free(clusters->blocks);
	*clusters = (struct psnap_qcow2_clusters){ 0 };
}
