/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filling the error record: once, by the place that notices the failure.
 */
#ifndef PSNAP_FAIL_H
#define PSNAP_FAIL_H

#include <psnap/error.h>

/* Fill @err (may be NULL) and return @code. */
int psnap_fail(struct psnap_error *err, enum psnap_err code, const char *fmt,
	       ...) PSNAP_PRINTF(3, 4);

/* The same with a byte offset, which the text gets in front: "byte N: ". */
int psnap_fail_at(struct psnap_error *err, enum psnap_err code,
		  uint64_t offset_bytes, const char *fmt, ...)
	PSNAP_PRINTF(4, 5);

/* The same with the system's reason, which the text gets behind: ": why". */
int psnap_fail_errno(struct psnap_error *err, enum psnap_err code, int os_errno,
		     const char *fmt, ...) PSNAP_PRINTF(4, 5);

/* Both: "byte N: text: why". */
int psnap_fail_io(struct psnap_error *err, int os_errno, uint64_t offset_bytes,
		  const char *fmt, ...) PSNAP_PRINTF(4, 5);

/* Out of memory while doing what the text says. */
int psnap_fail_nomem(struct psnap_error *err, const char *doing);

/* The system's reason for an errno in lower-case words. */
const char *psnap_errno_text(int os_errno);

#endif
