/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Map files of GNU ddrescue: which parts of an image hold what was on the disk.
 * Format: the GNU ddrescue manual, "Mapfile structure".
 */
#ifndef PSNAP_MAPFILE_H
#define PSNAP_MAPFILE_H

#include <psnap/extents.h>

PSNAP_BEGIN_DECLS

/**
 * psnap_mapfile_read() - read a map
 * @file:       the map, a text of at most 64 MiB
 * @unrescued:  receives every byte that the map does not call finished ('+'),
 *              gaps between its blocks and everything behind the last included
 *
 * On failure @unrescued may hold a part of it.
 * Return: 0, or
 *   PSNAP_E_CORRUPT  not a map; @err names the line and what is wrong with it
 *   PSNAP_E_IO, PSNAP_E_TRUNCATED, PSNAP_E_NOMEM
 */
PSNAP_API PSNAP_MUST_USE int psnap_mapfile_read(struct psnap_io *file,
						struct psnap_extents *unrescued,
						struct psnap_error *err);

PSNAP_END_DECLS

#endif
