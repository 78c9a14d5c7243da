/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two levels of tables of a qcow2 image that say where the clusters of the
 * disk are. These come in order, so one table of the second level is filled at
 * a time.
 */
#include "qcow2_internal.h"

#include "checked.h"
#include "fail.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_COPIED	 (UINT64_C(1) << 63) /* it has one reference */
#define ENTRY_COMPRESSED (UINT64_C(1) << 62)
#define ENTRY_ZERO	 UINT64_C(1)

static uint64_t per_l2(const struct psnap_qcow2_tables *t)
{
	return t->clusters->cluster_bytes / 8;
}

int psnap_qcow2_tables_init(struct psnap_qcow2_tables *tables,
			    struct psnap_qcow2_clusters *clusters,
			    uint64_t size_bytes, struct psnap_error *err)
{
	uint64_t bytes = clusters->cluster_bytes;
	struct psnap_qcow2_ends ends;

	psnap_qcow2_ends(size_bytes, bytes, 1, 0, &ends);
	*tables = (struct psnap_qcow2_tables){ .clusters = clusters,
					       .l1_entries = ends.l1_entries };
	tables->l1 = calloc((size_t)ends.l1_entries + 1, 8);
	tables->l2 = malloc(bytes);
	if (!tables->l1 || !tables->l2)
		return psnap_fail_nomem(err, "making tables");
	return 0;
}

static int write_l2(struct psnap_qcow2_tables *t, struct psnap_error *err)
{
	return t->l2_at_bytes
		       ? psnap_qcow2_put(t->clusters->to, t->l2_at_bytes, t->l2,
					 t->clusters->cluster_bytes, err)
		       : 0;
}

int psnap_qcow2_tables_reach(struct psnap_qcow2_tables *tables, uint64_t number,
			     struct psnap_error *err)
{
	uint64_t index = number / per_l2(tables);
	int rc;

	if (tables->l2_at_bytes && index == tables->l2_index)
		return 0;
	assert(index < tables->l1_entries && index >= tables->l2_index);
	rc = write_l2(tables, err);
	if (rc == 0)
		rc = psnap_qcow2_clusters_take(tables->clusters,
					       &tables->l2_at_bytes, err);
	if (rc)
		return rc;
	memset(tables->l2, 0, tables->clusters->cluster_bytes);
	tables->l2_index = index;
	be64_set(tables->l1 + index * 8, tables->l2_at_bytes | ENTRY_COPIED);
	return 0;
}

static void set(struct psnap_qcow2_tables *t, uint64_t number, uint64_t entry)
{
	be64_set(t->l2 + number % per_l2(t) * 8, entry);
}

void psnap_qcow2_tables_zero(struct psnap_qcow2_tables *tables, uint64_t number)
{
	set(tables, number, ENTRY_ZERO);
}

void psnap_qcow2_tables_data(struct psnap_qcow2_tables *tables, uint64_t number,
			     uint64_t offset_bytes)
{
	set(tables, number, offset_bytes | ENTRY_COPIED);
}

/* The place, and from bit @shift on how many sectors there are after the first
 * one; the larger clusters are, the lower that bit. */
int psnap_qcow2_tables_compressed(struct psnap_qcow2_tables *tables,
				  uint64_t number, uint64_t offset_bytes,
				  uint64_t len_bytes, struct psnap_error *err)
{
	uint64_t last = offset_bytes + len_bytes - 1;
	uint64_t size = tables->clusters->cluster_bytes;
	unsigned int shift = 62 - 1;

	for (; size > 512; size /= 2)
		shift--;
	if (last >> shift)
		return psnap_fail_at(err, PSNAP_E_UNSUPPORTED, offset_bytes,
				     "a qcow2 image cannot have compressed "
				     "data there; leave it uncompressed");
	set(tables, number,
	    ENTRY_COMPRESSED | offset_bytes |
		    (last / PSNAP_QCOW2_SECTOR_BYTES -
		     offset_bytes / PSNAP_QCOW2_SECTOR_BYTES)
			    << shift);
	return 0;
}

int psnap_qcow2_tables_end(struct psnap_qcow2_tables *tables,
			   const struct psnap_qcow2_ends *ends,
			   struct psnap_error *err)
{
	uint64_t to_bytes = ends->l1_cluster * tables->clusters->cluster_bytes;
	int rc = write_l2(tables, err);

	return rc ? rc
		  : psnap_qcow2_put(tables->clusters->to, to_bytes, tables->l1,
				    (size_t)tables->l1_entries * 8, err);
}

void psnap_qcow2_tables_free(struct psnap_qcow2_tables *tables)
{
	free(tables->l1);
	free(tables->l2);
	*tables = (struct psnap_qcow2_tables){ 0 };
}
