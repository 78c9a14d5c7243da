/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is where in a qcow2 image, how large its tables become, and which sizes
 * of clusters make them too large for QEMU. Nothing is written here.
 */
#include "qcow2_internal.h"

#include "checked.h"
#include "fail.h"

#include <string.h>

/* block/qcow2.h of QEMU: QCOW_MAX_L1_SIZE, QCOW_MAX_REFTABLE_SIZE; block/qcow2.c:
 * a longer name of a backing file is refused. */
#define L1_BYTES_MAX	(UINT64_C(32) << 20)
#define TABLE_BYTES_MAX (UINT64_C(8) << 20)
#define BACKING_MAX	1023u

#define MAGIC	      0x514649fbu
#define VERSION	      3u
#define HEADER_BYTES  104u
#define COUNT_ORDER   4u /* reference counts have 2^4 bits */
#define EXT_BACKING   0xe2792acau
#define BACKING_KIND  "raw"
#define BACKING_BEGIN (HEADER_BYTES + 8 + 8 + 8)

static uint64_t div_up(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

uint64_t psnap_qcow2_disk_bytes(uint64_t size_bytes)
{
	return div_up(size_bytes, PSNAP_QCOW2_SECTOR_BYTES) *
	       PSNAP_QCOW2_SECTOR_BYTES;
}

/* How much of the disk a table of the second level is about: 8 bytes each. */
static uint64_t l2_reach_bytes(uint64_t cluster_bytes)
{
	return cluster_bytes / 8 * cluster_bytes;
}

void psnap_qcow2_ends(uint64_t size_bytes, uint64_t cluster_bytes,
		      uint64_t used_clusters, uint64_t placed_blocks,
		      struct psnap_qcow2_ends *ends)
{
	uint64_t per_block = cluster_bytes / 2;
	uint64_t l1_clusters;
	uint64_t blocks = placed_blocks;
	uint64_t before;

	ends->l1_entries = div_up(psnap_qcow2_disk_bytes(size_bytes),
				  l2_reach_bytes(cluster_bytes));
	l1_clusters = div_up(ends->l1_entries * 8, cluster_bytes);
	ends->l1_cluster = used_clusters;
	ends->table_cluster = used_clusters + l1_clusters;
	/* The blocks are counted in the blocks, too: until it comes out even.
	 * Each turn adds less than the one before. */
	do {
		before = blocks;
		ends->table_clusters = div_up(blocks * 8, cluster_bytes);
		ends->blocks_cluster =
			ends->table_cluster + ends->table_clusters;
		ends->end_cluster =
			ends->blocks_cluster + (blocks - placed_blocks);
		blocks = div_up(ends->end_cluster, per_block);
	} while (blocks > before);
	ends->block_count = before;
}

/* Clusters that hold any byte of the ranges. */
static uint64_t touched_clusters(const struct psnap_qcow2_options *o,
				 uint64_t size_bytes, uint64_t cluster_bytes)
{
	const struct psnap_extent *list;
	uint64_t next = 0;
	uint64_t sum = 0;
	size_t count;
	size_t i;

	if (!o->changes)
		return div_up(size_bytes, cluster_bytes);
	list = psnap_extents_list(o->changes, &count);
	for (i = 0; i < count; i++) {
		uint64_t first = list[i].offset_bytes / cluster_bytes;
		uint64_t end = div_up(list[i].offset_bytes + list[i].len_bytes,
				      cluster_bytes);

		if (first < next)
			first = next;
		sum += end - first;
		next = end;
	}
	return sum;
}

/* If nothing turned out to be zero, and nothing became smaller. */
static bool tables_fit(uint64_t size_bytes, const struct psnap_qcow2_options *o,
		       uint64_t cluster_bytes)
{
	uint64_t data = touched_clusters(o, size_bytes, cluster_bytes);
	struct psnap_qcow2_ends ends;
	uint64_t l2_tables;

	l2_tables = min_u64(data,
			    div_up(size_bytes, l2_reach_bytes(cluster_bytes)));
	psnap_qcow2_ends(size_bytes, cluster_bytes, 1 + data + l2_tables, 0,
			 &ends);
	return ends.l1_entries <= L1_BYTES_MAX / 8 &&
	       ends.block_count <= TABLE_BYTES_MAX / 8;
}

static bool name_fits(const struct psnap_qcow2_options *o,
		      uint64_t cluster_bytes)
{
	return !o->backing ||
	       strlen(o->backing) <= cluster_bytes - BACKING_BEGIN;
}

int psnap_qcow2_fit(uint64_t size_bytes,
		    const struct psnap_qcow2_options *options,
		    uint64_t *cluster_bytes, struct psnap_error *err)
{
	uint64_t c;

	*cluster_bytes = 0;
	if (options->backing && strlen(options->backing) > BACKING_MAX)
		return psnap_fail(err, PSNAP_E_UNSUPPORTED,
				  "its path is longer than the %u characters "
				  "that QEMU takes for a backing file",
				  BACKING_MAX);
	for (c = PSNAP_QCOW2_CLUSTER_BYTES_MIN;
	     c <= PSNAP_QCOW2_CLUSTER_BYTES_MAX; c *= 2)
		if (c >= options->cluster_bytes && name_fits(options, c) &&
		    tables_fit(size_bytes, options, c)) {
			*cluster_bytes = c;
			return 0;
		}
	return psnap_fail(err, PSNAP_E_UNSUPPORTED,
			  "%llu bytes are more than QEMU can have in a qcow2 "
			  "image",
			  (unsigned long long)size_bytes);
}

static uint32_t bits_of(uint64_t power)
{
	uint32_t bits = 0;

	while (power >> bits > 1)
		bits++;
	return bits;
}

void psnap_qcow2_header(uint8_t *cluster, uint64_t size_bytes,
			const struct psnap_qcow2_options *options,
			const struct psnap_qcow2_ends *ends)
{
	uint64_t bytes = options->cluster_bytes;
	size_t len = options->backing ? strlen(options->backing) : 0;

	be32_set(cluster, MAGIC);
	be32_set(cluster + 4, VERSION);
	be32_set(cluster + 20, bits_of(bytes));
	be64_set(cluster + 24, psnap_qcow2_disk_bytes(size_bytes));
	be32_set(cluster + 36, (uint32_t)ends->l1_entries);
	be64_set(cluster + 40, ends->l1_cluster * bytes);
	be64_set(cluster + 48, ends->table_cluster * bytes);
	be32_set(cluster + 56, (uint32_t)ends->table_clusters);
	be32_set(cluster + 96, COUNT_ORDER);
	be32_set(cluster + 100, HEADER_BYTES);
	if (len == 0)
		return;
	be64_set(cluster + 8, BACKING_BEGIN);
	be32_set(cluster + 16, (uint32_t)len);
	be32_set(cluster + HEADER_BYTES, EXT_BACKING);
	be32_set(cluster + HEADER_BYTES + 4, sizeof(BACKING_KIND) - 1);
	memcpy(cluster + HEADER_BYTES + 8, BACKING_KIND,
	       sizeof(BACKING_KIND) - 1);
	/* Behind it, an extension of kind 0 and length 0 ends the list. */
	memcpy(cluster + BACKING_BEGIN, options->backing, len);
}
