/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a file would be that is not there yet.
 */
#ifndef PSNAP_CMD_PLACE_H
#define PSNAP_CMD_PLACE_H

#include "operand.h"

/**
 * psnap_place_of() - what to ask about the file system of a file
 * @path:  need not be there yet
 *
 * Return: the file, or the directory that a new one would be in, which need
 * not be that of a link to it; NULL: no memory. To be freed.
 */
char *psnap_place_of(const char *path);

/**
 * psnap_place_stands_on() - would a file be on the device of an operand?
 * @path:     need not be there yet
 * @operand:  one that is not open has no device
 *
 * Then writing to the file would write to the device.
 */
bool psnap_place_stands_on(const char *path,
			   const struct psnap_operand *operand);

#endif
