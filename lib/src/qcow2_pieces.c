/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which clusters of the input are to be stored, in order: those that the changes
 * touch, or those that are no holes.
 */
#include "qcow2_internal.h"

#include "checked.h"

void psnap_qcow2_pieces_begin(struct psnap_qcow2_pieces *pieces,
			      struct psnap_io *shown,
			      const struct psnap_qcow2_options *options)
{
	*pieces = (struct psnap_qcow2_pieces){
		.shown = shown,
		.all = { 0, shown->size_bytes },
		.count = 1,
		.keep_holes = options->changes != NULL,
		.cluster_bytes = options->cluster_bytes,
	};
	if (options->changes)
		pieces->list =
			psnap_extents_list(options->changes, &pieces->count);
}

/* The rest of the range that the walk is in; clusters that the one before has
 * touched, too, were part of that. */
static bool next_range(struct psnap_qcow2_pieces *p, uint64_t *start,
		       uint64_t *end)
{
	uint64_t mask = p->cluster_bytes - 1;

	for (; p->next < p->count; p->next++) {
		const struct psnap_extent *e =
			p->list ? &p->list[p->next] : &p->all;
		uint64_t stop = min_u64(e->offset_bytes + e->len_bytes,
					p->shown->size_bytes);

		*start = e->offset_bytes & ~mask;
		if (*start < p->at_bytes)
			*start = p->at_bytes;
		/* Not past the end by a sum: a disk has less than 2^63 bytes. */
		*end = (stop + mask) & ~mask;
		if (*start < *end)
			return true;
	}
	return false;
}

bool psnap_qcow2_pieces_next(struct psnap_qcow2_pieces *pieces,
			     uint64_t max_bytes, struct psnap_extent *piece,
			     bool *hole)
{
	uint64_t mask = pieces->cluster_bytes - 1;
	uint64_t start;
	uint64_t end;
	uint64_t data;

	while (next_range(pieces, &start, &end)) {
		if (pieces->data_bytes <= start)
			pieces->data_bytes =
				psnap_io_next_data(pieces->shown, start);
		data = pieces->data_bytes;
		/* The cluster that the data begins in is none. */
		if (data < pieces->shown->size_bytes)
			data &= ~mask;
		else
			data = end;
		*hole = data > start;
		if (*hole)
			end = min_u64(end, data);
		if (!*hole || pieces->keep_holes) {
			end = start + min_u64(end - start, max_bytes);
			pieces->at_bytes = end;
			*piece = (struct psnap_extent){ start, end - start };
			return true;
		}
		pieces->at_bytes = end;
	}
	return false;
}
