/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a stream of lvmsync. Its ranges are no longer than a piece: whoever
 * applies them holds each in memory.
 */
#include "lvmsync_format.h"

#include "checked.h"
#include "fail.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES ((size_t)1 << 20)

static int put_piece(struct psnap_io *shown, uint64_t at_bytes, size_t len,
		     uint8_t *piece, psnap_convert_take_fn *take, void *ctx,
		     struct psnap_error *err)
{
	int rc;

	lvmsync_put_head(piece, at_bytes, (uint32_t)len);
	rc = psnap_io_read(shown, at_bytes, piece + LVMSYNC_HEAD_BYTES, len,
			   err);
	return rc ? rc : take(ctx, piece, LVMSYNC_HEAD_BYTES + len);
}

static int put_range(struct psnap_io *shown, const struct psnap_extent *range,
		     uint8_t *piece, psnap_convert_take_fn *take, void *ctx,
		     const struct psnap_progress *progress, uint64_t done_bytes,
		     uint64_t total_bytes, uint64_t *made_bytes,
		     struct psnap_error *err)
{
	uint64_t done = 0;
	int rc = 0;

	while (rc == 0 && done < range->len_bytes) {
		size_t len =
			(size_t)min_u64(PIECE_BYTES, range->len_bytes - done);

		rc = put_piece(shown, range->offset_bytes + done, len, piece,
			       take, ctx, err);
		done += len;
		*made_bytes += LVMSYNC_HEAD_BYTES + len;
		if (rc == 0 && progress && progress->tick &&
		    progress->tick(progress->ctx, done_bytes + done,
				   total_bytes))
			rc = psnap_fail(err, PSNAP_E_INTERRUPTED,
					"interrupted");
	}
	return rc;
}

int psnap_lvmsync_write(struct psnap_io *shown, struct psnap_extents *ranges,
			psnap_convert_take_fn *take, void *ctx,
			const struct psnap_progress *progress,
			uint64_t *made_bytes, struct psnap_error *err)
{
	const struct psnap_extent *list;
	uint64_t total = 0;
	uint64_t done = 0;
	uint8_t *piece;
	size_t count;
	size_t i;
	int rc;

	*made_bytes = 0;
	list = psnap_extents_list(ranges, &count);
	for (i = 0; i < count; i++)
		total += list[i].len_bytes;
	piece = malloc(LVMSYNC_HEAD_BYTES + PIECE_BYTES);
	if (!piece)
		return psnap_fail_nomem(err, "making a stream of changes");
	rc = take(ctx, LVMSYNC_LINE, strlen(LVMSYNC_LINE));
	*made_bytes = strlen(LVMSYNC_LINE);
	for (i = 0; i < count && rc == 0; i++) {
		if (i + 1 < count)
			psnap_io_prefetch(
				shown, list[i + 1].offset_bytes,
				min_u64(list[i + 1].len_bytes, PIECE_BYTES));
		rc = put_range(shown, &list[i], piece, take, ctx, progress,
			       done, total, made_bytes, err);
		done += list[i].len_bytes;
	}
	free(piece);
	return rc;
}
