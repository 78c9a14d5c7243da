/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rebuilding header and areas from a list: going through the list, and what is
 * wrong with an entry. Where entries go, and in which order what is written,
 * is for the other files (rebuild_internal.h).
 */
#include "rebuild_internal.h"

#include "chunkset.h"
#include "fail.h"

#include <inttypes.h>
#include <stdlib.h>

/* Numbers that are named already; only a check has them. */
struct named {
	struct chunkset old_chunks;
	struct chunkset new_chunks;
};

int psnap_rebuild_tick(const struct rebuilder *r, struct psnap_error *err)
{
	const struct psnap_progress *p = &r->options->progress;
	uint64_t at_bytes = r->geo.store_bytes;

	if (r->area_index < r->geo.area_count)
		at_bytes =
			psnap_geometry_entry_offset(&r->geo, r->area_index, 0);
	if (p->tick && p->tick(p->ctx, at_bytes, r->geo.store_bytes))
		return psnap_fail(err, PSNAP_E_INTERRUPTED, "interrupted");
	return 0;
}

/* How many chunks from @chunk on are data? */
static uint64_t data_chunks_from(const struct psnap_geometry *geo,
				 uint64_t chunk)
{
	uint64_t place = chunk % geo->stride_chunks;

	if (chunk == 0 || place == 1)
		return 0;
	return place == 0 ? 1 : geo->stride_chunks + 1 - place;
}

static int judge_new(const struct psnap_geometry *geo,
		     const struct psnap_run *run, struct psnap_error *err)
{
	uint64_t data_chunks;
	uint64_t beyond = run->new_chunk;

	/* Of chunks that go beyond the end, the first that does. */
	if (beyond < geo->chunk_count)
		beyond = geo->chunk_count;
	if (run->chunks > beyond - run->new_chunk)
		return psnap_fail(
			err, PSNAP_E_CORRUPT,
			"store chunk %" PRIu64 ", of origin chunk %" PRIu64
			", is not on the store, which has %" PRIu64
			" of %" PRIu64 " bytes",
			beyond, run->old_chunk + (beyond - run->new_chunk),
			geo->chunk_count, geo->chunk_bytes);
	data_chunks = data_chunks_from(geo, run->new_chunk);
	if (run->chunks > data_chunks)
		return psnap_fail(err, PSNAP_E_CORRUPT,
				  "store chunk %" PRIu64
				  ", of origin chunk %" PRIu64
				  ", is the place of the header or an area",
				  run->new_chunk + data_chunks,
				  run->old_chunk + data_chunks);
	return 0;
}

static int judge(const struct psnap_geometry *geo,
		 const struct psnap_rebuild_entry *entry,
		 struct psnap_error *err)
{
	const struct psnap_run *run = &entry->run;
	uint64_t limit = psnap_old_chunk_limit(geo);

	if (run->chunks == 0 || (entry->has_crc32 && run->chunks != 1))
		return psnap_fail(err, PSNAP_E_API,
				  "%" PRIu64 " chunks in one entry%s",
				  run->chunks,
				  entry->has_crc32 ? " with a checksum" : "");
	if (run->old_chunk >= limit || run->chunks > limit - run->old_chunk)
		return psnap_fail(err, PSNAP_E_CORRUPT,
				  "origin chunk %" PRIu64
				  " is beyond the largest device there can be",
				  run->old_chunk > limit ? run->old_chunk
							 : limit);
	return judge_new(geo, run, err);
}

static int take(struct rebuilder *r, struct named *named,
		const struct psnap_rebuild_entry *entry,
		struct psnap_error *err)
{
	const struct psnap_run *run = &entry->run;
	int rc = judge(&r->geo, entry, err);

	if (rc == 0 && named)
		rc = psnap_chunkset_add(&named->old_chunks, run->old_chunk,
					run->chunks, err);
	if (rc == 0 && named)
		rc = psnap_chunkset_add(&named->new_chunks, run->new_chunk,
					run->chunks, err);
	/* Before the data is read: a list without end must not make it read
	 * for ever. */
	if (rc == 0)
		rc = psnap_rebuild_table_put(r, run, err);
	if (rc == 0 && named && entry->has_crc32)
		rc = psnap_rebuild_data_compare(r, entry, err);
	return rc;
}

