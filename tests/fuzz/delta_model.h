/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A delta made from psnap-delta(5) alone, as an input says: its ranges, its data,
 * and what is wrong with it.
 */
#ifndef PSNAP_FUZZ_DELTA_MODEL_H
#define PSNAP_FUZZ_DELTA_MODEL_H

#include "fuzz.h"

#define MODEL_BASE_BYTES 20000u
#define MODEL_FILE_BYTES ((size_t)256 << 10)

/*
 * @good:   every rule was kept
 * @shown:  what it leads to, if so
 * @data_bytes:  in all ranges
 */
struct delta_model {
	bool good;
	size_t len;
	size_t data_bytes;
	uint8_t file[MODEL_FILE_BYTES];
	uint8_t shown[MODEL_BASE_BYTES];
};

/* What the origin has. */
uint8_t delta_model_base(size_t at);

/* The CRC-32 of psnap-delta(5). */
uint32_t delta_model_crc32(const uint8_t *data, size_t len);

void delta_model_make(struct delta_model *m, struct fuzz_cursor *c);

#endif
