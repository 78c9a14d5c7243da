/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An io that lies about its flushes: they do nothing, or flush other devices.
 */
#ifndef PSNAP_TEST_LAZY_H
#define PSNAP_TEST_LAZY_H

#include <psnap/io.h>

struct lazy {
	struct psnap_io io;
	struct psnap_io_ops ops;
	struct psnap_io *inner;
	struct psnap_io *flushed[2];
};

/* A flush of @l flushes these, in this order; NULL: nothing. */
void lazy_init(struct lazy *l, struct psnap_io *inner, struct psnap_io *first,
	       struct psnap_io *second);

#endif
