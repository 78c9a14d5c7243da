/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Room for the undo file of --undo, before anything is written.
 */
#ifndef PSNAP_CMD_SAVE_ROOM_H
#define PSNAP_CMD_SAVE_ROOM_H

#include "save.h"

/**
 * psnap_save_room_at() - is there room for an undo file?
 * @path:        need not be there yet
 * @need_bytes:  how much it may grow
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_save_room_at(const char *path, uint64_t need_bytes);

/**
 * psnap_save_room() - is there room for so much more in one that is open?
 * @need_bytes:  how much is saved at the most; that a run that was cut has made
 *               room for in the file already is known here
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_save_room(const struct psnap_save *save, uint64_t need_bytes);

#endif
