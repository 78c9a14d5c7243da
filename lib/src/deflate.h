/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks compressed each for itself, through zlib, by a compressor that is made
 * once. For whoever has several threads: one for each.
 */
#ifndef PSNAP_DEFLATE_H
#define PSNAP_DEFLATE_H

#include <psnap/error.h>
#include <stddef.h>

struct psnap_deflate;

/**
 * psnap_deflate_new() - a compressor
 * @window_bits:  as zlib has them: 9..15 with a header and a checksum, -9..-15
 *                without
 * @level:        1..9
 * @made:         out: release with psnap_deflate_free(); NULL on failure
 *
 * Return: 0, PSNAP_E_NOMEM.
 */
PSNAP_MUST_USE int psnap_deflate_new(int window_bits, int level,
				     struct psnap_deflate **made,
				     struct psnap_error *err);

/**
 * psnap_deflate_block() - compress a block
 * @len_bytes, @room_bytes:  below 4 GiB
 *
 * Return: how many bytes of @out it takes; 0: it does not fit.
 */
size_t psnap_deflate_block(struct psnap_deflate *d, const void *in,
			   size_t len_bytes, void *out, size_t room_bytes);

/** psnap_deflate_free() - release it; NULL is fine */
void psnap_deflate_free(struct psnap_deflate *d);

#endif
