/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a qcow2 image, in parts. qcow2_layout.c knows the limits and the
 * header; qcow2_pieces.c says what of the input is to be read; qcow2_clusters.c
 * gives out clusters of the image and counts the references to them;
 * qcow2_tables.c notes what is where; qcow2_put.c writes, and leaves holes;
 * qcow2_write.c reads, and has clusters compressed; qcow2_place.c puts them in
 * their places.
 *
 * The image is written from its beginning to its end: a table of the second
 * level, then the clusters that it is about, then the next; in between, where
 * one is full, a block of reference counts. What has a size that is known only
 * at the end is at the end. The header is written last.
 */
#ifndef PSNAP_QCOW2_INTERNAL_H
#define PSNAP_QCOW2_INTERNAL_H

#include <psnap/io.h>
#include <psnap/qcow2.h>
#include <string.h>

#define PSNAP_QCOW2_SECTOR_BYTES UINT64_C(512)

static inline void be64_set(uint8_t *at, uint64_t value)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		at[i] = (uint8_t)(value >> (56 - 8 * i));
}

static inline void be32_set(uint8_t *at, uint32_t value)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static inline bool is_zero(const uint8_t *data, size_t len)
{
	return data[0] == 0 && memcmp(data, data + 1, len - 1) == 0;
}

/* --- qcow2_put.c ---------------------------------------------------------- */

/**
 * psnap_qcow2_put() - write to where nothing has been written
 *
 * Blocks that are zero are left out. Return: as psnap_io_write().
 */
PSNAP_MUST_USE int psnap_qcow2_put(struct psnap_io *to, uint64_t at_bytes,
				   const uint8_t *data, size_t len_bytes,
				   struct psnap_error *err);

/* --- qcow2_layout.c ------------------------------------------------------- */

/**
 * struct psnap_qcow2_ends - what stands behind the last cluster given out
 * @l1_cluster, @table_cluster, @blocks_cluster:  the first of the table of the
 *              first level, of that of the blocks of reference counts, and of
 *              those blocks that have no place yet
 * @block_count: of all, those that have a place already among them
 * @end_cluster: the size of the image
 */
struct psnap_qcow2_ends {
	uint64_t l1_cluster;
	uint64_t l1_entries;
	uint64_t table_cluster;
	uint64_t table_clusters;
	uint64_t blocks_cluster;
	uint64_t block_count;
	uint64_t end_cluster;
};

/** psnap_qcow2_disk_bytes() - the size of a disk, whole sectors */
uint64_t psnap_qcow2_disk_bytes(uint64_t size_bytes);

/**
 * psnap_qcow2_ends() - what will be behind so many clusters
 * @used_clusters:  given out
 * @placed_blocks:  of reference counts, among them
 */
void psnap_qcow2_ends(uint64_t size_bytes, uint64_t cluster_bytes,
		      uint64_t used_clusters, uint64_t placed_blocks,
		      struct psnap_qcow2_ends *ends);

/** psnap_qcow2_header() - write the header into a cluster full of zeros */
void psnap_qcow2_header(uint8_t *cluster, uint64_t size_bytes,
			const struct psnap_qcow2_options *options,
			const struct psnap_qcow2_ends *ends);

/* --- qcow2_pieces.c ------------------------------------------------------- */

/**
 * struct psnap_qcow2_pieces - a walk through what is to be stored
 * @list, @count, @next:  the ranges of an overlay; else one, of everything
 * @keep_holes:           clusters that are holes count
 * @at_bytes:             the walk is so far
 * @data_bytes:           no data stands before, from @at_bytes on
 */
struct psnap_qcow2_pieces {
	struct psnap_io *shown;
	const struct psnap_extent *list;
	struct psnap_extent all;
	size_t count;
	size_t next;
	bool keep_holes;
	uint64_t cluster_bytes;
	uint64_t at_bytes;
	uint64_t data_bytes;
};

/** psnap_qcow2_pieces_begin() - go to the beginning */
void psnap_qcow2_pieces_begin(struct psnap_qcow2_pieces *pieces,
			      struct psnap_io *shown,
			      const struct psnap_qcow2_options *options);

/**
 * psnap_qcow2_pieces_next() - the next clusters that are to be stored
 * @max_bytes:  a multiple of the size of clusters, at least one
 * @piece:      out: whole clusters; the last one may reach past the end
 * @hole:       out: all of it is known to be zero
 *
 * Return: is there one?
 */
bool psnap_qcow2_pieces_next(struct psnap_qcow2_pieces *pieces,
			     uint64_t max_bytes, struct psnap_extent *piece,
			     bool *hole);

