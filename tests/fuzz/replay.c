/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target over the files of the directories given as arguments, in
 * the order of their names, as TAP. A target that finds something aborts: then
 * there is no plan, and the line before is the last input that was fine; the
 * comment names the one that was not.
 */
#include "fuzz.h"

#include <dirent.h>
#include <sys/stat.h>

static unsigned int count;
static unsigned int failed;

static void result(bool good, const char *path)
{
	count++;
	if (!good)
		failed++;
	printf("%s %u - %s\n", good ? "ok" : "not ok", count, path);
	fflush(stdout);
}

static uint8_t *read_file(const char *path, size_t *len_bytes)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	struct stat st;

	if (file && fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode)) {
		*len_bytes = (size_t)st.st_size;
		/* Exactly as long as the input, so that a sanitizer sees each
		 * byte read beyond it. */
		data = malloc(*len_bytes > 0 ? *len_bytes : 1);
		if (data && fread(data, 1, *len_bytes, file) != *len_bytes) {
			free(data);
			data = NULL;
		}
	}
	if (file)
		fclose(file);
	return data;
}

static void replay_file(const char *path)
{
	size_t len_bytes = 0;
	uint8_t *data = read_file(path, &len_bytes);

	if (data) {
		printf("# %s\n", path);
		fflush(stdout);
		LLVMFuzzerTestOneInput(data, len_bytes);
	}
	result(data != NULL, path);
	free(data);
}

static int no_dot(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void replay_directory(const char *name)
{
	struct dirent **entries = NULL;
	int found = scandir(name, &entries, no_dot, alphasort);
	char path[4096];

	if (found <= 0)
		result(false, name);
	for (int i = 0; i < found; i++) {
		snprintf(path, sizeof(path), "%s/%s", name, entries[i]->d_name);
		replay_file(path);
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay_directory(argv[i]);
	if (count == 0)
		result(false, "no directory was given");
	printf("1..%u\n", count);
	return failed > 0;
}
