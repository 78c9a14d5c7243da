/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --undo FILE of a command that writes: where the file may be, and the ios to
 * write through.
 */
#ifndef PSNAP_CMD_SAVE_H
#define PSNAP_CMD_SAVE_H

#include "operand.h"

#include <psnap/undo.h>

/**
 * struct psnap_save - zero-initialise, then psnap_save_open()
 * @room_later:  of a file that is continued, the caller looks after the room
 *            with psnap_save_room(), once it is open
 * @continued:  there was something in the file
 * @path:     the undo file as the user wrote it; NULL: none
 * @file:     open
 * @devices:  write through these
 */
struct psnap_save {
	bool room_later;
	bool continued;
	const char *path;
	struct psnap_io *file;
	struct psnap_undo *undo;
	struct psnap_io *devices[PSNAP_UNDO_DEVICES];
};

/**
 * psnap_save_open() - begin to save, or not to
 * @path:        the undo file, or NULL: save->devices are the operands' ios
 * @store, @origin:  open for writing, alone
 * @need_bytes:  how much the file will grow at most
 *
 * Nothing is created when the file cannot be where it is to be.
 * Return: 0, or an exit status after a message. End with psnap_save_close()
 * either way.
 */
int psnap_save_open(struct psnap_save *save, const char *path,
		    struct psnap_operand *store, struct psnap_operand *origin,
		    uint64_t need_bytes, const struct psnap_progress *progress);

/** psnap_save_bytes() - the size of the undo file */
uint64_t psnap_save_bytes(const struct psnap_save *save);

/** psnap_save_close() - stop saving; the operands stay open */
void psnap_save_close(struct psnap_save *save);

#endif
