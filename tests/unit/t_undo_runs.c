/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Undo files under random runs: whatever is announced, written and flushed in
 * whatever order, at each moment what is durable of the file leads back; also
 * when the file is continued after cuts, and after undoing that was cut.
 */
#include "test.h"
#include "undo_ram.h"

#define STORE_BYTES  (150u << 10)
#define ORIGIN_BYTES ((100u << 10) + 300u)

/* Announce some ranges of a device; sometimes more than is written. */
static void announce(struct psnap_undo *undo, enum psnap_undo_device device)
{
	struct psnap_io *io = psnap_undo_io(undo, device);
	struct psnap_extent extents[20];
	size_t count = next_random() % 21;

	for (size_t i = 0; i < count; i++) {
		extents[i].offset_bytes = next_random() % io->size_bytes;
		extents[i].len_bytes = next_random() % 9000;
		if (extents[i].len_bytes >
		    io->size_bytes - extents[i].offset_bytes)
			extents[i].len_bytes =
				io->size_bytes - extents[i].offset_bytes;
	}
	if (psnap_io_prepare(io, extents, count, NULL))
		abort();
}

/* One random step; false when it was a write after which nothing leads back. */
static bool step(struct undo_scene *s, struct psnap_undo *undo)
{
	enum psnap_undo_device device =
		next_random() % 2 ? PSNAP_UNDO_STORE : PSNAP_UNDO_ORIGIN;
	struct psnap_io *io = psnap_undo_io(undo, device);
	uint64_t at = next_random() % io->size_bytes;
	uint64_t len = next_random() % 4096;

	if (next_random() % 2) /* where most samples are */
		at %= 8192;
	if (len > io->size_bytes - at)
		len = io->size_bytes - at;
	switch (next_random() % 8) {
	case 0:
	case 1:
		announce(undo, device);
		return true;
	case 2:
		return psnap_io_sync(io, NULL) == 0;
	default:
		return scene_write(undo, device, at, (size_t)len) == 0 &&
		       scene_leads_back(s);
	}
}

/* Runs that continue one file, most of them cut, some followed by an undo that
 * is cut as well. */
static void random_runs(void)
{
	unsigned int lost = 0;
	unsigned int steps = 0;

	for (unsigned int seed = 0; seed < 60; seed++) {
		struct undo_scene s;

		scene_init(&s, STORE_BYTES, ORIGIN_BYTES);
		for (unsigned int run = 0; run < 5; run++) {
			uint64_t count = next_random() % 12;
			struct psnap_undo *undo;

			if (psnap_undo_open(&s.file.io, s.ios, &undo, NULL)) {
				lost++;
				break;
			}
			for (; count > 0; count--, steps++)
				lost += !step(&s, undo);
			psnap_undo_close(undo);
			scene_cut_file(&s);
			if (next_random() % 3 == 0) {
				s.device[next_random() % 2].fail_write =
					1 + (unsigned int)next_random() % 6;
				(void)scene_apply(&s, NULL);
				s.device[0].fail_write = 0;
				s.device[1].fail_write = 0;
			}
			lost += !scene_leads_back(&s);
		}
		lost += scene_apply(&s, NULL) != 0 || !scene_is_original(&s);
		scene_release(&s);
	}
	T_OK(steps > 1000, "%u steps", steps);
	T_EQ_U64(lost, 0);
}

int main(void)
{
	random_runs();
	return T_DONE();
}
