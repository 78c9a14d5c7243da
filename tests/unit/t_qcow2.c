/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2 images, byte by byte, by a reader of its own: header, both levels of
 * tables, the data behind them, compressed data, and for each cluster of the file
 * that its reference count is the number of those that point to it, no more and
 * no less. Disks are small, tables are so too with clusters of 512 bytes, so that
 * every boundary is crossed; or large and nearly empty.
 */
#define ZLIB_CONST
#include "qcow2_internal.h"
#include "random.h"
#include "test.h"

#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

/* --- a file in memory, as large as what is written to it ------------------- */

struct image {
	struct psnap_io io;
	uint8_t *bytes;
	uint64_t room_bytes;
	uint64_t len_bytes;
	uint64_t writes;
	uint64_t fail_at;
	bool twice;
};

static int64_t image_write(struct psnap_io *io, uint64_t offset_bytes,
			   const void *buf, size_t len_bytes)
{
	struct image *image = (struct image *)(void *)io;
	uint64_t end = offset_bytes + len_bytes;
	const uint8_t *old;
	size_t i;

	if (++image->writes == image->fail_at)
		return -28; /* ENOSPC */
	if (end > image->room_bytes) {
		image->bytes = realloc(image->bytes, end * 2);
		if (!image->bytes)
			return -12;
		memset(image->bytes + image->room_bytes, 0,
		       end * 2 - image->room_bytes);
		image->room_bytes = end * 2;
	}
	/* What is there already is not overwritten with something else. */
	old = image->bytes + offset_bytes;
	for (i = 0; i < len_bytes; i++)
		image->twice |= old[i] && old[i] != ((const uint8_t *)buf)[i];
	memcpy(image->bytes + offset_bytes, buf, len_bytes);
	if (end > image->len_bytes)
		image->len_bytes = end;
	return (int64_t)len_bytes;
}

static const struct psnap_io_ops image_ops = { .write_some = image_write };

static void image_init(struct image *image)
{
	*image = (struct image){ .io = { .ops = &image_ops,
					 .name = "image",
					 .size_bytes = INT64_MAX,
					 .align_bytes = 1,
					 .fd = -1 } };
}

/* --- what is shown: bytes at the front, holes, and bytes at the end --------- */

#define SHOWN_BYTES (UINT64_C(3) << 20)

struct shown {
	struct psnap_io io;
	uint8_t *bytes;
	uint64_t gap_at;
	uint64_t gap_bytes;
	uint64_t fail_at_bytes;
};

static uint64_t shown_len(const struct shown *s)
{
	return s->io.size_bytes - s->gap_bytes;
}

/* A part of it, and behind its end zeros. */
static void shown_copy(const struct shown *s, uint64_t at, uint8_t *to,
		       uint64_t len)
{
	uint64_t gap_end = s->gap_at + s->gap_bytes;

	memset(to, 0, len);
	for (; len > 0; at++, to++, len--) {
		if (at >= s->io.size_bytes ||
		    (at >= s->gap_at && at + len <= gap_end))
			return;
		if (at < s->gap_at)
			*to = s->bytes[at];
		else if (at >= gap_end)
			*to = s->bytes[at - s->gap_bytes];
	}
}

static int64_t shown_read(struct psnap_io *io, uint64_t offset_bytes, void *buf,
			  size_t len_bytes)
{
	struct shown *s = (struct shown *)(void *)io;

	if (s->fail_at_bytes == offset_bytes)
		return -5; /* EIO */
	if (s->fail_at_bytes > offset_bytes &&
	    s->fail_at_bytes < offset_bytes + len_bytes)
		len_bytes = (size_t)(s->fail_at_bytes - offset_bytes);
	shown_copy(s, offset_bytes, buf, len_bytes);
	return (int64_t)len_bytes;
}

