/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view STORE ORIGIN : write what the snapshot shows to standard output, from
 * the library's map. Its checksum is compared with the one a kernel's snapshot
 * device had, which proves every exception and its data at once.
 */
#include <psnap/io.h>
#include <psnap/map.h>
#include <stdio.h>
#include <stdlib.h>

static void fail(const char *what, const struct psnap_error *err)
{
	fprintf(stderr, "view: %s: %s\n", what, err->message);
	exit(1);
}

static struct psnap_io *open_io(const char *path)
{
	struct psnap_error err = { 0 };
	struct psnap_io *io;

	if (psnap_io_open(path, &io, &err))
		fail(path, &err);
	return io;
}

static void write_view(struct psnap_io *store_io, struct psnap_io *origin,
		       const struct psnap_map *map, uint64_t chunk_bytes)
{
	struct psnap_error err = { 0 };
	uint8_t *buf = malloc((size_t)chunk_bytes);
	uint64_t at;

	if (!buf)
		exit(1);
	for (at = 0; at < origin->size_bytes; at += chunk_bytes) {
		uint64_t len = origin->size_bytes - at;
		struct psnap_run found;
		uint64_t claims;
		int rc;

		if (len > chunk_bytes)
			len = chunk_bytes;
		claims = psnap_map_find_old(map, at / chunk_bytes, &found, 1);
		if (claims > 1) {
			fprintf(stderr, "view: duplicate\n");
			exit(1);
		}
		rc = claims ? psnap_io_read(store_io,
					    found.new_chunk * chunk_bytes, buf,
					    (size_t)len, &err)
			    : psnap_io_read(origin, at, buf, (size_t)len, &err);
		if (rc)
			fail("read", &err);
		if (fwrite(buf, (size_t)len, 1, stdout) != 1)
			exit(1);
	}
	free(buf);
}

int main(int argc, char **argv)
{
	struct psnap_error err = { 0 };
	struct psnap_store *store = NULL;
	struct psnap_map *map = NULL;
	struct psnap_io *store_io;
	struct psnap_io *origin;

	if (argc != 3) {
		fprintf(stderr, "usage: view STORE ORIGIN\n");
		return 2;
	}
	store_io = open_io(argv[1]);
	origin = open_io(argv[2]);
	if (psnap_store_open(store_io, 0, &store, &err) ||
	    psnap_map_load(store, NULL, &map, &err))
		fail(argv[1], &err);
	if (psnap_map_totals(map)->unreadable_bytes) {
		fprintf(stderr, "view: part of the table cannot be read\n");
		return 1;
	}
	write_view(store_io, origin, map,
		   psnap_store_geometry(store)->chunk_bytes);
	psnap_map_free(map);
	psnap_store_close(store);
	psnap_io_close(store_io, NULL);
	psnap_io_close(origin, NULL);
	return fflush(stdout) ? 1 : 0;
}
