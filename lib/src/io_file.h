/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening files and block devices, for io_exclusive.c and io_behind.c to build
 * on.
 */
#ifndef PSNAP_IO_FILE_H
#define PSNAP_IO_FILE_H

#include <psnap/io.h>

/*
 * Open @path with @flags (O_RDONLY, or O_RDWR with O_EXCL for block devices or
 * O_CREAT for regular files). PSNAP_E_BUSY when O_EXCL was refused.
 */
int psnap_io_file_open(const char *path, int flags, struct psnap_io **io,
		       struct psnap_error *err);

/* Is it one that this made, with O_RDWR, and no wrapper? */
bool psnap_io_file_is_writable(const struct psnap_io *io);

#endif
