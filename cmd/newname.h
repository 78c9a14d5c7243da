/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name of a new file: nothing may have it, and the file may not come to be
 * on a device that is only read, for writing to the one is writing to the other.
 */
#ifndef PSNAP_CMD_NEWNAME_H
#define PSNAP_CMD_NEWNAME_H

#include "operand.h"

#include <psnap/newfile.h>

/**
 * psnap_newname_taken() - is there anything at that path?
 *
 * A link that leads nowhere is something, too.
 */
bool psnap_newname_taken(const char *path);

/**
 * psnap_newname_devices() - refuse what would be on the device of an operand
 * @operands:  NULL-terminated; one that is not open has no device
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_newname_devices(const char *path,
			  const struct psnap_operand *const *operands);

/**
 * psnap_newname_check() - refuse both
 * @option:  which names the file, for the message
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_newname_check(const char *option, const char *path,
			const struct psnap_operand *const *operands);

/**
 * psnap_newname_commit() - give the file its name, which is still nobody's
 *
 * Return: 0, or an exit status after a message. The file is released either way.
 */
int psnap_newname_commit(const char *option, const char *path,
			 struct psnap_newfile *file);

#endif
