/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reader of qcow2 images that shares no code with the library: every table,
 * every reference count, every cluster.
 */
#ifndef PSNAP_TEST_QCOW2_READER_H
#define PSNAP_TEST_QCOW2_READER_H

#define ZLIB_CONST
#include "qcow2_scene.h"

#include <zlib.h>

struct reader {
	const uint8_t *bytes;
	uint64_t len_bytes;
	uint64_t size;
	uint64_t disk_bytes;
	uint64_t l1_at;
	uint64_t l1_entries;
	uint16_t *seen;
	uint64_t clusters;
	uint64_t bad;
	uint64_t data;
	uint64_t packed;
	uint64_t zeros;
};

static inline uint64_t get(const struct reader *r, uint64_t at,
			   unsigned int bytes)
{
	uint64_t value = 0;

	if (at + bytes > r->len_bytes)
		return 0;
	while (bytes-- > 0)
		value = value << 8 | r->bytes[at++];
	return value;
}

static inline void see(struct reader *r, uint64_t at, uint64_t len)
{
	uint64_t c;

	for (c = at / r->size; c <= (at + len - 1) / r->size; c++) {
		if (c < r->clusters)
			r->seen[c]++;
		else
			r->bad++;
	}
}

static inline void check_data(struct reader *r, const struct shown *shown,
			      uint64_t at, const uint8_t *got)
{
	uint64_t gap_end = shown->gap_at + shown->gap_bytes;
	uint8_t *want;

	if (!got && at >= shown->gap_at && at + r->size <= gap_end)
		return;
	want = malloc(r->size);
	if (want)
		shown_copy(shown, at, want, r->size);
	r->bad += !want || (got ? memcmp(got, want, r->size) != 0
				: !is_zero(want, r->size));
	free(want);
}

static inline void check_packed(struct reader *r, const struct shown *shown,
				uint64_t at, uint64_t entry)
{
	unsigned int bits = 0;
	uint8_t *got = malloc(r->size);
	uint64_t from;
	uint64_t end;
	z_stream z = { 0 };

	while (r->size >> bits > 1)
		bits++;
	bits = 62 - (bits - 8);
	from = entry & ((UINT64_C(1) << bits) - 1);
	end = (from / 512 + 1 + ((entry & ~(UINT64_C(3) << 62)) >> bits)) * 512;
	see(r, from, end - from);
	r->packed++;
	r->bad += entry >> 63 || end > r->len_bytes || !got;
	if (!got || end > r->len_bytes || inflateInit2(&z, -12) != Z_OK) {
		free(got);
		return;
	}
	z.next_in = r->bytes + from;
	z.avail_in = (uInt)(end - from);
	z.next_out = got;
	z.avail_out = (uInt)r->size;
	r->bad += inflate(&z, Z_FINISH) != Z_STREAM_END || z.avail_out > 0;
	/* No more sectors than those that have a byte of it. */
	r->bad += z.avail_in >= 512;
	inflateEnd(&z);
	check_data(r, shown, at, got);
	free(got);
}

/* What the image has for a cluster of the disk. */
static inline void check_entry(struct reader *r, const struct shown *shown,
			       uint64_t at, uint64_t entry)
{
	uint64_t from = entry & ((UINT64_C(1) << 56) - 1) & ~UINT64_C(511);

	if (entry >> 62 & 1) {
		check_packed(r, shown, at, entry);
	} else if (entry == 1) {
		check_data(r, shown, at, NULL);
		r->zeros++;
	} else {
		r->bad += entry != (from | UINT64_C(1) << 63) ||
			  from % r->size || from + r->size > r->len_bytes;
		if (r->bad)
			return;
		see(r, from, r->size);
		r->data++;
		check_data(r, shown, at, r->bytes + from);
	}
}

/* Does the overlay have to store it? */
static inline bool touched(struct psnap_extents *changes, uint64_t at,
			   uint64_t len)
{
	return psnap_extents_common_bytes(changes, at, at + len) > 0;
}

