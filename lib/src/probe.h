/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libblkid knows: sizes of devices, and which device carries a tag.
 */
#ifndef PSNAP_PROBE_H
#define PSNAP_PROBE_H

#include <psnap/error.h>

/*
 * Size and logical sector size of what @fd has open, a regular file of any
 * size (empty included) or a block device; 512 for files. Reads no data and
 * leaves position and read-ahead of @fd as they were.
 * Return: 0, PSNAP_E_IO, PSNAP_E_UNSUPPORTED, PSNAP_E_NOMEM.
 */
int psnap_probe_size(int fd, uint64_t *size_bytes, uint32_t *sector_bytes,
		     struct psnap_error *err);

/*
 * Find the block device that carries a tag ("UUID", "LABEL", "PARTUUID" or
 * "PARTLABEL"); *path is the caller's to free(). May read every block device,
 * writes nothing, libblkid's cache file included.
 * Return: 1 found, 0 not found, PSNAP_E_NOMEM.
 */
int psnap_probe_tag(const char *tag, const char *value, char **path);

#endif
