/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2 images, byte by byte, by a reader of its own: header, both levels of
 * tables, the data behind them, compressed data, and for each cluster of the file
 * that its reference count is the number of those that point to it, no more and
 * no less. Disks are small, tables are so too with clusters of 512 bytes, so that
 * every boundary is crossed; or large and nearly empty.
 */
#include "qcow2_reader.h"

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
