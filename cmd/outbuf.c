/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A large buffer before a descriptor. Where the bytes go in the end (standard
 * output, a new file) and what is said when that fails belongs to output.c.
 */
#include "outbuf.h"

#include <errno.h>
#include <poll.h>
#include <psnap/zip.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PRINTF_BYTES ((size_t)1 << 16)
#define WAIT_MSEC    200

static bool told_to_stop(const struct psnap_outbuf *out)
{
	return out->stop && out->stop();
}

/* After a failed write: 0 to try again, else the reason to give up. */
static int wait_for_reader(const struct psnap_outbuf *out, int os_errno)
{
	struct pollfd pollfd = { .fd = out->fd, .events = POLLOUT };

	if (told_to_stop(out))
		return EINTR;
	if (os_errno == EINTR)
		return 0;
	if (os_errno != EAGAIN)
		return os_errno;
	/* Some shells leave a pipe or terminal non-blocking. Not for ever: a
	 * signal may have come between the question above and this. */
	poll(&pollfd, 1, WAIT_MSEC);
	return 0;
}

/* gzip calls this too, hence the signature. */
static int write_fd(void *ctx, const void *data, size_t len_bytes)
{
	struct psnap_outbuf *out = ctx;
	const char *at = data;
	ssize_t n;

	if (out->before_write)
		out->before_write();
	while (len_bytes > 0) {
		n = write(out->fd, at, len_bytes);
		if (n >= 0) {
			at += n;
			len_bytes -= (size_t)n;
			continue;
		}
		out->os_errno = wait_for_reader(out, errno);
		if (out->os_errno != 0)
			return -1;
	}
	return 0;
}

int psnap_outbuf_open(struct psnap_outbuf *out, int fd, bool compress,
		      struct psnap_error *err)
{
	int rc = 0;

	out->fd = fd;
	out->data = malloc(PSNAP_OUTBUF_BYTES);
	if (!out->data) {
		*err = (struct psnap_error){ .code = PSNAP_E_NOMEM };
		return PSNAP_E_NOMEM;
	}
	if (compress)
		rc = psnap_gzip_open(write_fd, out, &out->gzip, err);
	if (rc < 0)
		psnap_outbuf_release(out);
	return rc;
}

int psnap_outbuf_flush(struct psnap_outbuf *out)
{
	size_t len_bytes = out->used_bytes;
	int rc;

	out->used_bytes = 0;
	if (out->os_errno != 0)
		return -1;
	if (len_bytes == 0)
		return 0;
	if (out->gzip)
		rc = psnap_gzip_write(out->gzip, out->data, len_bytes);
	else
		rc = write_fd(out, out->data, len_bytes);
	if (rc != 0 && out->os_errno == 0)
		out->os_errno = EIO;
	return rc != 0 ? -1 : 0;
}

int psnap_outbuf_finish(struct psnap_outbuf *out)
{
	if (psnap_outbuf_flush(out) < 0)
		return -1;
	if (out->gzip && psnap_gzip_finish(out->gzip) != 0) {
		if (out->os_errno == 0)
			out->os_errno = EIO;
		return -1;
	}
	return 0;
}

void psnap_outbuf_release(struct psnap_outbuf *out)
{
	psnap_gzip_close(out->gzip);
	free(out->data);
	out->gzip = NULL;
	out->data = NULL;
	out->used_bytes = 0;
}

void psnap_outbuf_bytes(struct psnap_outbuf *out, const void *data,
			size_t len_bytes)
{
	const char *at = data;
	size_t step_bytes;
	char *p;

	while (len_bytes > 0) {
		p = psnap_outbuf_reserve(out, 1);
		step_bytes = PSNAP_OUTBUF_BYTES - out->used_bytes;
		if (step_bytes > len_bytes)
			step_bytes = len_bytes;
		memcpy(p, at, step_bytes);
		psnap_outbuf_advance(out, p + step_bytes);
		at += step_bytes;
		len_bytes -= step_bytes;
	}
}

void psnap_outbuf_text(struct psnap_outbuf *out, const char *text)
{
	psnap_outbuf_bytes(out, text, strlen(text));
}

void psnap_outbuf_plain(struct psnap_outbuf *out, const char *text)
{
	unsigned char c;
	char *p;

	for (; *text != '\0'; text++) {
		c = (unsigned char)*text;
		p = psnap_outbuf_reserve(out, 1);
		*p = *text;
		if (c < 0x20 || c == 0x7f)
			*p = '?';
		psnap_outbuf_advance(out, p + 1);
	}
}

void psnap_outbuf_printf(struct psnap_outbuf *out, const char *fmt, ...)
{
	char *p = psnap_outbuf_reserve(out, PRINTF_BYTES);
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(p, PRINTF_BYTES, fmt, args);
	va_end(args);
	if (n <= 0)
		return;
	if ((size_t)n >= PRINTF_BYTES)
		n = (int)PRINTF_BYTES - 1;
	psnap_outbuf_advance(out, p + n);
}