/* Holes in blocks of 512 bytes. */
static uint64_t shown_next_data(struct psnap_io *io, uint64_t at)
{
	struct shown *s = (struct shown *)(void *)io;
	uint8_t block[512];

	for (at -= at % 512; at < io->size_bytes; at += 512) {
		if (at >= s->gap_at && at < s->gap_at + s->gap_bytes)
			at = s->gap_at + s->gap_bytes;
		shown_copy(s, at, block, sizeof(block));
		if (!is_zero(block, sizeof(block)))
			break;
	}
	return at < io->size_bytes ? at : io->size_bytes;
}

static const struct psnap_io_ops shown_ops = { .read_some = shown_read,
					       .next_data = shown_next_data };

static void shown_init(struct shown *s, uint64_t len_bytes, uint64_t gap_bytes)
{
	uint64_t at;
	uint64_t n;

	*s = (struct shown){ .io = { .ops = &shown_ops,
				     .name = "shown",
				     .size_bytes = len_bytes + gap_bytes,
				     .align_bytes = 1,
				     .fd = -1 },
			     .gap_at = len_bytes / 2 & ~UINT64_C(0xffff),
			     .gap_bytes = gap_bytes,
			     .fail_at_bytes = UINT64_MAX };
	s->bytes = calloc(1, len_bytes + 1);
	if (!s->bytes)
		return;
	/* Pieces that are zero, that can be compressed, and that cannot. */
	for (at = 0; at < len_bytes; at += n) {
		uint64_t kind = next_random() % 3;
		uint64_t i;

		n = 1 + next_random() % 9000;
		for (i = at; kind > 0 && i < at + n && i < len_bytes; i++)
			s->bytes[i] = (uint8_t)(kind == 1 ? i / 700 + 1
							  : next_random());
	}
}

/* --- a reader --------------------------------------------------------------- */

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

static uint64_t get(const struct reader *r, uint64_t at, unsigned int bytes)
{
	uint64_t value = 0;

	if (at + bytes > r->len_bytes)
		return 0;
	while (bytes-- > 0)
		value = value << 8 | r->bytes[at++];
	return value;
}

static void see(struct reader *r, uint64_t at, uint64_t len)
{
	uint64_t c;

	for (c = at / r->size; c <= (at + len - 1) / r->size; c++) {
		if (c < r->clusters)
			r->seen[c]++;
		else
			r->bad++;
	}
}

static void check_data(struct reader *r, const struct shown *shown, uint64_t at,
		       const uint8_t *got)
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

