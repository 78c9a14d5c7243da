/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hashing states.
 */
#include "seen.h"

#include <string.h>

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

#define LANES 8

/* Eight words at a time, which do not wait for each other. */
uint64_t seen_hash(uint64_t hash, const void *data, uint64_t len)
{
	const uint8_t *bytes = data;
	uint64_t lanes[LANES];
	uint64_t words[LANES];
	uint64_t at;
	unsigned int i;

	for (i = 0; i < LANES; i++)
		lanes[i] = hash + i;
	for (at = 0; at + sizeof(words) <= len; at += sizeof(words)) {
		memcpy(words, bytes + at, sizeof(words));
		for (i = 0; i < LANES; i++)
			lanes[i] = mix(lanes[i], words[i]);
	}
	hash = len;
	for (; at < len; at++)
		hash = mix(hash, bytes[at]);
	for (i = 0; i < LANES; i++)
		hash = mix(hash, lanes[i]);
	return hash;
}

/* Of the store and the undo file; to the origin nothing is written. */
static uint64_t hash_of(const struct ram *ram)
{
	uint64_t hash = 1;
	unsigned int i;

	for (i = 0; i < ram->device_count; i += 2) {
		const struct ram_device *d = &ram->devices[i];

		hash = seen_hash(hash, d->bytes,
				 d->grows ? d->len_bytes : d->io.size_bytes);
	}
	return hash | 1;
}

bool seen_before(uint64_t *seen, const struct ram *ram)
{
	uint64_t hash = hash_of(ram);
	uint64_t *slot = &seen[(hash >> 20) % SEEN_SLOTS];

	if (*slot == hash)
		return true;
	*slot = hash;
	return false;
}
