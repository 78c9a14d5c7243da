/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of a test, in a directory of its own that is removed with all that is in
 * it.
 */

#ifndef PSNAP_TEST_FILES_H
#define PSNAP_TEST_FILES_H

#include "test.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

/* @dir: "/tmp/psnap-NAME-XXXXXX"; the X become what makes it unique. */
static inline bool dir_enter(char *dir)
{
	return T_OK(mkdtemp(dir) && chdir(dir) == 0, "a directory to work in");
}

static inline void dir_remove(const char *dir)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	T_EQ_I64(system(command), 0);
}

static inline void file_put(const char *name, const char *text)
{
	FILE *file = fopen(name, "we");

	if (!T_OK(file != NULL, "%s is made", name))
		return;
	fputs(text, file);
	fclose(file);
}

/* The first 99 bytes; NULL: there is no such file. */
static inline const char *file_get(const char *name)
{
	static char text[100];
	FILE *file = fopen(name, "re");
	size_t n;

	if (!file)
		return NULL;
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

/* Names in @dir, dot and dot-dot left out. */
static inline unsigned int names_in(const char *dir)
{
	struct dirent *entry;
	unsigned int n = 0;
	DIR *open_dir = opendir(dir);

	if (!open_dir)
		return 0;
	while ((entry = readdir(open_dir)))
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			n++;
	closedir(open_dir);
	return n;
}

#endif