static void check_packed(struct reader *r, const struct shown *shown,
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
static void check_entry(struct reader *r, const struct shown *shown,
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
static bool touched(struct psnap_extents *changes, uint64_t at, uint64_t len)
{
	return psnap_extents_common_bytes(changes, at, at + len) > 0;
}

static void check_tables(struct reader *r, const struct shown *shown,
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

static void check_counts(struct reader *r)
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

static bool read_image(const struct image *image, const struct shown *shown,
		       const struct psnap_qcow2_options *o, struct reader *r)
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

/* --- tests -------------------------------------------------------------------- */

static void check_image(struct shown *shown,
			const struct psnap_qcow2_options *o)
{
	struct psnap_qcow2_result result;
	struct psnap_error err = { 0 };
	struct image image;
	struct reader r = { 0 };
	bool good;

	image_init(&image);
	if (psnap_qcow2_write(&shown->io, o, &image.io, NULL, &result, &err)) {
		T_OK(false, "written: %s", err.message);
	} else {
		good = read_image(&image, shown, o, &r);
		T_OK(good,
		     "%" PRIu64 " bytes, clusters of %" PRIu64 "%s%s: %" PRIu64
		     " data, %" PRIu64 " packed, %" PRIu64 " zero, %" PRIu64
		     " bad",
		     shown->io.size_bytes, o->cluster_bytes,
		     o->changes ? ", overlay" : "",
		     o->compress ? ", compressed" : "", r.data, r.packed,
		     r.zeros, r.bad);
		T_OK(!image.twice, "nothing was written twice");
		T_EQ_U64(result.clusters, r.data + r.packed);
		T_EQ_U64(result.compressed_clusters, r.packed);
		T_EQ_U64(result.zero_clusters, r.zeros);
		T_EQ_U64(result.file_bytes, image.len_bytes);
		T_OK(o->compress || r.packed == 0, "packed only if asked to");
	}
	free(r.seen);
	free(image.bytes);
}

static struct psnap_extents *random_changes(uint64_t size_bytes,
					    uint64_t grain_bytes)
{
	struct psnap_extents *set;
	uint64_t at = 0;
	uint64_t n;

	if (psnap_extents_new(&set, NULL))
		return NULL;
	while (at < size_bytes) {
		n = (1 + next_random() % 40) * grain_bytes;
		if (next_random() % 2 &&
		    psnap_extents_add(set, at, at + n, NULL))
			break;
		at += n;
	}
	return set;
}

static void test_random(uint64_t cluster_bytes, uint64_t size_bytes)
{
	struct psnap_qcow2_options o = { .cluster_bytes = cluster_bytes };
	struct shown shown;
	unsigned int turn;

	shown_init(&shown, size_bytes, 0);
	for (turn = 0; turn < 6; turn++) {
		o.compress = turn & 1;
		o.threads = turn < 4 ? 0 : 3;
		o.backing = turn & 2 ? "/some/where" : NULL;
		o.changes = NULL;
		if (turn & 2)
			o.changes = random_changes(
				size_bytes, turn == 2 ? 512 : cluster_bytes);
		check_image(&shown, &o);
		psnap_extents_free(o.changes);
	}
	free(shown.bytes);
}

/* Data at both ends, and nothing for a long way. */
static void test_large(uint64_t size_bytes, uint64_t cluster_bytes)
{
	struct psnap_qcow2_options o = { .cluster_bytes = cluster_bytes };
	struct shown shown;
	unsigned int turn;

	shown_init(&shown, 300000, size_bytes - 300000);
	T_EQ_U64(shown_len(&shown), 300000);
	for (turn = 0; turn < 4; turn++) {
		o.compress = turn & 1;
		o.changes = NULL;
		if (turn & 2 && psnap_extents_new(&o.changes, NULL) == 0 &&
		    (psnap_extents_add(o.changes, 5000, 70000, NULL) ||
		     psnap_extents_add(o.changes, size_bytes - 9000, size_bytes,
				       NULL)))
			T_OK(false, "memory");
		check_image(&shown, &o);
		psnap_extents_free(o.changes);
	}
	free(shown.bytes);
}

static void fits(uint64_t size_bytes, struct psnap_extents *changes,
		 const char *backing, uint64_t least, uint64_t want)
{
	struct psnap_qcow2_options o = { .cluster_bytes = least,
					 .changes = changes,
					 .backing = backing };
	struct psnap_error err = { 0 };
	uint64_t got;
	int rc = psnap_qcow2_fit(size_bytes, &o, &got, &err);

	T_EQ_I64(rc, want ? 0 : PSNAP_E_UNSUPPORTED);
	T_EQ_U64(got, want);
}

/* The limits of QEMU: 2^22 entries in the table of the first level, 2^20 in that
 * of the blocks of counts. */
static void test_fit(void)
{
	static char name[1100];
	struct psnap_extents *few;

	if (psnap_extents_new(&few, NULL) ||
	    psnap_extents_add(few, 0, 4096, NULL))
		return;
	fits(UINT64_C(128) << 30, few, NULL, 512, 512);
	fits((UINT64_C(128) << 30) + 1, few, NULL, 512, 1024);
	fits(UINT64_C(128) << 30, NULL, NULL, 512, 1024);
	fits(UINT64_C(120) << 30, NULL, NULL, 512, 512);
	fits(UINT64_C(8) << 40, few, NULL, 512, 4096);
	fits((UINT64_C(8) << 40) + 1, few, NULL, 512, 8192);
	fits(UINT64_C(64) << 40, few, NULL, 512, 16384);
	fits(UINT64_C(64) << 40, NULL, NULL, 65536, 65536);
	fits(UINT64_C(1) << 61, few, NULL, 512, 2 << 20);
	fits((UINT64_C(1) << 61) + 1, few, NULL, 512, 0);
	fits(UINT64_C(1) << 51, few, NULL, 512, 65536);
	fits(0, NULL, NULL, 512, 512);
	fits(0, few, NULL, 2 << 20, 2 << 20);
	memset(name, 'n', sizeof(name));
	name[512 - 128] = '\0';
	fits(1 << 20, few, name, 512, 512);
	memset(name, 'n', sizeof(name));
	name[512 - 128 + 1] = '\0';
	fits(1 << 20, few, name, 512, 1024);
	memset(name, 'n', sizeof(name));
	name[1023] = '\0';
	fits(1 << 20, few, name, 512, 2048);
	memset(name, 'n', sizeof(name));
	name[1024] = '\0';
	fits(1 << 20, few, name, 512, 0);
	psnap_extents_free(few);
}

static int stop_at(void *ctx, uint64_t done_bytes, uint64_t total_bytes)
{
	return done_bytes >= *(const uint64_t *)ctx && total_bytes > 0;
}

/* Every write, a read in each of some places, and an interruption. */
static void test_failures(bool compress)
{
	struct psnap_qcow2_options o = { .cluster_bytes = 512,
					 .compress = compress };
	struct psnap_qcow2_result result;
	struct psnap_error err = { 0 };
	uint64_t stop = 60000;
	struct psnap_progress progress = { stop_at, &stop };
	struct shown shown;
	struct image image;
	uint64_t writes;
	uint64_t n;
	uint64_t wrong = 0;

	shown_init(&shown, 100000, 0);
	image_init(&image);
	T_EQ_I64(psnap_qcow2_write(&shown.io, &o, &image.io, NULL, &result,
				   &err),
		 0);
	writes = image.writes;
	for (n = 1; n <= writes; n++) {
		free(image.bytes);
		image_init(&image);
		image.fail_at = n;
		wrong += psnap_qcow2_write(&shown.io, &o, &image.io, NULL,
					   &result, &err) != PSNAP_E_NOSPACE ||
			 result.reading;
	}
	T_OK(wrong == 0 && writes > 5, "%" PRIu64 " writes", writes);
	for (n = 0; n < 100000; n += 9973) {
		shown.fail_at_bytes = n;
		if (!shown.bytes[n])
			shown.bytes[n] = 1;
		wrong += psnap_qcow2_write(&shown.io, &o, &image.io, NULL,
					   &result, &err) != PSNAP_E_IO ||
			 !result.reading || err.offset_bytes != n;
	}
	T_OK(wrong == 0, "reads");
	shown.fail_at_bytes = UINT64_MAX;
	T_EQ_I64(psnap_qcow2_write(&shown.io, &o, &image.io, &progress, &result,
				   &err),
		 PSNAP_E_INTERRUPTED);
	T_OK(!result.reading, "nothing was wrong with reading");
	o.cluster_bytes = 1000;
	T_EQ_I64(psnap_qcow2_write(&shown.io, &o, &image.io, NULL, &result,
				   &err),
		 PSNAP_E_UNSUPPORTED);
	free(image.bytes);
	free(shown.bytes);
}

int main(void)
{
	static const uint64_t sizes[] = { 0,	 1,	  511,
					  512,	 513,	  70000,
					  65536, 1000000, SHOWN_BYTES };
	uint64_t cluster;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (cluster = 512; cluster <= 2 << 20; cluster *= 8)
			test_random(cluster, sizes[i]);
	test_random(2 << 20, 5000000);
	test_large(UINT64_C(1) << 30, 512);
	test_large(UINT64_C(64) << 40, 65536);
	test_large((UINT64_C(64) << 40) - 512, 2 << 20);
	test_fit();
	test_failures(false);
	test_failures(true);
	return T_DONE();
}
