/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scribble: writes all over a file or device, the same for the same arguments.
 * On the devices of the emulated machine it makes exceptions; on a plain copy
 * of the same bytes it says, without any kernel, what has to be there then.
 * Where and when it runs is for the scripts beside it.
 *
 * Each write is at a random sector, of a random number of sectors, and says in
 * every sector who wrote it. Direct I/O one after the other, so that the
 * kernel allocates in this order and not in that of the addresses.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR_BYTES 512u
#define MAX_SECTORS  4096u

/* splitmix64: any seed will do, also 0. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static void fill(char *buf, uint64_t sectors, uint64_t seed, uint64_t number)
{
	char line[64];

	for (uint64_t i = 0; i < sectors * SECTOR_BYTES; i += 32) {
		snprintf(line, sizeof(line), "s %07llu n %08llu b %08llu\n",
			 (unsigned long long)seed % 10000000,
			 (unsigned long long)number % 100000000,
			 (unsigned long long)i % 100000000);
		memcpy(buf + i, line, 32);
	}
}

/* A file system without direct I/O is as good for the plain copy. */
static int open_direct(const char *path)
{
	int fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);

	if (fd < 0 && errno == EINVAL)
		fd = open(path, O_RDWR | O_CLOEXEC);
	return fd;
}

static int scribble(int fd, uint64_t seed, uint64_t count, uint64_t max_sectors)
{
	off_t size_bytes = lseek(fd, 0, SEEK_END);
	uint64_t size_sectors = (uint64_t)size_bytes / SECTOR_BYTES;
	uint64_t state = seed;
	char *buf = NULL;
	int status = -1;

	if (size_bytes < 0 || size_sectors < max_sectors) {
		errno = ENOSPC;
		return -1;
	}
	if (posix_memalign((void **)&buf, 4096, MAX_SECTORS * SECTOR_BYTES))
		return -1;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t sectors = 1 + next_random(&state) % max_sectors;
		uint64_t room_sectors = size_sectors - sectors;
		/* The first one is at the very end, in a chunk cut short. */
		uint64_t at_sector =
			i ? next_random(&state) % (room_sectors + 1)
			  : room_sectors;
		size_t len_bytes = sectors * SECTOR_BYTES;

		fill(buf, sectors, seed, i);
		if (pwrite(fd, buf, len_bytes,
			   (off_t)(at_sector * SECTOR_BYTES)) !=
		    (ssize_t)len_bytes)
			goto out;
	}
	status = fsync(fd);
out:
	free(buf);
	return status;
}

int main(int argc, char **argv)
{
	uint64_t max_sectors;
	int fd;

	if (argc != 5) {
		fprintf(stderr, "usage: scribble FILE SEED COUNT SECTORS\n");
		return 2;
	}
	max_sectors = strtoull(argv[4], NULL, 10);
	if (!max_sectors || max_sectors > MAX_SECTORS) {
		fprintf(stderr, "scribble: give 1 to %u sectors\n",
			MAX_SECTORS);
		return 2;
	}
	fd = open_direct(argv[1]);
	if (fd < 0 || scribble(fd, strtoull(argv[2], NULL, 10),
			       strtoull(argv[3], NULL, 10), max_sectors)) {
		fprintf(stderr, "scribble: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	return 0;
}
