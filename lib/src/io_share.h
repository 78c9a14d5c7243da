/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sharing blocks of files instead of copying them.
 */
#ifndef PSNAP_IO_SHARE_H
#define PSNAP_IO_SHARE_H

#include <psnap/io.h>

/**
 * struct psnap_share - zero-initialise, then psnap_share_begin()
 * @block_bytes:  ranges have to begin and end at multiples of it; 0: nothing
 *                can be shared
 */
struct psnap_share {
	int fd;
	uint64_t device;
	uint64_t block_bytes;
};

/* Find out whether @to could share blocks with anybody. */
void psnap_share_begin(struct psnap_share *share, const struct psnap_io *to);

/*
 * Have @to show at @offset_bytes what @from has there, at most @len_bytes. How
 * many bytes it does now; 0: copy them, or the first few of them.
 */
uint64_t psnap_share(struct psnap_share *share, struct psnap_io *from,
		     uint64_t offset_bytes, uint64_t len_bytes);

#endif
