/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages on standard error. A line is put together first and written in one
 * call, so that lines of several programs on one terminal do not mix. A failed
 * write is ignored: there is nowhere left to report it.
 */
#include "message.h"

#include "meter.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Room for two long paths and the text of an error. */
#define LINE_BYTES 9000

static const char *program_name = "psnap";
static const char *interrupted_words =
	"nothing was changed, run the same command again";

void psnap_msg_program(const char *name)
{
	program_name = name;
}

const char *psnap_msg_program_name(void)
{
	return program_name;
}

static size_t append(char *line, size_t used_bytes, const char *text)
{
	size_t len_bytes = strlen(text);
	size_t room_bytes = LINE_BYTES - 1 - used_bytes;

	if (len_bytes > room_bytes)
		len_bytes = room_bytes;
	memcpy(line + used_bytes, text, len_bytes);
	return used_bytes + len_bytes;
}

static void put_line(char *line, size_t len_bytes)
{
	size_t done_bytes = 0;
	ssize_t n;

	for (size_t i = 0; i < len_bytes; i++) {
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	}
	line[len_bytes++] = '\n';
	psnap_meter_hide();
	while (done_bytes < len_bytes) {
		n = write(STDERR_FILENO, line + done_bytes,
			  len_bytes - done_bytes);
		/* After a stop an alarm comes every second. */
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		done_bytes += (size_t)n;
	}
}

PSNAP_PRINTF(2, 0)
static void message(const char *subject, const char *fmt, va_list args)
{
	char line[LINE_BYTES];
	size_t used_bytes;
	int n;

	used_bytes = append(line, 0, program_name);
	used_bytes = append(line, used_bytes, ": ");
	if (subject) {
		used_bytes = append(line, used_bytes, subject);
		used_bytes = append(line, used_bytes, ": ");
	}
	n = vsnprintf(line + used_bytes, LINE_BYTES - used_bytes, fmt, args);
	if (n > 0)
		used_bytes += (size_t)n;
	if (used_bytes > LINE_BYTES - 1)
		used_bytes = LINE_BYTES - 1;
	put_line(line, used_bytes);
}

void psnap_msg(const char *subject, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	message(subject, fmt, args);
	va_end(args);
}

int psnap_msg_usage(const char *fmt, ...)
{
	char line[100];
	va_list args;
	int n;

	va_start(args, fmt);
	message(NULL, fmt, args);
	va_end(args);
	n = snprintf(line, sizeof(line) - 1,
		     "Try '%s --help' for more information.", program_name);
	if (n > 0)
		put_line(line, strlen(line));
	return PSNAP_EXIT_USAGE;
}

/* The operation failed (8), or the store is not fit for it (4)? */
static int exit_of(int code)
{
	switch (code) {
	case PSNAP_E_NOT_STORE:
	case PSNAP_E_VERSION:
	case PSNAP_E_CORRUPT:
	case PSNAP_E_TRUNCATED:
		return PSNAP_EXIT_LEFT;
	case PSNAP_E_INTERRUPTED:
		return PSNAP_EXIT_INTERRUPTED;
	default:
		return PSNAP_EXIT_FAILED;
	}
}

int psnap_msg_error(const char *subject, const struct psnap_error *err)
{
	if (err->code == PSNAP_E_INTERRUPTED)
		return psnap_msg_interrupted(subject);
	psnap_msg(subject, "%s",
		  err->message[0] != '\0' ? err->message
					  : psnap_err_text(err->code));
	return exit_of(err->code);
}

int psnap_msg_unfinished(const char *subject, const struct psnap_error *err)
{
	if (err->code == PSNAP_E_INTERRUPTED)
		return psnap_msg_interrupted(subject);
	psnap_msg(subject, "%s; run the same command again to go on",
		  err->message[0] != '\0' ? err->message
					  : psnap_err_text(err->code));
	return PSNAP_EXIT_FAILED;
}

void psnap_msg_interrupted_words(const char *words)
{
	interrupted_words = words;
}

int psnap_msg_interrupted(const char *subject)
{
	static bool said;

	/* The work and its output may both notice the same signal. */
	if (said)
		return PSNAP_EXIT_INTERRUPTED;
	said = true;
	psnap_msg(subject, "interrupted; %s", interrupted_words);
	return PSNAP_EXIT_INTERRUPTED;
}

int psnap_msg_nomem(void)
{
	psnap_msg(NULL, "%s", psnap_err_text(PSNAP_E_NOMEM));
	return PSNAP_EXIT_FAILED;
}

const char *psnap_msg_reason(int os_errno, char text[80])
{
	const char *reason = strerror(os_errno);

	snprintf(text, 80, "%s", reason);
	/* "No space left" becomes "no space left", "RPC ..." stays. */
	if (text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a')
		text[0] = (char)(text[0] - 'A' + 'a');
	return text;
}
