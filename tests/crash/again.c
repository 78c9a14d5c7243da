/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recovery is remembered by the store it began with: the version of what that
 * follows, and the blocks in which it may differ.
 */
#include "again.h"

#include "follow.h"

#include <stdlib.h>
#include <string.h>

#define ASK_EVERY 64u

/* Is it the store of the last time? It is, the next time. */
static bool is_last(struct again *a, const struct ram_device *store)
{
	size_t len = follow_differing(store, NULL);
	uint8_t *differs;
	bool same;

	if (len == 0 && a->differs_len == 0 &&
	    store->base->version == a->version)
		return true;
	differs = malloc(len + 1);
	if (!differs)
		abort();
	follow_differing(store, differs);
	same = store->base->version == a->version && len == a->differs_len &&
	       memcmp(differs, a->differs, len) == 0;
	free(a->differs);
	a->differs = differs;
	a->differs_len = len;
	a->version = store->base->version;
	return same;
}

static uint64_t reads_elsewhere(const struct ram *ram)
{
	uint64_t reads = 0;
	unsigned int i;

	for (i = 1; i < ram->device_count; i++)
		reads += ram->devices[i].reads;
	return reads;
}

/* With a log of what is written, which is that of @a then. */
static void ask(struct again *a, struct ram *ram, bool record,
		int (*recover)(struct ram *ram, const void *ctx),
		const void *ctx)
{
	uint64_t reads = reads_elsewhere(ram);

	ram_forget(ram);
	ram->recording = record;
	a->rc = recover(ram, ctx);
	ram->recording = false;
	a->looked_further = reads_elsewhere(ram) != reads;
	if (record)
		ram_swap_logs(ram, &a->log);
}

static void write_again(const struct again *a, struct ram *ram)
{
	size_t i;

	for (i = 0; i < a->log.event_count; i++)
		if (a->log.events[i].len_bytes)
			ram_apply(ram, &a->log, i, UINT64_MAX);
}

int again_recover(struct again *a, struct ram *ram,
		  int (*recover)(struct ram *ram, const void *ctx),
		  const void *ctx)
{
	if (!is_last(a, &ram->devices[0]))
		a->times = 0;
	a->times++;
	/* To write a log is worth it when the same store comes again. */
	if (a->times <= 2 || a->looked_further) {
		ask(a, ram, a->times > 1, recover, ctx);
		return a->rc;
	}
	a->same++;
	if (a->same % ASK_EVERY == 0) {
		int rc = a->rc;

		ask(a, ram, true, recover, ctx);
		/* The one before is the log of @ram now. */
		if (rc != a->rc || !ram_same_logs(ram, &a->log))
			abort();
	} else {
		write_again(a, ram);
	}
	return a->rc;
}

void again_release(struct again *a)
{
	free(a->differs);
	ram_release(&a->log);
}
