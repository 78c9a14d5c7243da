/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The error record: filling it, and the words for codes and system reasons.
 * Which operation failed and where is said by the callers.
 */
#include "fail.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#ifndef PSNAP_VERSION
#	define PSNAP_VERSION "0.1.0"
#endif

const char *psnap_version(void)
{
	return PSNAP_VERSION;
}

const char *psnap_err_text(int code)
{
	switch (code) {
	case PSNAP_E_IO:
		return "input/output failed";
	case PSNAP_E_NOMEM:
		return "out of memory";
	case PSNAP_E_NOT_STORE:
		return "not a snapshot store";
	case PSNAP_E_VERSION:
		return "unknown store version";
	case PSNAP_E_CORRUPT:
		return "damaged";
	case PSNAP_E_TRUNCATED:
		return "ends too early";
	case PSNAP_E_RANGE:
		return "out of range";
	case PSNAP_E_OVERFLOW:
		return "number too large";
	case PSNAP_E_NOSPACE:
		return "no space left";
	case PSNAP_E_BUSY:
		return "in use";
	case PSNAP_E_UNSUPPORTED:
		return "not supported";
	case PSNAP_E_INTERRUPTED:
		return "interrupted";
	case PSNAP_E_NOT_FOUND:
		return "not found";
	case PSNAP_E_API:
		return "wrong use of the library";
	default:
		return "unknown error";
	}
}

static const char unknown_reason[] = "refused by the system";

/*
 * Own words for what users meet; strerror() is neither thread-safe nor, with
 * "Inappropriate ioctl for device", always kind.
 */
const char *psnap_errno_text(int os_errno)
{
	switch (os_errno) {
	case EIO:
		return "the device reported an error";
	case ENOENT:
		return "no such file or directory";
	case ENOTDIR:
		return "a part of the path is not a directory";
	case EACCES:
	case EPERM:
		return "permission denied";
	case ENXIO:
	case ENODEV:
		return "no such device";
	case ENOMEDIUM:
		return "no medium in the drive";
	case EBUSY:
		return "in use";
	case ENOSPC:
		return "no space left on device";
	case EDQUOT:
		return "disk quota exceeded";
	case EFBIG:
		return "larger than the file system allows";
	case EROFS:
		return "read-only file system";
	case ELOOP:
		return "too many symbolic links";
	case ENAMETOOLONG:
		return "name too long";
	case EMFILE:
	case ENFILE:
		return "too many open files";
	case ENOMEM:
		return "out of memory";
	case EPIPE:
		return "the reader has gone";
	case EBADF:
		return "it is closed";
	case ETIMEDOUT:
		return "timed out";
	case EOVERFLOW:
		return "number too large";
	case EINVAL:
		return "refused by the system as invalid";
	default:
		return unknown_reason;
	}
}

struct message {
	struct psnap_error *err;
	size_t used_bytes;
};

static void append_v(struct message *m, const char *fmt, va_list ap)
	PSNAP_PRINTF(2, 0);

static void append_v(struct message *m, const char *fmt, va_list ap)
{
	size_t room = sizeof(m->err->message) - m->used_bytes;
	int n = vsnprintf(m->err->message + m->used_bytes, room, fmt, ap);

	if (n < 0)
		return;
	m->used_bytes += (size_t)n < room ? (size_t)n : room - 1;
}

static void append(struct message *m, const char *fmt, ...) PSNAP_PRINTF(2, 3);

static void append(struct message *m, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	append_v(m, fmt, ap);
	va_end(ap);
}

/* A number is better than nothing in a bug report. */
static void append_reason(struct message *m, int os_errno)
{
	const char *text = psnap_errno_text(os_errno);

	append(m, ": %s", text);
	if (text == unknown_reason)
		append(m, " (error %d)", os_errno);
}

static void begin(struct message *m, struct psnap_error *err, int code,
		  int os_errno)
{
	memset(err, 0, sizeof(*err));
	err->code = code;
	err->os_errno = os_errno;
	m->err = err;
	m->used_bytes = 0;
}

static void begin_at(struct message *m, struct psnap_error *err, int code,
		     int os_errno, uint64_t offset_bytes)
{
	begin(m, err, code, os_errno);
	err->has_offset = true;
	err->offset_bytes = offset_bytes;
	append(m, "byte %" PRIu64 ": ", offset_bytes);
}

int psnap_fail(struct psnap_error *err, enum psnap_err code, const char *fmt,
	       ...)
{
	struct message m;
	va_list ap;

	if (!err)
		return code;
	begin(&m, err, code, 0);
	va_start(ap, fmt);
	append_v(&m, fmt, ap);
	va_end(ap);
	return code;
}

int psnap_fail_at(struct psnap_error *err, enum psnap_err code,
		  uint64_t offset_bytes, const char *fmt, ...)
{
	struct message m;
	va_list ap;

	if (!err)
		return code;
	begin_at(&m, err, code, 0, offset_bytes);
	va_start(ap, fmt);
	append_v(&m, fmt, ap);
	va_end(ap);
	return code;
}

int psnap_fail_errno(struct psnap_error *err, enum psnap_err code, int os_errno,
		     const char *fmt, ...)
{
	struct message m;
	va_list ap;

	if (!err)
		return code;
	begin(&m, err, code, os_errno);
	va_start(ap, fmt);
	append_v(&m, fmt, ap);
	va_end(ap);
	append_reason(&m, os_errno);
	return code;
}

int psnap_fail_io(struct psnap_error *err, int os_errno, uint64_t offset_bytes,
		  const char *fmt, ...)
{
	struct message m;
	va_list ap;

	if (!err)
		return PSNAP_E_IO;
	begin_at(&m, err, PSNAP_E_IO, os_errno, offset_bytes);
	va_start(ap, fmt);
	append_v(&m, fmt, ap);
	va_end(ap);
	append_reason(&m, os_errno);
	return PSNAP_E_IO;
}

int psnap_fail_nomem(struct psnap_error *err, const char *doing)
{
	return psnap_fail(err, PSNAP_E_NOMEM, "out of memory while %s", doing);
}
