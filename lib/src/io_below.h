/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Having the disk below a loop device at work early. What such a device is given
 * to write, it leaves to the page cache of the file it stands on; that file goes to
 * its disk when a flush asks for it, and neither does anything while the other
 * works. And what it is to read it reads from that file one after the other.
 */
#ifndef PSNAP_IO_BELOW_H
#define PSNAP_IO_BELOW_H

#include <psnap/io.h>

/**
 * struct psnap_io_below - what is known of the file below
 * @fd:            it, open for reading; -1: there is none, or was not yet
 * @looked:        for it
 * @size_bytes:    of it
 * @start_bytes:   where the device begins in it
 * @asked:         the system was, to write some of it, and has not answered yet
 * @next_bytes:    what it will be asked for next begins there
 * @bytes:         written to the device since
 * @failed_errno:  of what it could not write; 0: nothing
 */
struct psnap_io_below {
	int fd;
	bool looked;
	uint64_t size_bytes;
	uint64_t start_bytes;
	bool asked;
	uint64_t next_bytes;
	uint64_t bytes;
	int failed_errno;
};

/** psnap_io_below_new() - nothing written, nothing known */
struct psnap_io_below psnap_io_below_new(void);

/**
 * psnap_io_below_due() - is the system to be asked to write of @below->fd?
 * @device:     what is written to
 * @len_bytes:  written to it since the last call
 * @part:       what to ask for, less than 4 GiB: sync_file_range(2) with
 *              SYNC_FILE_RANGE_WRITE
 *
 * From 16 MiB on true every MiB, where @device is a loop device or a partition of
 * one, and the system is not at it already. Each time it is another 64th of the
 * file, one after the other: a disk with heads has them in order, and what a psnap
 * that is killed leaves behind is little.
 */
bool psnap_io_below_due(struct psnap_io_below *below, int device,
			size_t len_bytes, struct psnap_extent *part);

/**
 * psnap_io_below_done() - the system has answered
 * @result:  negative: it is not asked again. Of a disk's failure a flush might
 *           never hear: what could not be written may no longer be there to write
 */
void psnap_io_below_done(struct psnap_io_below *below, int result);

/**
 * psnap_io_below_fetch() - have read what is going to be read from the device
 *
 * Begun and not waited for; nothing depends on it.
 */
void psnap_io_below_fetch(struct psnap_io_below *below, int device,
			  uint64_t offset_bytes, size_t len_bytes);

/** psnap_io_below_release() - close the file; the system may still be at it */
void psnap_io_below_release(struct psnap_io_below *below);

#endif
