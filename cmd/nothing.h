/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device that is not there: of the two that an undo file knows, the origin
 * when only the store is written to.
 */
#ifndef PSNAP_CMD_NOTHING_H
#define PSNAP_CMD_NOTHING_H

#include <psnap/io.h>

/**
 * psnap_nothing() - an io of no bytes, for reading and writing
 *
 * Return: always the same one; closing it does nothing.
 */
struct psnap_io *psnap_nothing(void);

#endif
