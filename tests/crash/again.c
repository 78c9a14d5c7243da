/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recovery is remembered by all that it could have read: the bytes of what the
 * state follows, by their version, and of the blocks in which the state may
 * differ from that those that a recovery has ever read. What is remembered holds
 * until one reads where none did before.
 */
#include "again.h"

#include "follow.h"
#include "seen.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS	  256u
#define ASK_EVERY 64u

/*
 * @len_bytes:  of those that grow
 * @read:       the blocks that differ and were read, and where they are
 * @log:        what was written; @rc is what was returned
 */
struct known {
	uint64_t versions[RAM_DEVICES];
	uint64_t len_bytes[RAM_DEVICES];
	uint8_t *read;
	size_t read_len;
	size_t read_max;
	struct ram log;
	int rc;
};

/* @now is of the state at hand, its log unused. */
struct again {
	struct known slots[SLOTS];
	struct known now;
	uint64_t same;
};

struct again *again_new(void)
{
	struct again *a = calloc(1, sizeof(*a));

	if (!a)
		abort();
	return a;
}

void again_free(struct again *a)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		free(a->slots[i].read);
		ram_release(&a->slots[i].log);
	}
	free(a->now.read);
	free(a);
}

static void describe(struct known *k, const struct ram *ram)
{
	unsigned int i;

	k->read_len = 0;
	for (i = 0; i < ram->device_count; i++) {
		const struct ram_device *d = &ram->devices[i];

		k->versions[i] = d->base->version;
		k->len_bytes[i] = d->grows ? d->len_bytes : 0;
		follow_append_read(d, &k->read, &k->read_len, &k->read_max);
	}
}

static struct known *find(struct again *a)
{
	struct known *k = &a->now;
	uint64_t hash = seen_hash(1, k->read, k->read_len);

	hash = seen_hash(hash, k->versions, sizeof(k->versions));
	hash = seen_hash(hash, k->len_bytes, sizeof(k->len_bytes));
	return &a->slots[(hash >> 20) % SLOTS];
}

static bool is_same(const struct known *a, const struct known *b)
{
	return a->versions[0] != 0 &&
	       memcmp(a->versions, b->versions, sizeof(a->versions)) == 0 &&
	       memcmp(a->len_bytes, b->len_bytes, sizeof(a->len_bytes)) == 0 &&
	       a->read_len == b->read_len &&
	       memcmp(a->read, b->read, a->read_len) == 0;
}

/* @k is the one that is known now, and what was known there is @now. */
static void remember(struct known *k, struct known *now)
{
	struct known was = *k;

	*k = *now;
	k->log = was.log;
	*now = was;
	memset(&now->log, 0, sizeof(now->log));
}

/* With a log of what is written, which is that of @k then. */
static int ask(struct known *k, struct ram *ram,
	       int (*recover)(struct ram *ram, const void *ctx),
	       const void *ctx)
{
	ram_forget(ram);
	ram->recording = true;
	k->rc = recover(ram, ctx);
	ram->recording = false;
	ram_swap_logs(ram, &k->log);
	return k->rc;
}

static void write_again(const struct known *k, struct ram *ram)
{
	size_t i;

	for (i = 0; i < k->log.event_count; i++)
		if (k->log.events[i].len_bytes)
			ram_apply(ram, &k->log, i, UINT64_MAX);
}

int again_recover(struct again *a, struct ram *ram,
		  int (*recover)(struct ram *ram, const void *ctx),
		  const void *ctx)
{
	struct known *k;
	int rc;

	describe(&a->now, ram);
	k = find(a);
	if (!is_same(k, &a->now)) {
		uint64_t reads = follow_reads(ram);

		remember(k, &a->now);
		rc = ask(k, ram, recover, ctx);
		/* Read where none did before. */
		if (follow_reads(ram) != reads)
			k->versions[0] = 0;
		return rc;
	}
	rc = k->rc;
	if (++a->same % ASK_EVERY != 0) {
		write_again(k, ram);
		return rc;
	}
	/* The log that is known is that of @ram then. */
	if (ask(k, ram, recover, ctx) != rc || !ram_same_logs(ram, &k->log))
		abort();
	return rc;
}
