/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands on an io: a file system, swap, a volume; its type, UUID and label.
 */
#ifndef PSNAP_CONTENT_H
#define PSNAP_CONTENT_H

#include <psnap/error.h>

PSNAP_BEGIN_DECLS

struct psnap_io;

/** struct psnap_content - each "" when it has none; any bytes may be in @label */
struct psnap_content {
	char type[32];
	char uuid[64];
	char label[256];
};

/**
 * psnap_content_probe() - ask libblkid what an io holds
 * @io:       any io: libblkid is shown a copy of its first and last MiB
 * @content:  out: @type is "" when nothing is known, or several things are
 *
 * I/O: reads 3 MiB. Memory: as much. What cannot be read is shown as zeros.
 * Return: 0, PSNAP_E_NOMEM, or PSNAP_E_IO when there is no place for the copy.
 */
PSNAP_API PSNAP_MUST_USE int psnap_content_probe(struct psnap_io *io,
						 struct psnap_content *content,
						 struct psnap_error *err);

PSNAP_END_DECLS

#endif
