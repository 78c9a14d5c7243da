/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far the work is: a bar, JSON lines, or nothing, on standard error; and
 * the signals that ask for it (SIGUSR1) or for an end (SIGINT, SIGTERM).
 * There is one meter in a process, because there is one terminal and one set
 * of signal handlers.
 */
#ifndef PSNAP_CMD_METER_H
#define PSNAP_CMD_METER_H

#include <psnap/progress.h>
#include <stdbool.h>

enum psnap_meter_mode {
	PSNAP_METER_AUTO, /* a bar after a second, on a terminal only */
	PSNAP_METER_BAR,
	PSNAP_METER_JSON,
	PSNAP_METER_NONE,
};

/**
 * psnap_meter_start() - install the signal handlers and begin to measure
 * @quiet:     no bar in PSNAP_METER_AUTO
 * @progress:  out: what to hand to the library
 */
void psnap_meter_start(enum psnap_meter_mode mode, bool quiet,
		       struct psnap_progress *progress);

/** psnap_meter_hide() - take the bar away before something else is printed */
void psnap_meter_hide(void);

/** psnap_meter_interrupted() - has a signal asked to stop? */
bool psnap_meter_interrupted(void);

/** psnap_meter_finish() - the work has ended */
void psnap_meter_finish(void);

#endif
