/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A large buffer before a descriptor, plain or through gzip. Writers reserve
 * room for a whole record, fill it without further checks and advance. The
 * first failure sticks: everything later is dropped, so that formatting code
 * needs no error paths and asks once a record.
 */
#ifndef PSNAP_CMD_OUTBUF_H
#define PSNAP_CMD_OUTBUF_H

#include <psnap/error.h>
#include <stddef.h>

#define PSNAP_OUTBUF_BYTES ((size_t)1 << 20)

struct psnap_gzip;

/**
 * struct psnap_outbuf - zero-initialise, then psnap_outbuf_open()
 * @used_bytes:    filled and not yet written
 * @fd:            stays the caller's
 * @os_errno:      the first failure, 0 while all is well; EINTR: @stop said so
 * @eager:         somebody watches: flush after each line
 * @before_write:  called before bytes go to @fd; may be NULL
 * @stop:          asked when a signal came in while waiting for a reader; may
 *                 be NULL
 */
struct psnap_outbuf {
	char *data;
	size_t used_bytes;
	int fd;
	int os_errno;
	bool eager;
	void (*before_write)(void);
	bool (*stop)(void);
	struct psnap_gzip *gzip;
};

/** psnap_outbuf_open() - get the buffer; 0 or PSNAP_E_NOMEM */
int psnap_outbuf_open(struct psnap_outbuf *out, int fd, bool compress,
		      struct psnap_error *err);

/** psnap_outbuf_flush() - hand on what is in the buffer; 0 or -1 */
int psnap_outbuf_flush(struct psnap_outbuf *out);

/** psnap_outbuf_finish() - flush and end the gzip stream; 0 or -1 */
int psnap_outbuf_finish(struct psnap_outbuf *out);

/** psnap_outbuf_release() - release the buffer without writing */
void psnap_outbuf_release(struct psnap_outbuf *out);

/** psnap_outbuf_bytes() - append any number of bytes */
void psnap_outbuf_bytes(struct psnap_outbuf *out, const void *data,
			size_t len_bytes);

/** psnap_outbuf_text() - append a string as it is */
void psnap_outbuf_text(struct psnap_outbuf *out, const char *text);

/** psnap_outbuf_plain() - append a string, control characters as '?' */
void psnap_outbuf_plain(struct psnap_outbuf *out, const char *text);

/** psnap_outbuf_printf() - append formatted text, at most 64 KiB */
void psnap_outbuf_printf(struct psnap_outbuf *out, const char *fmt, ...)
	PSNAP_PRINTF(2, 3);

/**
 * psnap_outbuf_reserve() - room for @len_bytes, at most PSNAP_OUTBUF_BYTES
 *
 * Return: where to write; end with psnap_outbuf_advance().
 */
static inline char *psnap_outbuf_reserve(struct psnap_outbuf *out,
					 size_t len_bytes)
{
	if (PSNAP_OUTBUF_BYTES - out->used_bytes < len_bytes)
		psnap_outbuf_flush(out);
	return out->data + out->used_bytes;
}

/** psnap_outbuf_advance() - @end is behind the last byte written */
static inline void psnap_outbuf_advance(struct psnap_outbuf *out,
					const char *end)
{
	out->used_bytes = (size_t)(end - out->data);
}

#endif
