/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The counterpart of deflate.h: one block that is a zlib stream.
 */
#ifndef PSNAP_INFLATE_H
#define PSNAP_INFLATE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * psnap_inflate_block() - decompress a block
 * @want_bytes:  how many bytes have to come out; @out has room for them
 * @len_bytes:   how many @in has; both below 4 GiB
 *
 * Return: is it one whole zlib stream of so many bytes, and nothing else?
 */
bool psnap_inflate_block(const void *in, size_t len_bytes, void *out,
			 size_t want_bytes);

#endif