static int go_through(struct rebuilder *r, struct named *named,
		      struct psnap_error *err)
{
	const struct psnap_rebuild_options *options = r->options;
	int rc;

	rc = psnap_rebuild_header_rest(r, err);
	if (rc)
		return rc;
	for (;;) {
		struct psnap_rebuild_entry entry = { 0 };

		rc = options->next(options->ctx, &entry, err);
		if (rc <= 0)
			break;
		rc = take(r, named, &entry, err);
		if (rc)
			break;
	}
	if (rc == 0)
		rc = psnap_rebuild_table_end(r, err);
	if (rc == 0)
		rc = psnap_rebuild_header_end(r, err);
	return rc;
}

static int judge_twice(struct named *named, struct psnap_error *err)
{
	psnap_chunkset_finish(&named->old_chunks);
	psnap_chunkset_finish(&named->new_chunks);
	if (named->old_chunks.duplicates > 0)
		return psnap_fail(err, PSNAP_E_CORRUPT,
				  "origin chunk %" PRIu64
				  " has more than one exception",
				  named->old_chunks.noted[0]);
	if (named->new_chunks.duplicates > 0)
		return psnap_fail(err, PSNAP_E_CORRUPT,
				  "store chunk %" PRIu64
				  " is named by more than one exception",
				  named->new_chunks.noted[0]);
	return 0;
}

static int begin(struct rebuilder *r, struct psnap_io *store,
		 const struct psnap_rebuild_options *options,
		 struct psnap_rebuild_result *result, struct psnap_error *err)
{
	int rc;

	*result = (struct psnap_rebuild_result){ 0 };
	*r = (struct rebuilder){
		.store = store,
		.options = options,
		.result = result,
	};
	rc = psnap_geometry_init(&r->geo, store->size_bytes,
				 options->chunk_bytes, err);
	if (rc)
		return rc;
	if (r->geo.area_count == 0)
		return psnap_fail_at(err, PSNAP_E_TRUNCATED, store->size_bytes,
				     "ends before the first area of exceptions "
				     "does, at byte %" PRIu64,
				     2 * options->chunk_bytes);
	return psnap_rebuild_batch_init(r, err);
}

static void end(struct rebuilder *r)
{
	psnap_rebuild_batch_release(r);
	free(r->data);
}

int psnap_rebuild_check(struct psnap_io *store,
			const struct psnap_rebuild_options *options,
			struct psnap_rebuild_result *result,
			struct psnap_error *err)
{
	struct named *named = calloc(1, sizeof(*named));
	struct rebuilder r = { 0 };
	int rc;

	*result = (struct psnap_rebuild_result){ 0 };
	if (!named)
		return psnap_fail_nomem(err, "rebuilding a table");
	rc = begin(&r, store, options, result, err);
	if (rc == 0)
		rc = psnap_chunkset_init(&named->old_chunks, UINT64_MAX, 1,
					 err);
	if (rc == 0)
		rc = psnap_chunkset_init(&named->new_chunks, r.geo.chunk_count,
					 1, err);
	if (rc == 0)
		rc = go_through(&r, named, err);
	if (rc == 0)
		rc = judge_twice(named, err);
	psnap_chunkset_release(&named->new_chunks);
	psnap_chunkset_release(&named->old_chunks);
	end(&r);
	free(named);
	return rc;
}

int psnap_rebuild_write(struct psnap_io *store,
			const struct psnap_rebuild_options *options,
			struct psnap_rebuild_result *result,
			struct psnap_error *err)
{
	struct rebuilder r;
	int rc = begin(&r, store, options, result, err);

	r.write = true;
	if (rc == 0)
		rc = go_through(&r, NULL, err);
	end(&r);
	return rc;
}
