/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * infer_damage COUNT : stores of any kind, damaged at random: pieces of the
 * table and of what stands around it are zero, random, or have a bit flipped,
 * areas are lost, the device is cut, other stores are in the data. Ends with
 * status 1 when a chunk size is told with confidence and wrong, or when none is
 * ever told.
 */
#include "made.h"

#include "random.h"

#include <inttypes.h>
#include <psnap/infer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WOUNDS_MAX 8u

enum wound_kind {
	WOUND_ZERO,
	WOUND_NOISE,
	WOUND_FLIP,
	WOUND_KINDS
};

/* [start, end) of the store */
struct wound {
	uint64_t start_bytes;
	uint64_t end_bytes;
	enum wound_kind kind;
};

struct patient {
	struct psnap_io io;
	struct made store;
	struct made inside;
	struct wound wounds[WOUNDS_MAX];
	unsigned int wound_count;
};

static void hurt(enum wound_kind kind, uint64_t at_bytes, uint8_t *to)
{
	uint64_t slot[2] = { 0 };

	if (kind == WOUND_NOISE) {
		slot[0] = next_random();
		slot[1] = next_random();
	} else if (kind == WOUND_FLIP) {
		memcpy(slot, to, sizeof(slot));
		slot[1] ^= UINT64_C(1) << at_bytes / 16 % 8;
	}
	memcpy(to, slot, sizeof(slot));
}

static int64_t patient_read_some(struct psnap_io *io, uint64_t offset_bytes,
				 void *buf, size_t len_bytes)
{
	const struct patient *p = (const struct patient *)(const void *)io;
	uint64_t end_bytes = offset_bytes + len_bytes;
	uint8_t *to = buf;
	unsigned int i;
	uint64_t at;

	made_read(&p->store, offset_bytes, false, to, len_bytes);
	for (i = 0; i < p->wound_count; i++) {
		const struct wound *w = &p->wounds[i];

		at = w->start_bytes > offset_bytes ? w->start_bytes
						   : offset_bytes;
		for (; at < w->end_bytes && at < end_bytes; at += 16)
			hurt(w->kind, at, to + (at - offset_bytes));
	}
	return (int64_t)len_bytes;
}

static int patient_close(struct psnap_io *io)
{
	(void)io;
	return 0;
}

static const struct psnap_io_ops patient_ops = {
	.read_some = patient_read_some,
	.close = patient_close,
};

static uint64_t below(uint64_t limit)
{
	return next_random() % limit;
}

static void make_store(struct made *m)
{
	static const uint64_t most[] = { 5, 40, 300, 3000, 50000 };

	*m = (struct made){
		.chunk_bytes = UINT64_C(512) << below(12),
		.exceptions = 1 + below(most[below(5)]),
		.layout = (enum made_layout)below(MADE_LAYOUTS),
		.lost_areas = below(3),
		.lost = below(2) ? MADE_NOISE : MADE_ZERO,
		.data = below(2) ? MADE_NOISE : MADE_ZERO,
		.behind = below(2) ? MADE_NOISE : MADE_ZERO,
	};
}

/* In one of the first areas, or somewhere in the first MiB. */
static void wound(struct patient *p)
{
	uint64_t chunk_bytes = p->store.chunk_bytes;
	struct wound *w = &p->wounds[p->wound_count++];

	w->start_bytes = below(1 << 20);
	if (below(3))
		w->start_bytes =
			(1 + below(4) * (chunk_bytes / 16 + 1)) * chunk_bytes +
			below(chunk_bytes);
	w->start_bytes &= ~UINT64_C(511);
	w->end_bytes = w->start_bytes +
		       (UINT64_C(512) << below(p->wound_count > 1 ? 8 : 16));
	w->kind = (enum wound_kind)below(WOUND_KINDS);
}

static void make_patient(struct patient *p)
{
	unsigned int count = (unsigned int)below(WOUNDS_MAX);

	memset(p, 0, sizeof(*p));
	make_store(&p->store);
	make_store(&p->inside);
	p->inside.lost_areas = 0;
	if (below(4) == 0)
		p->store.inside = &p->inside;
	made_init(&p->store);
	while (p->wound_count < count)
		wound(p);
	p->io = p->store.io;
	p->io.ops = &patient_ops;
	if (below(4) == 0)
		p->io.size_bytes = below(p->io.size_bytes) & ~UINT64_C(511);
}

int main(int argc, char **argv)
{
	long count = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
	long right = 0, asked = 0, wrong = 0;
	long i;

	for (i = 0; i < count; i++) {
		struct psnap_candidate list[PSNAP_CANDIDATES_MAX];
		struct patient p;
		size_t found;
		bool decided;

		make_patient(&p);
		if (psnap_infer_geometry(&p.io, NULL, NULL, list, &found,
					 &decided, NULL)) {
			printf("WRONG: store %ld: inference failed\n", i);
			wrong++;
		} else if (!decided) {
			asked++;
		} else if (list[0].chunk_bytes == p.store.chunk_bytes) {
			right++;
		} else {
			printf("WRONG: store %ld: %" PRIu64 " of %" PRIu64
			       ": %s\n",
			       i, list[0].chunk_bytes, p.store.chunk_bytes,
			       list[0].text);
			wrong++;
		}
	}
	printf("%ld right, %ld asked, %ld wrong\n", right, asked, wrong);
	return wrong > 0 || right == 0;
}
