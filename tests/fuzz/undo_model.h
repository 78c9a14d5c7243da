/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an undo file means, worked out from psnap-undo(5) alone: which records
 * count, and what putting them back makes of the devices.
 */
#ifndef PSNAP_FUZZ_UNDO_MODEL_H
#define PSNAP_FUZZ_UNDO_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_RECORDS_BYTES 16384u
#define MODEL_HEAD_BYTES    48u
#define MODEL_RECORDS_MAX   4096u

/* @good: there is a header, and every record that was relied on. */
struct undo_model {
	bool good;
	uint64_t size_bytes[2];
	size_t records;
	size_t at[MODEL_RECORDS_MAX];
	uint64_t saved_bytes;
	size_t end_bytes;
};

void undo_model_read(struct undo_model *m, const uint8_t *file, size_t len);

/* Put back onto devices of the sizes that the file says. */
void undo_model_apply(const struct undo_model *m, const uint8_t *file,
		      uint8_t *const devices[2]);

/*
 * Make records of the bytes behind the header: what has a plausible length gets
 * the magic, the checksums and the chain that it needs, unless its run begins
 * with a byte that says which of them not (bits 0 to 3).
 */
void undo_model_repair(uint8_t *file, size_t len);

#endif
