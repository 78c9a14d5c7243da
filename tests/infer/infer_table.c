/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * infer_table : every chunk size x stores of 1, 10, 1000, 100000 exceptions x
 * header lost, header and area 0 lost, each in many variants. The answer has to
 * be right, or honestly no answer. Prints what came out as a table, and what
 * came out of stores that are made to mislead. Ends with status 1 when any
 * answer was given with confidence and wrong.
 */
#include "made.h"

#include <inttypes.h>
#include <psnap/infer.h>
#include <stdio.h>
#include <string.h>

#define COUNTS 4u
static const uint64_t counts[COUNTS] = { 1, 10, 1000, 100000 };

/* Of a store, for each chunk size, at most. */
#define READ_BYTES_MAX (UINT64_C(16) << 20)

struct tally {
	unsigned int right;
	unsigned int asked;
	unsigned int wrong;
};

static unsigned int wrong_total;

static void describe(const struct made *m, const struct psnap_candidate *c)
{
	printf("WRONG: %" PRIu64 " said of %" PRIu64 ": %" PRIu64
	       " exceptions, layout %d, lost areas %" PRIu64
	       ", lost %d, data %d, behind %d, inside %" PRIu64
	       ", below %" PRIu64 ": score %" PRIu64 ": %s\n",
	       c->chunk_bytes, m->chunk_bytes, m->exceptions, (int)m->layout,
	       m->lost_areas, (int)m->lost, (int)m->data, (int)m->behind,
	       m->inside ? m->inside->chunk_bytes : 0,
	       m->below ? m->below->chunk_bytes : 0, c->score, c->text);
}

static void try_one(struct made *m, bool with_origin, struct tally *tally)
{
	struct psnap_candidate list[PSNAP_CANDIDATES_MAX];
	struct psnap_io origin = {
		.size_bytes = MADE_ORIGIN_CHUNKS * m->chunk_bytes,
	};
	size_t count;
	bool decided;

	made_init(m);
	if (psnap_infer_geometry(&m->io, with_origin ? &origin : NULL, NULL,
				 list, &count, &decided, NULL)) {
		printf("WRONG: inference failed\n");
		tally->wrong++;
	} else if (m->read_bytes > PSNAP_CANDIDATES_MAX * READ_BYTES_MAX) {
		printf("WRONG: %" PRIu64 " bytes were read\n", m->read_bytes);
		tally->wrong++;
	} else if (!decided) {
		tally->asked++;
	} else if (count > 0 && list[0].chunk_bytes == m->chunk_bytes) {
		tally->right++;
	} else {
		tally->wrong++;
		describe(m, &list[0]);
	}
}

/* Layouts, what stands where something was lost, what data is, what is behind
 * it, and whether the origin is known. */
static void try_variants(uint64_t chunk_bytes, uint64_t exceptions,
			 uint64_t lost_areas, struct tally *tally)
{
	unsigned int v;

	for (v = 0; v < MADE_LAYOUTS * 8; v++) {
		struct made m = {
			.chunk_bytes = chunk_bytes,
			.exceptions = exceptions,
			.layout = (enum made_layout)(v / 8),
			.lost_areas = lost_areas,
			.lost = v & 1 ? MADE_NOISE : MADE_ZERO,
			.data = v & 2 ? MADE_ZERO : MADE_NOISE,
			.behind = v & 4 ? MADE_NOISE : MADE_ZERO,
		};

		try_one(&m, (v / 8 + v) % 2 == 0, tally);
	}
}

static void print_cell(const struct tally *t)
{
	char text[32];

	if (t->wrong > 0)
		(void)snprintf(text, sizeof(text), "WRONG");
	else if (t->asked == 0)
		(void)snprintf(text, sizeof(text), "right");
	else if (t->right == 0)
		(void)snprintf(text, sizeof(text), "asks");
	else
		(void)snprintf(text, sizeof(text), "%u, asks %u", t->right,
			       t->asked);
	printf(" %-12s |", text);
	wrong_total += t->wrong;
}

