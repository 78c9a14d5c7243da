/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors: the operation could not be done. Facts about an image are findings
 * (finding.h), never errors. The place that notices a failure fills the record
 * once; callers pass it on.
 *
 * Every function returns 0 or a negative enum psnap_err; iterators return 1
 * for an item, 0 at the end, negative on failure. The last parameter is always
 * a struct psnap_error that may be NULL. On failure out-parameters are zero.
 */
#ifndef PSNAP_ERROR_H
#define PSNAP_ERROR_H

#include <psnap/export.h>
#include <stdbool.h>
#include <stdint.h>

PSNAP_BEGIN_DECLS

/* What a caller would do differently; the text says the rest. */
enum psnap_err {
	PSNAP_E_IO = -1,	   /* a read, write or flush failed */
	PSNAP_E_NOMEM = -2,	   /* memory ran out */
	PSNAP_E_NOT_STORE = -3,	   /* the magic is not that of a store */
	PSNAP_E_VERSION = -4,	   /* a store, of a version nobody knows */
	PSNAP_E_CORRUPT = -5,	   /* a field that cannot be right */
	PSNAP_E_TRUNCATED = -6,	   /* the device ends too early */
	PSNAP_E_RANGE = -7,	   /* an argument lies outside the device */
	PSNAP_E_OVERFLOW = -8,	   /* a result does not fit 64 bits */
	PSNAP_E_NOSPACE = -9,	   /* no room where output should go */
	PSNAP_E_BUSY = -10,	   /* somebody else holds the device */
	PSNAP_E_UNSUPPORTED = -11, /* a file type or medium psnap cannot use */
	PSNAP_E_INTERRUPTED = -12, /* the caller's tick asked to stop */
	PSNAP_E_NOT_FOUND = -13,   /* no such file, device or tag */
	PSNAP_E_API = -14,	   /* misuse of the library; nothing changed */
};

/* Long enough for a path cut in the middle plus a sentence. */
#define PSNAP_ERROR_TEXT_BYTES 400

/**
 * struct psnap_error - where and why something could not be done
 * @code:          the value the function returned
 * @os_errno:      the system's reason, 0 when there is none
 * @has_offset:    @offset_bytes says where
 * @offset_bytes:  byte offset in the io that failed
 * @message:       one lower-case sentence without full stop, naming the offset
 *                 when there is one and what to do next when that is known
 */
struct psnap_error {
	int code;
	int os_errno;
	bool has_offset;
	uint64_t offset_bytes;
	char message[PSNAP_ERROR_TEXT_BYTES];
};

/**
 * psnap_err_text() - say in a few words what kind of failure a code is
 * @code:  an enum psnap_err
 *
 * Return: a constant string, never NULL; for unknown codes "unknown error".
 */
PSNAP_API const char *psnap_err_text(int code);

/**
 * psnap_version() - the library's version, as "MAJOR.MINOR.PATCH"
 *
 * Return: a constant string, never NULL.
 */
PSNAP_API const char *psnap_version(void);

PSNAP_END_DECLS

#endif
