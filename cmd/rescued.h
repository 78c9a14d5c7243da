/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Maps of what could be rescued of a disk, as the command line names them.
 */
#ifndef PSNAP_CMD_RESCUED_H
#define PSNAP_CMD_RESCUED_H

#include <psnap/extents.h>

/**
 * psnap_rescued_read() - read a map of ddrescue
 * @path:       the map; NULL: none, and nothing is done
 * @unrescued:  made; what the map does not call finished
 *
 * Return: 0, or an exit status after a message. Release @unrescued either way.
 */
int psnap_rescued_read(const char *path, struct psnap_extents **unrescued);

#endif