static void print_size(uint64_t bytes)
{
	if (bytes < 1024)
		printf("| %5" PRIu64 " B  |", bytes);
	else if (bytes < 1 << 20)
		printf("| %5" PRIu64 " KiB|", bytes >> 10);
	else if (bytes < 1 << 30)
		printf("| %5" PRIu64 " MiB|", bytes >> 20);
	else
		printf("| %5" PRIu64 " GiB|", bytes >> 30);
}

static void print_table(uint64_t lost_areas)
{
	uint64_t bytes;
	unsigned int i;

	printf("| chunk    | 1 exception  | 10           | 1000         | "
	       "100000       |\n"
	       "|---------:|--------------|--------------|--------------|"
	       "--------------|\n");
	for (bytes = 512; bytes <= 1 << 30; bytes *= 2) {
		print_size(bytes);
		for (i = 0; i < COUNTS; i++) {
			struct tally t = { 0, 0, 0 };

			try_variants(bytes, counts[i], lost_areas, &t);
			print_cell(&t);
		}
		putchar('\n');
		fflush(stdout);
	}
	putchar('\n');
}

/* Stores with a table of @other_bytes inside their data, or of an older store
 * around them: half of the variants, from @first on. */
static void try_two_sizes(uint64_t chunk_bytes, uint64_t other_bytes,
			  unsigned int first, struct tally tallies[3])
{
	unsigned int v;

	for (v = first; v < 8; v += 2) {
		struct made other = {
			.chunk_bytes = other_bytes,
			.exceptions = counts[1 + v % 3],
			.data = v & 1 ? MADE_NOISE : MADE_ZERO,
		};
		struct made m = {
			.chunk_bytes = chunk_bytes,
			.exceptions = counts[v / 2],
			.data = v & 1 ? MADE_NOISE : MADE_ZERO,
			.inside = &other,
		};

		try_one(&m, false, &tallies[0]);
		m.lost_areas = 1;
		try_one(&m, false, &tallies[1]);
		/* Were area 0 lost as well, the older store would be all there
		 * is. */
		m.lost_areas = 0;
		m.inside = NULL;
		m.below = &other;
		try_one(&m, false, &tallies[2]);
	}
}

static void try_copies(uint64_t chunk_bytes, uint64_t lost_areas,
		       struct tally *tally)
{
	unsigned int v;

	for (v = 0; v < 16; v++) {
		struct made m = {
			.chunk_bytes = chunk_bytes,
			.exceptions = counts[v / 4],
			.lost_areas = lost_areas,
			.data = v & 1 ? MADE_COPIES : MADE_ONE_COPY,
			.behind = v & 2 ? MADE_NOISE : MADE_ZERO,
		};

		try_one(&m, false, tally);
	}
}

static void print_hostile(const char *what, const struct tally *t)
{
	printf("| %-50s | %5u | %5u | %5u |\n", what, t->right, t->asked,
	       t->wrong);
	wrong_total += t->wrong;
}

static void print_misleading(void)
{
	struct tally t[3] = { 0 };
	struct tally copies[2] = { 0 };
	unsigned int pair = 0;
	uint64_t bytes, other;

	for (bytes = 512; bytes <= 1 << 30; bytes *= 2) {
		for (other = 512; other <= 1 << 30; other *= 2)
			if (other != bytes)
				try_two_sizes(bytes, other, pair++ % 2, t);
		try_copies(bytes, 0, &copies[0]);
		try_copies(bytes, 1, &copies[1]);
	}
	printf("| %-50s | right |  asks | wrong |\n|:%.50s-|------:|------:|"
	       "------:|\n",
	       "stores that mislead",
	       "--------------------------------------------------------");
	print_hostile("a store of another size is in the data", &t[0]);
	print_hostile("the same, and area 0 is lost", &t[1]);
	print_hostile("an older store of another size shows behind", &t[2]);
	print_hostile("data chunks are copies of a table", &copies[0]);
	print_hostile("the same, and area 0 is lost", &copies[1]);
}

int main(void)
{
	print_table(0);
	print_table(1);
	print_misleading();
	return wrong_total > 0;
}
