/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reading (io.c) and writing (io_write.c) share.
 */
#ifndef PSNAP_IO_COMMON_H
#define PSNAP_IO_COMMON_H

#include <psnap/io.h>

/* A device that keeps answering EINTR is broken, not busy. */
#define PSNAP_IO_EINTR_LIMIT 1000

/* 0 when the range lies inside [0, size_bytes), else PSNAP_E_RANGE. */
int psnap_io_check_range(const struct psnap_io *io, uint64_t offset_bytes,
			 uint64_t len_bytes, struct psnap_error *err);

#endif
