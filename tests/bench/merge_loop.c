/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * merge_loop: what a merge is without any thought, to measure against.
 *
 *	merge_loop copy|random|check STORE ORIGIN [CHUNKS]
 *
 * copy: one exception after the other in table order, its chunk read from the
 * store and written to the origin, the origin flushed at the end. random: the
 * same, the kernel being told not to read ahead. check: the same walk, and
 * every chunk must be on the origin already, so that a bench that measured a
 * wrong merge says so. Ends after CHUNKS. Refuses nothing, clears nothing,
 * knows no crash: all of that is left to psnap.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <psnap/io.h>
#include <psnap/walk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct job {
	bool check;
	uint64_t chunks_max;
	int store_fd;
	int origin_fd;
	size_t chunk_bytes;
	unsigned char *chunk;
	unsigned char *other;
};

static bool read_chunk(const struct job *j, int fd, void *to, uint64_t number)
{
	ssize_t n =
		pread(fd, to, j->chunk_bytes, (off_t)(number * j->chunk_bytes));

	if (n == (ssize_t)j->chunk_bytes)
		return true;
	perror("merge_loop: read");
	return false;
}

static bool do_one(const struct job *j, const struct psnap_run *run)
{
	ssize_t n;

	if (!read_chunk(j, j->store_fd, j->chunk, run->new_chunk))
		return false;
	if (j->check) {
		if (!read_chunk(j, j->origin_fd, j->other, run->old_chunk))
			return false;
		if (memcmp(j->chunk, j->other, j->chunk_bytes) == 0)
			return true;
		fprintf(stderr,
			"merge_loop: origin chunk %" PRIu64 " is not "
			"merged\n",
			run->old_chunk);
		return false;
	}
	n = pwrite(j->origin_fd, j->chunk, j->chunk_bytes,
		   (off_t)(run->old_chunk * j->chunk_bytes));
	if (n == (ssize_t)j->chunk_bytes)
		return true;
	perror("merge_loop: write");
	return false;
}

static int do_all(struct job *j, struct psnap_store *store,
		  struct psnap_error *err)
{
	struct psnap_walk *walk;
	struct psnap_run run;
	int rc = psnap_walk_open(store, NULL, &walk, err);

	if (rc < 0)
		return rc;
	for (uint64_t i = 0; i < j->chunks_max; i++) {
		rc = psnap_walk_next(walk, &run, err);
		if (rc <= 0)
			break;
		if (!do_one(j, &run))
			exit(1);
	}
	psnap_walk_close(walk);
	if (rc >= 0 && !j->check && fsync(j->origin_fd) != 0) {
		perror("merge_loop: flush");
		exit(1);
	}
	return rc;
}

static int work(struct job *j, const char *path, struct psnap_error *err)
{
	struct psnap_store *store = NULL;
	struct psnap_io *io;
	int rc = psnap_io_open(path, &io, err);

	if (rc == 0)
		rc = psnap_store_open(io, 0, &store, err);
	if (rc == 0) {
		j->chunk_bytes = psnap_store_geometry(store)->chunk_bytes;
		j->chunk = malloc(j->chunk_bytes);
		j->other = malloc(j->chunk_bytes);
		if (j->chunk && j->other)
			rc = do_all(j, store, err);
		else
			rc = PSNAP_E_NOMEM;
	}
	free(j->chunk);
	free(j->other);
	psnap_store_close(store);
	(void)psnap_io_close(io, NULL);
	return rc;
}

static bool open_both(struct job *j, const char *mode, char **paths)
{
	j->check = strcmp(mode, "check") == 0;
	j->store_fd = open(paths[0], O_RDONLY | O_CLOEXEC);
	j->origin_fd =
		open(paths[1], (j->check ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (j->store_fd < 0 || j->origin_fd < 0) {
		perror("merge_loop: open");
		return false;
	}
	if (strcmp(mode, "random") == 0)
		posix_fadvise(j->store_fd, 0, 0, POSIX_FADV_RANDOM);
	return true;
}

int main(int argc, char **argv)
{
	struct psnap_error err = { .code = 0 };
	struct job j = { .chunks_max = UINT64_MAX };

	if (argc < 4 || argc > 5 ||
	    (strcmp(argv[1], "copy") && strcmp(argv[1], "random") &&
	     strcmp(argv[1], "check"))) {
		fprintf(stderr, "usage: merge_loop copy|random|check STORE "
				"ORIGIN [CHUNKS]\n");
		return 2;
	}
	if (argc == 5)
		j.chunks_max = strtoull(argv[4], NULL, 10);
	if (!open_both(&j, argv[1], argv + 2))
		return 1;
	if (work(&j, argv[2], &err) < 0) {
		fprintf(stderr, "merge_loop: %s: %s\n", argv[2], err.message);
		return 1;
	}
	close(j.store_fd);
	close(j.origin_fd);
	return 0;
}
