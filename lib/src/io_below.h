/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Having the disk below a loop device at work early. What such a device is given
 * to write, it leaves to the page cache of the file it stands on; that file goes to
 * its disk when a flush asks for it, and neither does anything while the other
 * works. And what it is to read it reads from that file one after the other.
 * Nothing depends on any of this: the same bytes are read and written without it,
 * and an error is for them to tell, of which this takes nothing away. So the file
 * may even be another one of that name, in a mount namespace of its own.
 */
#ifndef PSNAP_IO_BELOW_H
#define PSNAP_IO_BELOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct psnap_io_below - what is known of the file below
 * @fd:           it, open for reading; -1: there is none, or was not yet
 * @looked:       for it
 * @start_bytes:  where the device begins in it; UINT64_MAX: not known
 * @asked:        the system was, to write it, and has not answered yet
 * @bytes:        written since it was asked
 */
struct psnap_io_below {
	int fd;
	bool looked;
	uint64_t start_bytes;
	bool asked;
	uint64_t bytes;
};

/** psnap_io_below_new() - nothing written, nothing known */
struct psnap_io_below psnap_io_below_new(void);

/**
 * psnap_io_below_due() - is the system to be asked to begin writing @below->fd?
 * @device:     what is written to: a block device, or a file on one
 * @len_bytes:  written to it since the last call
 *
 * True every 16 MiB, where @device is a loop device or lies on one, and the system
 * is not at it already: sync_file_range(2) with SYNC_FILE_RANGE_WRITE, of all of
 * it.
 */
bool psnap_io_below_due(struct psnap_io_below *below, int device,
			size_t len_bytes);

/** psnap_io_below_done() - the system has answered; negative: never ask again */
void psnap_io_below_done(struct psnap_io_below *below, int result);

/**
 * psnap_io_below_fetch() - have read what is going to be read from the device
 * @device:  a loop device or a partition of one; of anything else nothing is
 *
 * Begun and not waited for.
 */
void psnap_io_below_fetch(struct psnap_io_below *below, int device,
			  uint64_t offset_bytes, size_t len_bytes);

/** psnap_io_below_release() - close the file; the system may still be at it */
void psnap_io_below_release(struct psnap_io_below *below);

#endif
