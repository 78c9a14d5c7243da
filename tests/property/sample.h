/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Legal stores made from a seed, of every shape a kernel leaves: in order or
 * not, with holes, full to the last slot, empty, over leftovers of an earlier
 * store. With arithmetic of its own. Damaging them is for damage.c.
 */
#ifndef PSNAP_TEST_SAMPLE_H
#define PSNAP_TEST_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#define SAMPLE_SECTOR_BYTES 512u
#define SAMPLE_ENTRY_BYTES  16u

struct pair_entry {
	uint64_t old_chunk;
	uint64_t new_chunk;
};

/*
 * @bytes:         the store
 * @size_bytes:    of it; damage may cut it
 * @room_bytes:    allocated
 * @entries, @count:  the exceptions, in table order
 * @origin_bytes:  size of the origin
 * @has_origin:    it is at hand for a repair
 * @seed:          where random numbers go on
 * @shifted:       damage moved the store as a whole
 */
struct sample {
	uint8_t *bytes;
	uint64_t size_bytes;
	uint64_t room_bytes;
	uint64_t chunk_bytes;
	struct pair_entry *entries;
	uint64_t count;
	uint64_t origin_bytes;
	bool has_origin;
	uint64_t seed;
	bool shifted;
};

/* @chunk_bytes_max: no larger chunks; @areas_max: of exceptions. */
void sample_make(struct sample *s, uint64_t seed, uint64_t chunk_bytes_max,
		 uint64_t areas_max);
void sample_copy(struct sample *to, const struct sample *from);
void sample_release(struct sample *s);

uint64_t sample_random(struct sample *s);
/* [0, limit), which is not 0 */
uint64_t sample_below(struct sample *s, uint64_t limit);

/* Where slot @slot of the table stands, counted over all areas. */
uint64_t sample_slot_offset(const struct sample *s, uint64_t slot);
/* Slots of areas that lie wholly on the device. */
uint64_t sample_slots(const struct sample *s);

uint64_t sample_get(const uint8_t *p, int bytes);
void sample_put(uint8_t *p, uint64_t value, int bytes);

#endif
