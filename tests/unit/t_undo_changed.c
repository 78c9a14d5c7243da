/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Putting back onto devices that others have written to since: what comes back,
 * what stays, and which devices are too different to be the same.
 */
#include "test.h"
#include "undo_ram.h"

#define STORE_BYTES  (200u << 10)
#define ORIGIN_BYTES (120u << 10)
/* That much of the origin is overwritten; in a device of this size, samples
 * stand at every fourth sector. */
#define MERGED_BYTES 65536u
#define SAMPLES_STEP 2048u
#define SAMPLES_LAST 54u

static const struct psnap_undo_options accept_changed_origin = {
	.accept_changed_origin = true,
};

static struct psnap_undo_info info;

static int check(struct undo_scene *s, bool accept)
{
	return psnap_undo_check(&s->file.io, s->ios,
				accept ? &accept_changed_origin : NULL, &info,
				NULL);
}

static void changed_in_places(void)
{
	struct undo_scene s;
	struct ram *origin = &s.device[PSNAP_UNDO_ORIGIN];
	uint8_t *original;

	scene_init(&s, STORE_BYTES, ORIGIN_BYTES);
	original = s.original[PSNAP_UNDO_ORIGIN];
	scene_overwrite(&s, MERGED_BYTES);
	T_EQ_I64(check(&s, true), 0);
	T_EQ_U64(info.changed[PSNAP_UNDO_ORIGIN], 0);

	/* In what was merged: two samples, of which one could be what an undo
	 * tore, and beside them. */
	origin->bytes[1030] ^= 1;
	origin->bytes[1600] ^= 1;
	origin->bytes[SAMPLES_STEP * 3 + 512] ^= 1;
	/* Behind it, the same. */
	origin->bytes[SAMPLES_STEP * 45] ^= 1;
	origin->bytes[SAMPLES_STEP * 45 + 512] ^= 1;
	T_EQ_I64(check(&s, false), PSNAP_E_BUSY);
	T_EQ_U64(info.changed[PSNAP_UNDO_STORE], 0);
	T_EQ_U64(info.changed[PSNAP_UNDO_ORIGIN], 2);
	T_EQ_U64(info.changed_bytes[PSNAP_UNDO_ORIGIN], 1536);
	T_EQ_I64(scene_apply(&s, NULL), PSNAP_E_BUSY);

	original[SAMPLES_STEP * 45] ^= 1;
	original[SAMPLES_STEP * 45 + 512] ^= 1;
	T_EQ_I64(psnap_undo_apply(&s.file.io, s.ios, &accept_changed_origin,
				  &info, NULL),
		 0);
	T_EQ_U64(info.changed[PSNAP_UNDO_ORIGIN], 2);
	T_OK(scene_is_original(&s), "what was saved is back, the rest stays");
	/* Cut, it is run again. */
	T_EQ_I64(psnap_undo_apply(&s.file.io, s.ios, &accept_changed_origin,
				  &info, NULL),
		 0);
	T_EQ_U64(info.changed[PSNAP_UNDO_ORIGIN], 1);
	T_OK(scene_is_original(&s), "and again");
	scene_release(&s);
}

static void flip_samples(struct ram *r, unsigned int first, unsigned int count)
{
	for (unsigned int i = first; i < first + count; i++)
		r->bytes[(uint64_t)i * SAMPLES_STEP] ^= 1;
}

/* As many may differ as are the same, and no more. */
static void another_device(void)
{
	struct undo_scene s;
	struct ram *origin = &s.device[PSNAP_UNDO_ORIGIN];
	unsigned int wrong = 0;
	uint64_t samples;

	scene_init(&s, STORE_BYTES, ORIGIN_BYTES);
	psnap_undo_close(scene_begin(&s));
	for (uint64_t at = 0; at < ORIGIN_BYTES; at += 512)
		origin->bytes[at] ^= 1;
	T_EQ_I64(check(&s, true), PSNAP_E_BUSY);
	samples = info.changed[PSNAP_UNDO_ORIGIN];
	T_OK(samples >= 60, "all %llu differ", (unsigned long long)samples);
	for (uint64_t at = 0; at < ORIGIN_BYTES; at += 512)
		origin->bytes[at] ^= 1;

	for (unsigned int n = 1; n <= SAMPLES_LAST; n++) {
		int want = n <= samples - n ? 0 : PSNAP_E_BUSY;

		flip_samples(origin, n, 1);
		wrong += check(&s, true) != want;
		wrong += info.changed[PSNAP_UNDO_ORIGIN] != n;
		wrong += check(&s, false) != PSNAP_E_BUSY;
	}
	T_EQ_U64(wrong, 0);
	scene_release(&s);
}

