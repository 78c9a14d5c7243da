/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Room for the undo file of --undo, before anything is written.
 */
#ifndef PSNAP_CMD_SAVE_ROOM_H
#define PSNAP_CMD_SAVE_ROOM_H

#include "save.h"

/**
 * psnap_save_length() - may the undo file become so long where it is?
 * @fd:         the file, open
 * @end_bytes:  where it may end
 *
 * Of FAT, a file has 4 GiB at the most, however much is free. Every file system
 * is asked alike: lseek(2) does not go where no file can reach. A limit of the
 * process (ulimit -f) counts, too.
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_save_length(const char *path, int fd, uint64_t end_bytes);

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
 * Also whether the file may become so long.
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_save_room(const struct psnap_save *save, uint64_t need_bytes);

#endif
