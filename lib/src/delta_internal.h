/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An open delta: delta_read.c opens and verifies it, delta_io.c shows what it
 * leads to, delta_apply.c writes it.
 */
#ifndef PSNAP_DELTA_INTERNAL_H
#define PSNAP_DELTA_INTERNAL_H

#include "delta_format.h"

/**
 * struct psnap_delta - an open delta
 * @entries:      the index; owned
 * @frames_end:   where the index begins
 * @f:            the last frame that was read
 * @f_read:       how much of it
 * @f_entry:      and which it is
 * @io, @base:    of psnap_delta_view()
 */
struct psnap_delta {
	struct psnap_io *file;
	struct disk_delta_header header;
	struct psnap_delta_info info;
	uint32_t crc32;
	struct disk_delta_entry *entries;
	uint64_t frames_end;
	struct delta_frame f;
	enum {
		DELTA_NOTHING,
		DELTA_HEAD,
		DELTA_ALL
	} f_read;
	uint64_t f_entry;
	struct psnap_io io;
	struct psnap_io *base;
};

/* Have frame @entry in d->f: @all of it, or its ranges. */
int psnap_delta_load(struct psnap_delta *d, uint64_t entry, bool all,
		     struct psnap_error *err);

/* Does a frame lead from what @base has there now to what is there already?
 * Counts blocks into @match; @now is of DELTA_DATA_BYTES_MAX. */
int psnap_delta_match_frame(const struct delta_frame *f, struct psnap_io *base,
			    uint8_t *now, struct psnap_delta_match *match,
			    struct psnap_error *err);

/* PSNAP_E_RANGE when the base is smaller than the delta wants. */
int psnap_delta_check_base(const struct psnap_delta *d,
			   const struct psnap_io *base,
			   struct psnap_error *err);

#endif