/* Most of a disk, and of any other, is zeros, or what it was wiped with. */
static void fills_tell_nothing(uint8_t fill)
{
	struct undo_scene s;
	struct ram *origin = &s.device[PSNAP_UNDO_ORIGIN];

	scene_init(&s, STORE_BYTES, ORIGIN_BYTES);
	memset(origin->bytes, fill, ORIGIN_BYTES);
	flip_samples(origin, 10, 4);
	psnap_undo_close(scene_begin(&s));
	flip_samples(origin, 10, 2);
	T_EQ_I64(check(&s, true), 0);
	T_EQ_U64(info.changed[PSNAP_UNDO_ORIGIN], 2);
	T_EQ_I64(check(&s, false), PSNAP_E_BUSY);
	T_OK(info.acceptable, "the way out is told");
	flip_samples(origin, 30, 1);
	T_EQ_I64(check(&s, true), PSNAP_E_BUSY);
	T_EQ_U64(info.changed[PSNAP_UNDO_ORIGIN], 3);
	T_OK(!info.acceptable, "there is no way out");
	flip_samples(origin, 30, 1);
	flip_samples(origin, 12, 1);
	T_EQ_I64(check(&s, true), PSNAP_E_BUSY);
	scene_release(&s);
}

/* Its data is not in the undo file. */
static void a_store(void)
{
	struct undo_scene s;

	scene_init(&s, STORE_BYTES, ORIGIN_BYTES);
	scene_overwrite(&s, MERGED_BYTES);
	s.device[PSNAP_UNDO_STORE].bytes[STORE_BYTES - 1] ^= 1;
	T_EQ_I64(check(&s, true), PSNAP_E_BUSY);
	T_EQ_U64(info.changed[PSNAP_UNDO_STORE], 1);
	T_OK(!info.acceptable, "never a store");
	scene_release(&s);
}

/* What the merge left there tells the device as well as what was before. */
static void merged_whole(void)
{
	struct undo_scene s;
	struct ram *origin = &s.device[PSNAP_UNDO_ORIGIN];

	scene_init(&s, STORE_BYTES, 98304);
	scene_overwrite(&s, 98304);
	origin->bytes[1030] ^= 1;
	origin->bytes[1600] ^= 1;
	T_EQ_I64(check(&s, false), PSNAP_E_BUSY);
	T_EQ_I64(psnap_undo_apply(&s.file.io, s.ios, &accept_changed_origin,
				  &info, NULL),
		 0);
	T_OK(scene_is_original(&s), "all of it is back");
	scene_release(&s);

	scene_init(&s, STORE_BYTES, 98304);
	scene_overwrite(&s, 98304);
	fill_random(origin->bytes, 98304);
	T_EQ_I64(check(&s, true), PSNAP_E_BUSY);
	scene_release(&s);
}

static uint64_t lost_from_bytes;
static uint64_t lost_to_bytes;

static int64_t read_some_of_it(struct psnap_io *io, uint64_t offset_bytes,
			       void *buf, size_t len_bytes)
{
	if (offset_bytes < lost_to_bytes &&
	    lost_from_bytes < offset_bytes + len_bytes)
		return -EIO;
	return ram_read_some(io, offset_bytes, buf, len_bytes);
}

/* A sample that has become unreadable is no sign of another device; if all have,
 * that is what is wrong. */
static void unreadable(void)
{
	struct undo_scene s;
	struct psnap_io *io = &s.device[PSNAP_UNDO_ORIGIN].io;
	struct psnap_io_ops ops;

	scene_init(&s, STORE_BYTES, ORIGIN_BYTES);
	scene_overwrite(&s, MERGED_BYTES);
	ops = *io->ops;
	ops.read_some = read_some_of_it;
	io->ops = &ops;
	lost_from_bytes = SAMPLES_STEP * 45;
	lost_to_bytes = lost_from_bytes + 512;
	T_EQ_I64(check(&s, false), 0);
	T_EQ_U64(info.changed[PSNAP_UNDO_ORIGIN], 0);
	lost_from_bytes = 0;
	lost_to_bytes = ORIGIN_BYTES;
	T_EQ_I64(check(&s, false), PSNAP_E_IO);
	T_EQ_I64(check(&s, true), PSNAP_E_IO);
	scene_release(&s);
}

/* A size is not accepted, whatever is in it. */
static void another_size(void)
{
	struct undo_scene s;

	scene_init(&s, STORE_BYTES, ORIGIN_BYTES);
	scene_overwrite(&s, MERGED_BYTES);
	s.device[PSNAP_UNDO_ORIGIN].io.size_bytes -= 512;
	T_EQ_I64(check(&s, true), PSNAP_E_BUSY);
	T_EQ_U64(info.changed[PSNAP_UNDO_ORIGIN], 0);
	scene_release(&s);
}

int main(void)
{
	changed_in_places();
	another_device();
	fills_tell_nothing(0);
	fills_tell_nothing(0x5a);
	a_store();
	merged_whole();
	unreadable();
	another_size();
	return t_done();
}
