/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * undo_match.c, and the marks of undo_save.c: onto which devices an undo file
 * may be put back, in which states, and onto which not.
 */
#include "test.h"
#include "undo_ram.h"

#define STORE_BYTES  (200u << 10)
#define ORIGIN_BYTES (120u << 10)

static void refuse(struct undo_scene *s, const char *what)
{
	struct psnap_error err = { 0 };
	struct psnap_undo *undo;
	uint64_t before = s->file.writes;
	int rc;

	s->device[0].writes = s->device[1].writes = 0;
	rc = scene_apply(s, &err);
	T_OK(rc == PSNAP_E_BUSY && err.code == rc, "%s: %s", what, err.message);
	T_EQ_I64(psnap_undo_matches(&s->file.io, s->ios, NULL), PSNAP_E_BUSY);
	T_EQ_I64(psnap_undo_open(&s->file.io, s->ios, &undo, NULL),
		 PSNAP_E_BUSY);
	T_EQ_U64(s->device[0].writes + s->device[1].writes +
			 (s->file.writes - before),
		 0);
}

static void swap_devices(struct undo_scene *s)
{
	struct psnap_io *first = s->ios[0];

	s->ios[0] = s->ios[1];
	s->ios[1] = first;
}

/* @all: every sample of the origin was overwritten. */
static void devices(bool all)
{
	struct undo_scene s;
	struct ram *origin = &s.device[PSNAP_UNDO_ORIGIN];

	scene_init(&s, ORIGIN_BYTES, ORIGIN_BYTES);
	scene_overwrite(&s, all ? ORIGIN_BYTES / 16384 * 16384 : 32768);
	swap_devices(&s);
	refuse(&s, "store and origin changed places");
	swap_devices(&s);
	origin->io.size_bytes -= 512;
	refuse(&s, "shorter");
	origin->io.size_bytes += 512;
	/* Mounting writes to the superblock, which was merged. */
	origin->bytes[1030] ^= 1;
	origin->bytes[1600] ^= 1;
	refuse(&s, "written to since, where it was saved");
	origin->bytes[1030] ^= 1;
	origin->bytes[1600] ^= 1;
	origin->bytes[ORIGIN_BYTES - 1] ^= 1;
	refuse(&s, "written to since, at its end");
	origin->bytes[ORIGIN_BYTES - 1] ^= 1;
	s.device[PSNAP_UNDO_STORE].bytes[0] ^= 1;
	refuse(&s, "another store");
	s.device[PSNAP_UNDO_STORE].bytes[0] ^= 1;
	T_EQ_I64(psnap_undo_matches(&s.file.io, s.ios, NULL), 0);
	fill_random(origin->bytes, ORIGIN_BYTES);
	refuse(&s, "another origin");
	scene_release(&s);
}

/* Devices that fit although they are neither the old nor the new state. */
static void half_way(void)
{
	struct undo_scene s;
	unsigned int wrong = 0;
	unsigned int n;

	scene_init(&s, STORE_BYTES, ORIGIN_BYTES);
	scene_overwrite(&s, 65536);
	for (n = 1; n < 8; n++) {
		s.device[n % 2].fail_write = 1 + n / 2;
		wrong += scene_apply(&s, NULL) != PSNAP_E_IO;
		/* Half of a write, up to the middle of a sector. */
		if (n % 2)
			memcpy(s.device[1].bytes + 49152, s.original[1] + 49152,
			       8192 + 256);
	}
	T_EQ_U64(wrong, 0);
	/* And a merge goes on from there, with the same file. */
	scene_overwrite(&s, 32768);
	T_EQ_I64(scene_apply(&s, NULL), 0);
	T_OK(scene_is_original(&s), "all is back");
	/* An undo that was cut between the two: neither new nor old. */
	scene_overwrite(&s, 65536);
	scene_overwrite(&s, 32768);
	s.device[PSNAP_UNDO_ORIGIN].fail_write = 3;
	T_EQ_I64(scene_apply(&s, NULL), PSNAP_E_IO);
	T_EQ_I64(scene_apply(&s, NULL), 0);
	T_OK(scene_is_original(&s), "all is back again");
	/* The file again, when all is undone. */
	scene_overwrite(&s, 49152);
	T_EQ_I64(scene_apply(&s, NULL), 0);
	T_OK(scene_is_original(&s), "all is back once more");
	scene_release(&s);
}

/* What a mark says of samples is not true any more when what was announced
 * before is written a second time: they have to be saved a second time. */
static void written_again(void)
{
	const struct psnap_extent data = { 0, 8192 };
	const struct psnap_extent table = { 4096, 512 };
	struct psnap_undo *undo;
	struct psnap_undo_info info;
	struct undo_scene s;
	struct psnap_io *origin;
	struct psnap_io *store;
	int rc;

	scene_init(&s, STORE_BYTES, ORIGIN_BYTES);
	undo = scene_begin(&s);
	origin = psnap_undo_io(undo, PSNAP_UNDO_ORIGIN);
	store = psnap_undo_io(undo, PSNAP_UNDO_STORE);
	rc = psnap_io_prepare(origin, &data, 1, NULL) ||
	     scene_write(undo, PSNAP_UNDO_ORIGIN, 0, 4096) ||
	     psnap_io_sync(origin, NULL) ||
	     psnap_io_prepare(store, &table, 1, NULL) ||
	     scene_write(undo, PSNAP_UNDO_ORIGIN, 4096, 4096);
	T_EQ_I64(rc, 0);
	T_EQ_I64(scene_inspect(&s, &info), 0);
	T_EQ_U64(info.records, 2);
	T_EQ_I64(scene_write(undo, PSNAP_UNDO_ORIGIN, 0, 4096), 0);
	T_EQ_I64(scene_inspect(&s, &info), 0);
	T_EQ_U64(info.records, 3);
	psnap_undo_close(undo);
	T_EQ_I64(scene_apply(&s, NULL), 0);
	T_OK(scene_is_original(&s), "all is back");
	scene_release(&s);
}

int main(void)
{
	devices(false);
	devices(true);
	half_way();
	written_again();
	return T_DONE();
}
