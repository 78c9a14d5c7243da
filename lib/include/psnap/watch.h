/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An io that tells of every write before it happens, and one that keeps all
 * writes in memory: what a log and a dry run are made of.
 */
#ifndef PSNAP_WATCH_H
#define PSNAP_WATCH_H

#include <psnap/io.h>

PSNAP_BEGIN_DECLS

/**
 * typedef psnap_watch_fn - told of a write before it is done
 * @old_bytes:  what stands there; NULL when it cannot be read
 * @new_bytes:  what is going to
 *
 * A negative return keeps the write from being done; it then fails.
 */
typedef int psnap_watch_fn(void *ctx, uint64_t offset_bytes,
			   const void *old_bytes, const void *new_bytes,
			   size_t len_bytes);

/**
 * psnap_io_open_watch() - an io that forwards, and tells of writes
 * @inner:  open for writing; stays the caller's
 *
 * Return: 0, PSNAP_E_NOMEM.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_io_open_watch(struct psnap_io *inner, psnap_watch_fn *watch, void *ctx,
		    struct psnap_io **io, struct psnap_error *err);

/**
 * psnap_io_open_overlay() - an io whose writes stay in memory
 * @inner:       only ever read; stays the caller's
 * @size_bytes:  of the new io; what lies behind @inner reads as zero
 *
 * Takes 4 KiB of memory, and a little, for each 4 KiB that are written to.
 * Return: 0, PSNAP_E_NOMEM.
 */
PSNAP_API PSNAP_MUST_USE int psnap_io_open_overlay(struct psnap_io *inner,
						   uint64_t size_bytes,
						   struct psnap_io **io,
						   struct psnap_error *err);

PSNAP_END_DECLS

#endif
