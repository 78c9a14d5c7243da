/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * same_view STORE ORIGIN VIEW : does the snapshot STORE ORIGIN, of chunks of
 * 512 bytes, show what is in the file VIEW? By the model of tests/crash, so
 * that the library does not judge itself. Exit status 0: yes, 1: no, 2: cannot
 * tell.
 */
#include "../crash/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *path)
{
	fprintf(stderr, "same_view: %s: cannot be used\n", path);
	exit(2);
}

static FILE *open_file(const char *path, uint64_t *size_bytes)
{
	FILE *file = fopen(path, "rb");
	long size;

	if (!file || fseek(file, 0, SEEK_END))
		fail(path);
	size = ftell(file);
	if (size <= 0)
		fail(path);
	rewind(file);
	*size_bytes = (uint64_t)size;
	return file;
}

static void load(const char *path, FILE *file, uint8_t *bytes,
		 uint64_t size_bytes)
{
	if (fread(bytes, 1, (size_t)size_bytes, file) != size_bytes)
		fail(path);
	fclose(file);
}

int main(int argc, char **argv)
{
	uint64_t sizes_bytes[3];
	struct ram ram;
	FILE *files[3];
	uint8_t *view;
	int same;
	int i;

	if (argc != 4) {
		fprintf(stderr, "usage: same_view STORE ORIGIN VIEW\n");
		return 2;
	}
	for (i = 0; i < 3; i++)
		files[i] = open_file(argv[1 + i], &sizes_bytes[i]);
	ram_init(&ram, sizes_bytes, 3);
	for (i = 0; i < 3; i++)
		load(argv[1 + i], files[i], ram.devices[i].bytes,
		     sizes_bytes[i]);
	view = malloc((size_t)sizes_bytes[1]);
	if (!view)
		fail(argv[2]);
	pair_view(&ram, view);
	same = sizes_bytes[1] == sizes_bytes[2] &&
	       memcmp(view, ram.devices[2].bytes, (size_t)sizes_bytes[1]) == 0;
	free(view);
	ram_release(&ram);
	return same ? 0 : 1;
}
