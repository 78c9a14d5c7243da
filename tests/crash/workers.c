/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Workers are processes: each sends its sums through a pipe of its own.
 */
#include "workers.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS_MAX 16

static void add(struct workers *w, int fd)
{
	uint64_t sums[WORKERS_SUMS] = { 0 };
	int i;

	if (read(fd, sums, sizeof(sums)) != (ssize_t)sizeof(sums))
		w->failed++;
	close(fd);
	for (i = 0; i < WORKERS_SUMS; i++)
		w->sums[i] += sums[i];
}

void workers_run(struct workers *w,
		 void (*work)(const struct workers *w, unsigned int worker,
			      uint64_t *sums))
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	pid_t pids[WORKERS_MAX];
	int pipes[WORKERS_MAX][2];
	unsigned int i;

	w->count = processors < 1 ? 1 : (unsigned int)processors;
	if (w->count > WORKERS_MAX)
		w->count = WORKERS_MAX;
	for (i = 0; i < w->count; i++) {
		if (pipe(pipes[i]))
			abort();
		pids[i] = fork();
		if (pids[i] < 0)
			abort();
		if (pids[i] == 0) {
			uint64_t sums[WORKERS_SUMS] = { 0 };

			work(w, i, sums);
			_exit(write(pipes[i][1], sums, sizeof(sums)) !=
			      (ssize_t)sizeof(sums));
		}
		close(pipes[i][1]);
	}
	for (i = 0; i < w->count; i++) {
		int status;

		add(w, pipes[i][0]);
		if (waitpid(pids[i], &status, 0) < 0 || status != 0)
			w->failed++;
	}
}
