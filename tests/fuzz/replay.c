/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target over the files of the directories given as arguments, in
 * the order of their names, as TAP. A target that finds something aborts, so
 * each file has a process of its own, and one does not hide the next.
 */
#include "fuzz.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* In a process that ends well, which means without a leak too. */
static bool survives(const uint8_t *data, size_t len_bytes, FILE *said)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		dup2(fileno(said), STDERR_FILENO);
		LLVMFuzzerTestOneInput(data, len_bytes);
		exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* As comments behind the line that failed. */
static void show(FILE *said)
{
	char line[400];

	rewind(said);
	while (fgets(line, sizeof(line), said))
		printf("# %.*s\n", (int)strcspn(line, "\n"), line);
	fflush(stdout);
}

static void replay_file(const char *path)
{
	size_t len_bytes = 0;
	uint8_t *data = read_file(path, &len_bytes);
	FILE *said = tmpfile();
	bool good = data && said && survives(data, len_bytes, said);

	result(good, path);
	if (!good && said)
		show(said);
	if (said)
		fclose(said);
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
