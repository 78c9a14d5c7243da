/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ways in which a device fails, and what a failed flush may lose.
 */
#ifndef PSNAP_TEST_HOW_H
#define PSNAP_TEST_HOW_H

#include "io_fault.h"
#include "ram.h"

/*
 * @os_errno:  0: done by half
 * @rare:      not under a sanitizer, which takes twenty times as long
 */
struct how {
	const char *name;
	int os_errno;
	bool rare;
	bool sticky;
	bool gone;
	bool torn;
};

/* A sanitizer is there, and what is rare is left out. */
extern const bool how_is_slow;

extern const char *const how_op_names[IO_FAULT_OPS];

/* The nth operation of this kind fails so. */
void how_arm(struct io_fault *fault, const struct how *how, enum io_fault_op op,
	     uint64_t n);

/* @to becomes what @before was and the log of @log made of it, without what
 * was written to @device and not flushed. */
void how_drop(struct ram *to, const struct ram *before, const struct ram *log,
	      unsigned int device);

#endif
