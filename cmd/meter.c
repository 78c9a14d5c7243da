/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The meter. The library calls tick() between units of work; signals only set
 * a flag, so nothing here runs at a dangerous moment. Lines are written with
 * one write() each and never fail the command.
 */
#include "meter.h"

#include "message.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_SEC   UINT64_C(1000000000)
#define BAR_DELAY_NSEC NSEC_PER_SEC
#define BAR_STEP_NSEC  (NSEC_PER_SEC / 5)
#define JSON_STEP_NSEC (NSEC_PER_SEC / 2)
#define BAR_CELLS      20

static volatile sig_atomic_t stop_asked;
static volatile sig_atomic_t line_asked;

/* Of the running phase: a check reads the table, then perhaps the data, and
 * begins to count anew. */
static struct {
	enum psnap_meter_mode mode;
	bool bar_shown;
	bool json_told;
	uint64_t began_nsec;
	uint64_t next_nsec;
	uint64_t done_bytes;
	uint64_t total_bytes;
	uint64_t told_bytes;
} meter;

/*
 * A signal that comes just before a write that waits for a reader would go
 * unnoticed until the next one, so there is a next one.
 */
static void on_stop(int signo)
{
	(void)signo;
	stop_asked = 1;
	alarm(1);
}

static void on_usr1(int signo)
{
	(void)signo;
	line_asked = 1;
}

static void put(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

static uint64_t now_nsec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

/* "45% of 16777216 bytes, 123 MiB/s, 0:12 left", as far as known. */
static void describe(char *text, size_t size_bytes, uint64_t nsec)
{
	uint64_t msec = (nsec - meter.began_nsec) / 1000000;
	uint64_t rate = meter.done_bytes / (msec + 1) * 1000;
	uint64_t left_sec;
	int n;

	if (meter.total_bytes == 0) {
		snprintf(text, size_bytes,
			 "%" PRIu64 " bytes, %" PRIu64 " MiB/s",
			 meter.done_bytes, rate >> 20);
		return;
	}
	n = snprintf(text, size_bytes,
		     "%u%% of %" PRIu64 " bytes, %" PRIu64 " MiB/s",
		     (unsigned int)((double)meter.done_bytes * 100.0 /
				    (double)meter.total_bytes),
		     meter.total_bytes, rate >> 20);
	if (n < 0 || rate == 0)
		return;
	left_sec = (meter.total_bytes - meter.done_bytes) / rate;
	snprintf(text + n, size_bytes - (size_t)n,
		 ", %" PRIu64 ":%02" PRIu64 " left", left_sec / 60,
		 left_sec % 60);
}

static void draw_bar(uint64_t nsec)
{
	char cells[BAR_CELLS + 1];
	char line[200];
	char text[120];
	unsigned int full = 0;

	describe(text, sizeof(text), nsec);
	if (meter.total_bytes > 0)
		full = (unsigned int)((double)meter.done_bytes * BAR_CELLS /
				      (double)meter.total_bytes);
	for (unsigned int i = 0; i < BAR_CELLS; i++)
		cells[i] = i < full ? '=' : ' ';
	cells[BAR_CELLS] = '\0';
	snprintf(line, sizeof(line), "\r[%s] %s\033[K", cells, text);
	put(line);
	meter.bar_shown = true;
}

static void tell_json(void)
{
	char line[120];

	snprintf(line, sizeof(line),
		 "{\"progress\":{\"done_bytes\":%" PRIu64
		 ",\"total_bytes\":%" PRIu64 "}}\n",
		 meter.done_bytes, meter.total_bytes);
	put(line);
	meter.json_told = true;
	meter.told_bytes = meter.done_bytes;
}

static void tell(uint64_t nsec)
{
	char text[120];

	if (line_asked) {
		line_asked = 0;
		describe(text, sizeof(text), nsec);
		psnap_msg("progress", "%s", text);
	}
	if (nsec < meter.next_nsec)
		return;
	if (meter.mode == PSNAP_METER_BAR) {
		draw_bar(nsec);
		meter.next_nsec = nsec + BAR_STEP_NSEC;
	} else if (meter.mode == PSNAP_METER_JSON) {
		tell_json();
		meter.next_nsec = nsec + JSON_STEP_NSEC;
	}
}

static int tick(void *ctx, uint64_t done_bytes, uint64_t total_bytes)
{
	uint64_t nsec;

	(void)ctx;
	if (stop_asked)
		return 1;
	if (meter.mode == PSNAP_METER_NONE && !line_asked) {
		meter.done_bytes = done_bytes;
		meter.total_bytes = total_bytes;
		return 0;
	}
	nsec = now_nsec();
	if (total_bytes != meter.total_bytes || done_bytes < meter.done_bytes)
		meter.began_nsec = nsec;
	meter.total_bytes = total_bytes;
	meter.done_bytes = done_bytes;
	if (total_bytes > 0 && done_bytes > total_bytes)
		meter.done_bytes = total_bytes;
	tell(nsec);
	return 0;
}

static void catch_signal(int signo, void (*handler)(int), int flags)
{
	struct sigaction action = { 0 };
	struct sigaction before;

	/* nohup and background jobs of a shell have it ignored: stay so. */
	if (sigaction(signo, NULL, &before) == 0 &&
	    before.sa_handler == SIG_IGN)
		return;
	action.sa_handler = handler;
	action.sa_flags = flags;
	sigemptyset(&action.sa_mask);
	sigaction(signo, &action, NULL);
}

void psnap_meter_start(enum psnap_meter_mode mode, bool quiet,
		       struct psnap_progress *progress)
{
	/* Not restarted: a writer that waits for a reader shall notice. */
	catch_signal(SIGINT, on_stop, 0);
	catch_signal(SIGTERM, on_stop, 0);
	catch_signal(SIGALRM, on_stop, 0);
	catch_signal(SIGUSR1, on_usr1, SA_RESTART);
	meter.began_nsec = now_nsec();
	meter.next_nsec = meter.began_nsec;
	meter.mode = mode;
	if (mode == PSNAP_METER_AUTO) {
		meter.mode = !quiet && isatty(STDERR_FILENO) ? PSNAP_METER_BAR
							     : PSNAP_METER_NONE;
		meter.next_nsec += BAR_DELAY_NSEC;
	}
	progress->tick = tick;
	progress->ctx = NULL;
}

void psnap_meter_hide(void)
{
	if (meter.bar_shown)
		put("\r\033[K");
	meter.bar_shown = false;
}

bool psnap_meter_interrupted(void)
{
	return stop_asked != 0;
}

void psnap_meter_finish(void)
{
	psnap_meter_hide();
	if (meter.mode == PSNAP_METER_JSON && meter.json_told &&
	    meter.done_bytes != meter.told_bytes)
		tell_json();
	meter.mode = PSNAP_METER_NONE;
}
