/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "place.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* So many the system itself follows. */
#define LINKS_MAX 40

/* The directory that a name is in; NULL: no memory. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* Where a link leads; NULL: it is none, or no memory. */
static char *behind_link(const char *path)
{
	char to[PATH_MAX];
	ssize_t len = readlink(path, to, sizeof(to) - 1);
	char *directory;
	char *behind = NULL;

	if (len < 0)
		return NULL;
	to[len] = '\0';
	if (to[0] == '/')
		return strdup(to);
	directory = directory_of(path);
	if (directory && asprintf(&behind, "%s/%s", directory, to) < 0)
		behind = NULL;
	free(directory);
	return behind;
}

char *psnap_place_of(const char *path)
{
	char *name = strdup(path);
	char *place = NULL;
	struct stat st;

	for (int links = 0; name && links < LINKS_MAX; links++) {
		char *behind;

		if (stat(name, &st) == 0)
			return name;
		behind = behind_link(name);
		if (!behind)
			break;
		free(name);
		name = behind;
	}
	if (name)
		place = directory_of(name);
	free(name);
	return place;
}

bool psnap_place_stands_on(const char *path,
			   const struct psnap_operand *operand)
{
	char *place = psnap_place_of(path);
	struct stat device;
	struct stat st;
	bool stands;

	/* A place that is not there: opening the file will say so. */
	stands = operand->io && place && stat(place, &st) == 0 &&
		 fstat(operand->io->fd, &device) == 0 &&
		 S_ISBLK(device.st_mode) && device.st_rdev == st.st_dev;
	free(place);
	return stands;
}