/* --- qcow2_clusters.c ----------------------------------------------------- */

/**
 * struct psnap_qcow2_clusters - the clusters of the image
 * @next:         the first one that is free
 * @counts:       the block of reference counts for @next - 1 and its neighbours
 * @per_block:    clusters that it is about
 * @blocks:       where those blocks before it are; @block_room of them fit
 * @open_bytes:   where compressed data can go on in a cluster; 0: nowhere
 */
struct psnap_qcow2_clusters {
	struct psnap_io *to;
	uint64_t cluster_bytes;
	uint64_t next;
	uint8_t *counts;
	uint64_t per_block;
	uint64_t *blocks;
	size_t block_count;
	size_t block_room;
	uint64_t open_bytes;
};

/** psnap_qcow2_clusters_init() - cluster 0 is taken; end with _free() */
PSNAP_MUST_USE int
psnap_qcow2_clusters_init(struct psnap_qcow2_clusters *clusters,
			  struct psnap_io *to, uint64_t cluster_bytes,
			  struct psnap_error *err);

/** psnap_qcow2_clusters_take() - a cluster; @offset_bytes: where it is */
PSNAP_MUST_USE int
psnap_qcow2_clusters_take(struct psnap_qcow2_clusters *clusters,
			  uint64_t *offset_bytes, struct psnap_error *err);

/**
 * psnap_qcow2_clusters_take_bytes() - room for less than a cluster
 *
 * Behind what was given out so the last time, if it can be.
 */
PSNAP_MUST_USE int
psnap_qcow2_clusters_take_bytes(struct psnap_qcow2_clusters *clusters,
				uint64_t len_bytes, uint64_t *offset_bytes,
				struct psnap_error *err);

/** psnap_qcow2_clusters_end() - write the reference counts that are left */
PSNAP_MUST_USE int
psnap_qcow2_clusters_end(struct psnap_qcow2_clusters *clusters,
			 const struct psnap_qcow2_ends *ends,
			 struct psnap_error *err);

/** psnap_qcow2_clusters_free() - release memory */
void psnap_qcow2_clusters_free(struct psnap_qcow2_clusters *clusters);

/* --- qcow2_tables.c ------------------------------------------------------- */

/**
 * struct psnap_qcow2_tables - what is where
 * @l1:            the table of the first level; most of it was never touched,
 *                 and takes no memory
 * @l2:            the table of the second level that is being filled
 * @l2_index:      which one
 * @l2_at_bytes:   its place; 0: there is none yet
 */
struct psnap_qcow2_tables {
	struct psnap_qcow2_clusters *clusters;
	uint8_t *l1;
	uint64_t l1_entries;
	uint8_t *l2;
	uint64_t l2_index;
	uint64_t l2_at_bytes;
};

/** psnap_qcow2_tables_init() - empty tables; end with _free() */
PSNAP_MUST_USE int
psnap_qcow2_tables_init(struct psnap_qcow2_tables *tables,
			struct psnap_qcow2_clusters *clusters,
			uint64_t size_bytes, struct psnap_error *err);

/**
 * psnap_qcow2_tables_reach() - go on to the table for a cluster of the disk
 * @number:  of that cluster; never less than before
 *
 * Takes a cluster for the table, so it comes before those that are noted in it.
 */
PSNAP_MUST_USE int psnap_qcow2_tables_reach(struct psnap_qcow2_tables *tables,
					    uint64_t number,
					    struct psnap_error *err);

/* Note where the cluster is that the tables have been brought to. */
void psnap_qcow2_tables_zero(struct psnap_qcow2_tables *tables,
			     uint64_t number);
void psnap_qcow2_tables_data(struct psnap_qcow2_tables *tables, uint64_t number,
			     uint64_t offset_bytes);
/* PSNAP_E_UNSUPPORTED: it is too far behind. */
PSNAP_MUST_USE int
psnap_qcow2_tables_compressed(struct psnap_qcow2_tables *tables,
			      uint64_t number, uint64_t offset_bytes,
			      uint64_t len_bytes, struct psnap_error *err);

/** psnap_qcow2_tables_end() - write what is left */
PSNAP_MUST_USE int psnap_qcow2_tables_end(struct psnap_qcow2_tables *tables,
					  const struct psnap_qcow2_ends *ends,
					  struct psnap_error *err);

/** psnap_qcow2_tables_free() - release memory */
void psnap_qcow2_tables_free(struct psnap_qcow2_tables *tables);

#endif