static inline void check_tables(struct reader *r, const struct shown *shown,
				struct psnap_extents *changes)
{
	uint64_t per_l2 = r->size / 8;
	uint64_t i;
	uint64_t j;

	for (i = 0; i < r->l1_entries; i++) {
		uint64_t entry = get(r, r->l1_at + i * 8, 8);
		uint64_t l2 = entry & ~(UINT64_C(1) << 63);

		if (entry == 0 && shown->gap_bytes > 0)
			continue; /* too many to look at each */
		r->bad += entry && (!(entry >> 63) || l2 % r->size);
		if (entry)
			see(r, l2, r->size);
		for (j = 0; j < per_l2; j++) {
			uint64_t at = (i * per_l2 + j) * r->size;
			uint64_t e = entry ? get(r, l2 + j * 8, 8) : 0;

			if (at >= r->disk_bytes) {
				r->bad += e != 0;
			} else if (e) {
				r->bad += changes &&
					  !touched(changes, at, r->size);
				check_entry(r, shown, at, e);
			} else if (changes) {
				r->bad += touched(changes, at, r->size);
			} else {
				check_data(r, shown, at, NULL);
			}
		}
	}
}

static inline void check_counts(struct reader *r)
{
	uint64_t table = get(r, 48, 8);
	uint64_t table_len = get(r, 56, 4) * r->size;
	uint64_t i;
	uint64_t c;

	see(r, 0, r->size);
	see(r, table, table_len);
	if (r->l1_entries > 0)
		see(r, r->l1_at, r->l1_entries * 8);
	for (i = 0; i < table_len / 8; i++)
		if (get(r, table + i * 8, 8))
			see(r, get(r, table + i * 8, 8), r->size);
	for (c = 0; c < r->clusters; c++) {
		uint64_t block = get(r, table + c / (r->size / 2) * 8, 8);

		if (c / (r->size / 2) >= table_len / 8) {
			r->bad++;
			return;
		}
		r->bad += block == 0 || block % r->size ||
			  get(r, block + c % (r->size / 2) * 2, 2) !=
				  r->seen[c] ||
			  r->seen[c] == 0;
	}
}

static inline bool read_image(const struct image *image,
			      const struct shown *shown,
			      const struct psnap_qcow2_options *o,
			      struct reader *r)
{
	uint64_t name_len = o->backing ? strlen(o->backing) : 0;

	*r = (struct reader){ .bytes = image->bytes,
			      .len_bytes = image->len_bytes };
	r->size = UINT64_C(1) << get(r, 20, 4);
	r->disk_bytes = get(r, 24, 8);
	r->l1_entries = get(r, 36, 4);
	r->l1_at = get(r, 40, 8);
	r->clusters = r->len_bytes / r->size;
	r->seen = calloc(r->clusters + 1, sizeof(*r->seen));
	if (!r->seen)
		return false;
	r->bad = get(r, 0, 4) != 0x514649fb || get(r, 4, 4) != 3 ||
		 get(r, 96, 4) != 4 || get(r, 100, 4) != 104 ||
		 r->size != o->cluster_bytes || r->len_bytes % r->size ||
		 get(r, 72, 8) || get(r, 80, 8) || get(r, 88, 8) ||
		 r->disk_bytes != (shown->io.size_bytes + 511) / 512 * 512 ||
		 r->l1_at % r->size || get(r, 48, 8) % r->size ||
		 get(r, 16, 4) != name_len;
	if (o->backing)
		r->bad += get(r, 104, 4) != 0xe2792aca || get(r, 108, 4) != 3 ||
			  memcmp(r->bytes + 112, "raw\0\0\0\0\0", 8) != 0 ||
			  get(r, 120, 8) != 0 || get(r, 8, 8) < 128 ||
			  get(r, 8, 8) + name_len > r->size ||
			  memcmp(r->bytes + get(r, 8, 8), o->backing,
				 name_len) != 0;
	else
		r->bad += get(r, 8, 8) != 0;
	if (r->bad)
		return false;
	check_tables(r, shown, o->changes);
	check_counts(r);
	return r->bad == 0;
}

#endif
