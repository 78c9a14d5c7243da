/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * newstore*.c: what a kernel would read from a new store, by a reader that
 * knows nothing but the format, next to the bytes it was to show; which
 * states a power cut leaves. What is refused or fails is in
 * t_newstore_refuse.c, the layout at the ends of areas in
 * t_newstore_layout.c.
 */
#include "newstore_reader.h"
#include "newstore_scene.h"
#include "ram.h"
#include "test.h"

#define TRIALS 400u
#define CUTS   40u
#define SECTOR 512u

/* The device had a store that loads; what is on it after a power cut is still
 * that one, the new one, or nothing that loads. */
static bool cut_is_safe(const struct ram *log, struct ram *disk,
			const uint8_t *before)
{
	const uint8_t *after = log->devices[OUT].bytes;
	size_t len = (size_t)log->devices[OUT].io.size_bytes;
	size_t cut = (size_t)below(log->event_count + 1);
	size_t flushed = 0;

	for (size_t i = 0; i < cut; i++)
		if (log->events[i].len_bytes == 0)
			flushed = i;
	memcpy(disk->devices[OUT].bytes, before, len);
	for (size_t i = 0; i < cut; i++)
		if (log->events[i].len_bytes > 0)
			ram_apply(disk, log, i,
				  i < flushed ? UINT64_MAX : next_random());
	return !loads(disk->devices[OUT].bytes) ||
	       memcmp(disk->devices[OUT].bytes, before, len) == 0 ||
	       memcmp(disk->devices[OUT].bytes, after, len) == 0;
}

static bool cuts_are_safe(const struct ram *log, const uint8_t *before)
{
	struct ram disk = { 0 };
	bool safe = true;

	ram_init_like(&disk, log);
	for (unsigned int i = 0; i < CUTS; i++)
		safe = cut_is_safe(log, &disk, before) && safe;
	ram_release(&disk);
	return safe;
}

/* To something that holds another store and rubbish. */
static void write_used(struct scene *s, uint64_t out_bytes, bool *good)
{
	uint8_t *before = malloc(out_bytes);
	struct psnap_error err = { 0 };
	struct ram ram = { 0 };
	struct ram_device *out;
	struct reading reading;

	ram_init(&ram, &out_bytes, 1);
	out = &ram.devices[OUT];
	if (!before)
		abort();
	fill_random(out->bytes, out_bytes);
	memcpy(out->bytes, "SnAp\1\0\0\0\1\0\0\0\1\0\0\0", 16);
	memcpy(before, out->bytes, out_bytes);
	ram.recording = true;
	if (psnap_newstore_write(s->store, &out->io, false, &err))
		printf("# %s\n", err.message);
	reading = read_store(out->bytes, out_bytes, origin, shown, s->size);
	*good = reading.wrong == NULL && reading.exceptions == s->exceptions &&
		reading.chunk_bytes == s->chunk && reading.next_area_zero &&
		cuts_are_safe(&ram, before);
	if (!*good)
		printf("# chunk %zu, %zu bytes: %s\n", s->chunk, s->size,
		       reading.wrong ? reading.wrong : "otherwise wrong");
	free(before);
	ram_release(&ram);
}

/* To something that is zero: no zeros are written, and the end is the same as
 * with them. */
static bool write_zero(struct scene *s, uint64_t out_bytes)
{
	struct ram ram = { 0 };
	bool same;

	ram_init(&ram, (uint64_t[]){ out_bytes, out_bytes }, 2);
	same = psnap_newstore_write(s->store, &ram.devices[0].io, false,
				    NULL) == 0 &&
	       psnap_newstore_write(s->store, &ram.devices[1].io, true, NULL) ==
		       0 &&
	       memcmp(ram.devices[0].bytes, ram.devices[1].bytes, out_bytes) ==
		       0;
	ram_release(&ram);
	return same;
}

static void test_random(void)
{
	unsigned int good = 0;
	unsigned int planned = 0;
	unsigned int same = 0;
	uint64_t exceptions = 0;
	uint64_t dropped = 0;

	for (unsigned int i = 0; i < TRIALS; i++) {
		struct scene s = { .drop_equal = i % 3 == 0 };
		const struct psnap_newstore_plan *plan;
		size_t chunk;
		bool is_good;

		chunk = (size_t)SECTOR << below(12);
		make_scene(&s, chunk, (size_t)below(SHOWN_MAX - 1) + 1);
		plan = psnap_newstore_plan(s.store);
		planned += plan->exceptions == s.exceptions &&
			   plan->dropped == s.dropped &&
			   plan->needed_bytes <= OUT_MAX * 2;
		exceptions += s.exceptions;
		dropped += s.dropped;
		write_used(&s, plan->needed_bytes + (i % 2 ? 0 : below(200000)),
			   &is_good);
		good += is_good;
		same += write_zero(&s, plan->needed_bytes);
		end_scene(&s);
	}
	printf("# %" PRIu64 " exceptions, %" PRIu64 " dropped\n", exceptions,
	       dropped);
	T_OK(exceptions > 5000 && dropped > 100, "there is something to do");
	T_EQ_U64(planned, TRIALS);
	T_EQ_U64(good, TRIALS);
	T_EQ_U64(same, TRIALS);
}

int main(void)
{
	test_random();
	return T_DONE();
}
