/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Having the disk below a loop device at work early. What such a device is given
 * to write, it leaves to the page cache of the file it stands on; that file goes to
 * its disk when a flush asks for it, and neither does anything while the other
 * works.
 */
#ifndef PSNAP_IO_PUSH_H
#define PSNAP_IO_PUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct psnap_io_push - what is known of the file below
 * @fd:      it, open for reading; -1: nothing is to be pushed, or was not yet
 * @looked:  for it
 * @asked:   the system was, and has not answered yet
 * @bytes:   written since it was asked
 */
struct psnap_io_push {
	int fd;
	bool looked;
	bool asked;
	uint64_t bytes;
};

/** psnap_io_push_new() - nothing written, nothing known */
struct psnap_io_push psnap_io_push_new(void);

/**
 * psnap_io_push_due() - is the system to be asked to begin writing @push->fd?
 * @device:     what is written to: a block device, or a file on one
 * @len_bytes:  written to it since the last call
 *
 * True every 16 MiB, where @device is a loop device or lies on one, and the system
 * is not at it already: sync_file_range(2) with SYNC_FILE_RANGE_WRITE, of all of
 * it. Nothing depends on it: what is written is what would be, and an error is
 * for the flush to tell, of which this takes nothing away. So the file may even be
 * another one of that name, in a mount namespace of its own.
 */
bool psnap_io_push_due(struct psnap_io_push *push, int device,
		       size_t len_bytes);

/** psnap_io_push_done() - the system has answered; @result negative: never again */
void psnap_io_push_done(struct psnap_io_push *push, int result);

/** psnap_io_push_release() - close the file, when the system is not at it */
void psnap_io_push_release(struct psnap_io_push *push);

#endif
