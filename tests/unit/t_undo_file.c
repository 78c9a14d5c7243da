/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * undo_file.c, undo_read.c: what of an undo file counts, what is left over from
 * a run that was cut, and what is damage.
 */
#include "test.h"
#include "undo_ram.h"

#define STORE_BYTES   (200u << 10)
#define ORIGIN_BYTES  (120u << 10)
#define RECORDS_BYTES 16384u
#define HEAD_BYTES    PSNAP_UNDO_HEAD_BYTES

/*
 * Of three records of a first run that were never durable the first is lost. A
 * second run writes one of the same length in its place, so that the two that
 * stayed would go on behind it.
 */
static void left_over(bool same_range)
{
	const struct psnap_extent extents[] = { { 0, 512 },
						{ 21000, 512 },
						{ 45600, 512 } };
	struct psnap_undo *undo;
	struct psnap_undo_info info;
	struct undo_scene s;
	uint8_t *foreign;

	scene_init(&s, STORE_BYTES, ORIGIN_BYTES);
	undo = scene_begin(&s);
	if (psnap_io_prepare(psnap_undo_io(undo, PSNAP_UNDO_ORIGIN), extents, 3,
			     NULL))
		abort();
	psnap_undo_close(undo);
	memset(s.file.bytes + 8192, 0, 8192 + HEAD_BYTES + 512);
	/* Somebody else writes where the second was saved, and no sample is. */
	foreign = s.device[PSNAP_UNDO_ORIGIN].bytes + 21000;
	memset(foreign, 0x77, 512);
	memset(s.original[PSNAP_UNDO_ORIGIN] + 21000, 0x77, 512);

	undo = scene_begin(&s);
	T_EQ_I64(scene_write(undo, PSNAP_UNDO_ORIGIN, same_range ? 0 : 60000,
			     512),
		 0);
	psnap_undo_close(undo);
	T_EQ_U64(s.file.len_bytes, RECORDS_BYTES + 3 * (HEAD_BYTES + 512));
	T_EQ_I64(scene_inspect(&s, &info), 0);
	T_EQ_U64(info.records, 1);
	T_EQ_U64(info.torn_bytes, 2 * (HEAD_BYTES + 512));
	T_EQ_I64(scene_apply(&s, NULL), 0);
	T_OK(scene_is_original(&s), "records left over are not put back");
	scene_release(&s);
}

/* Any byte of any record that was relied on, and any length. */
static void damage(void)
{
	struct psnap_undo_info info;
	struct psnap_error err = { 0 };
	struct undo_scene s;
	unsigned int wrong = 0;
	uint64_t len;
	uint64_t at;

	scene_init(&s, STORE_BYTES, ORIGIN_BYTES);
	scene_overwrite(&s, 3 * 16384);
	len = s.file.len_bytes;
	T_EQ_I64(scene_inspect(&s, &info), 0);
	T_EQ_U64(info.records, 6);
	T_EQ_U64(info.torn_bytes, 0);
	s.device[0].writes = s.device[1].writes = 0;
	for (at = 0; at < len; at += at < RECORDS_BYTES ? 7 : 3) {
		int want =
			at >= 8192 && at < RECORDS_BYTES ? 0 : PSNAP_E_CORRUPT;

		s.file.bytes[at] ^= (uint8_t)(1u << next_random() % 8);
		/* A damaged mark leaves the one before. */
		wrong += scene_inspect(&s, NULL) != want;
		if (want)
			wrong += scene_apply(&s, &err) != want;
		if (psnap_undo_header(&s.file.io, &info, NULL) == 0)
			wrong += info.records != 0 ||
				 info.size_bytes[1] != ORIGIN_BYTES ||
				 strcmp(info.names[0], "the store") != 0;
		memcpy(s.file.bytes + at, s.file.durable + at, 1);
	}
	T_EQ_U64(wrong, 0);
	T_OK(strstr(err.message, "is damaged") && err.has_offset, "%s",
	     err.message);
	for (at = 0; at < len; at += 11) {
		s.file.len_bytes = at;
		wrong += scene_inspect(&s, NULL) != PSNAP_E_CORRUPT;
	}
	T_EQ_U64(wrong, 0);
	s.file.len_bytes = len;
	memset(s.file.bytes + 8200, 1, 1);
	memset(s.file.bytes + 12300, 1, 1);
	T_EQ_I64(scene_inspect(&s, NULL), PSNAP_E_CORRUPT);
	T_EQ_U64(s.device[0].writes + s.device[1].writes, 0);
	scene_release(&s);
}

/* Cut while it was made: begun anew. Anything else: left alone. */
static void beginnings(void)
{
	struct psnap_error err = { 0 };
	struct psnap_undo *undo;
	struct undo_scene s;
	uint8_t *whole;
	unsigned int wrong = 0;

	scene_init(&s, STORE_BYTES, ORIGIN_BYTES);
	psnap_undo_close(scene_begin(&s));
	T_EQ_U64(s.file.len_bytes, RECORDS_BYTES);
	T_EQ_I64(scene_apply(&s, NULL), 0);
	whole = ram_alloc(RECORDS_BYTES);
	memcpy(whole, s.file.bytes, RECORDS_BYTES);
	for (unsigned int len = 0; len < RECORDS_BYTES; len += 512) {
		for (unsigned int zero = 0; zero < 2; zero++) {
			memset(s.file.bytes, 0, RECORDS_BYTES);
			if (!zero)
				memcpy(s.file.bytes, whole, len);
			s.file.len_bytes = zero ? len : RECORDS_BYTES;
			/* The marks are zero, so half of it is the whole. */
			if (!zero && len > 4152)
				s.file.len_bytes = len;
			wrong += scene_apply(&s, &err) != PSNAP_E_CORRUPT;
			scene_overwrite(&s, 16384);
			wrong +=
				scene_apply(&s, NULL) || !scene_is_original(&s);
		}
	}
	T_EQ_U64(wrong, 0);
	T_OK(strstr(err.message, "nothing had been overwritten"), "%s",
	     err.message);
	/* With a mark it had records, which are gone. */
	s.file.len_bytes = RECORDS_BYTES;
	T_EQ_I64(psnap_undo_open(&s.file.io, s.ios, &undo, &err),
		 PSNAP_E_CORRUPT);
	T_OK(strstr(err.message, "is damaged"), "%s", err.message);
	s.file.len_bytes = 600;
	memset(s.file.bytes, 'x', 600);
	T_EQ_I64(psnap_undo_open(&s.file.io, s.ios, &undo, &err),
		 PSNAP_E_CORRUPT);
	T_EQ_STR(err.message, "byte 0: not an undo file");
	T_OK(s.file.bytes[0] == 'x' && s.file.len_bytes == 600, "left alone");
	free(whole);
	scene_release(&s);
}

int main(void)
{
	left_over(false);
	left_over(true);
	damage();
	beginnings();
	return T_DONE();
}
