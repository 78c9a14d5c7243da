/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The output buffer: every byte arrives once and in order, the first failure
 * sticks, a signal ends the wait for a reader; and the fast digits agree with
 * printf().
 */
#include "digits.h"
#include "outbuf.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

/* Larger than the buffer and no multiple of anything in it. */
#define MANY_BYTES (3 * PSNAP_OUTBUF_BYTES + 12345)

static unsigned char pattern_byte(size_t i)
{
	return (unsigned char)(i * 2654435761u >> 13);
}

static bool open_on(struct psnap_outbuf *out, int fd, bool compress)
{
	*out = (struct psnap_outbuf){ 0 };
	return T_OK(fd >= 0 && psnap_outbuf_open(out, fd, compress, NULL) == 0,
		    "a buffer before descriptor %d", fd);
}

/* Bytes in steps of changing length, through both ways in. */
static void write_pattern(struct psnap_outbuf *out)
{
	unsigned char step[700];
	size_t done = 0;
	size_t len = 1;
	char *p;

	while (done < MANY_BYTES) {
		len = len * 7 % 690 + 1;
		if (len > MANY_BYTES - done)
			len = MANY_BYTES - done;
		for (size_t i = 0; i < len; i++)
			step[i] = pattern_byte(done + i);
		if (len % 2 == 0) {
			psnap_outbuf_bytes(out, step, len);
		} else {
			p = psnap_outbuf_reserve(out, sizeof(step));
			memcpy(p, step, len);
			psnap_outbuf_advance(out, p + len);
		}
		done += len;
	}
}

static size_t first_difference(const unsigned char *data, size_t len)
{
	size_t i = 0;

	while (i < len && data[i] == pattern_byte(i))
		i++;
	return i;
}

static void test_order(void)
{
	int fd = memfd_create("out", 0);
	unsigned char *back = calloc(1, MANY_BYTES + 1);
	struct psnap_outbuf out;

	if (!back || !open_on(&out, fd, false))
		return;
	write_pattern(&out);
	T_EQ_I64(psnap_outbuf_finish(&out), 0);
	T_EQ_I64(pread(fd, back, MANY_BYTES + 1, 0), (int64_t)MANY_BYTES);
	T_EQ_U64(first_difference(back, MANY_BYTES), MANY_BYTES);
	psnap_outbuf_release(&out);
	close(fd);
	free(back);
}

static void test_gzip(void)
{
	int fd = memfd_create("out", 0);
	unsigned char *back = calloc(1, MANY_BYTES + 1);
	struct psnap_outbuf out;
	gzFile gz;

	if (!back || !open_on(&out, fd, true))
		return;
	write_pattern(&out);
	T_EQ_I64(psnap_outbuf_finish(&out), 0);
	psnap_outbuf_release(&out);
	lseek(fd, 0, SEEK_SET);
	gz = gzdopen(fd, "rb");
	T_EQ_I64(gzread(gz, back, MANY_BYTES + 1), (int64_t)MANY_BYTES);
	T_EQ_U64(first_difference(back, MANY_BYTES), MANY_BYTES);
	T_OK(gzdirect(gz) == 0, "it was compressed");
	gzclose(gz);
	free(back);
}

static void test_failures(void)
{
	int full = open("/dev/full", O_WRONLY);
	int readonly = open("/dev/null", O_RDONLY);
	struct psnap_outbuf out;

	for (int compress = 0; compress < 2; compress++) {
		if (!open_on(&out, full, compress != 0))
			return;
		write_pattern(&out);
		T_EQ_I64(out.os_errno, ENOSPC);
		/* Later success must not hide an earlier failure. */
		out.fd = STDERR_FILENO;
		T_EQ_I64(psnap_outbuf_flush(&out), -1);
		T_EQ_I64(psnap_outbuf_finish(&out), -1);
		T_EQ_I64(out.os_errno, ENOSPC);
		psnap_outbuf_release(&out);
	}
	if (open_on(&out, readonly, false)) {
		psnap_outbuf_text(&out, "x");
		T_EQ_I64(psnap_outbuf_flush(&out), -1);
		T_EQ_I64(out.os_errno, EBADF);
		psnap_outbuf_release(&out);
	}
	close(full);
	close(readonly);
}

/* A pipe takes 64 KiB at a time, and a non-blocking one says EAGAIN between:
 * the child writes, we read. */
static void test_short_writes(void)
{
	unsigned char *back = calloc(1, MANY_BYTES + 1);
	struct psnap_outbuf out;
	size_t len = 0;
	ssize_t n = 1;
	int status = 0;
	int fds[2];
	pid_t child;

	if (!back || pipe(fds) < 0 || fcntl(fds[1], F_SETFL, O_NONBLOCK) < 0 ||
	    !open_on(&out, fds[1], false))
		return;
	child = fork();
	if (child == 0) {
		write_pattern(&out);
		_exit(psnap_outbuf_finish(&out) == 0 ? 0 : 1);
	}
	close(fds[1]);
	while (n > 0 && len <= MANY_BYTES) {
		n = read(fds[0], back + len, MANY_BYTES + 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	close(fds[0]);
	T_OK(waitpid(child, &status, 0) == child && status == 0,
	     "the writer is content, status %d", status);
	T_EQ_U64(len, MANY_BYTES);
	T_EQ_U64(first_difference(back, MANY_BYTES), MANY_BYTES);
	psnap_outbuf_release(&out);
	free(back);
}

static bool stop_now(void)
{
	return true;
}

static int flushed;

static void count_flush(void)
{
	flushed++;
}

static void test_pipes(void)
{
	struct psnap_outbuf out;
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	if (pipe2(fds, O_NONBLOCK) < 0 || !open_on(&out, fds[1], false))
		return;
	/* Nobody reads: without the stop this would wait for ever. */
	out.stop = stop_now;
	out.before_write = count_flush;
	write_pattern(&out);
	T_EQ_I64(out.os_errno, EINTR);
	T_EQ_I64(flushed, 1);
	psnap_outbuf_release(&out);
	close(fds[0]);
	if (open_on(&out, fds[1], false)) {
		psnap_outbuf_text(&out, "x");
		T_EQ_I64(psnap_outbuf_finish(&out), -1);
		T_EQ_I64(out.os_errno, EPIPE);
		psnap_outbuf_release(&out);
	}
	close(fds[1]);
}

static void test_text(void)
{
	static const char want[] = "a?b?c\xc3\xa9?d 18446744073709551615|";
	int fd = memfd_create("out", 0);
	char back[100] = { 0 };
	struct psnap_outbuf out;

	if (!open_on(&out, fd, false))
		return;
	psnap_outbuf_plain(&out, "a\nb\033c\xc3\xa9\177d");
	psnap_outbuf_printf(&out, " %" PRIu64 "%s", UINT64_MAX, "|");
	T_EQ_I64(psnap_outbuf_finish(&out), 0);
	T_EQ_I64(pread(fd, back, sizeof(back) - 1, 0),
		 (int64_t)sizeof(want) - 1);
	T_EQ_STR(back, want);
	psnap_outbuf_release(&out);
	close(fd);
}

static bool digits_agree(uint64_t value)
{
	char want[40];
	char got[40];

	snprintf(want, sizeof(want), "%" PRIu64, value);
	*psnap_digits_put(got, value) = '\0';
	if (strcmp(got, want) != 0)
		return T_OK(false, "%s is written as %s", want, got);
	snprintf(want, sizeof(want), "%12" PRIu64, value);
	*psnap_digits_right(got, value, 12) = '\0';
	return strcmp(got, want) == 0 ||
	       T_OK(false, "'%s' is written as '%s'", want, got);
}

static void test_digits(void)
{
	uint64_t power = 1;
	uint64_t mixed = 1;
	bool agree = true;
	char hex[9] = { 0 };

	for (int i = 0; i < 64; i++) {
		for (uint64_t near = 0; near < 3; near++)
			agree &= digits_agree((UINT64_C(1) << i) + near - 1);
	}
	for (int i = 0; i < 20; i++, power *= 10) {
		for (uint64_t near = 0; near < 3; near++)
			agree &= digits_agree(power + near - 1);
	}
	for (int i = 0; i < 200000; i++) {
		mixed = mixed * UINT64_C(6364136223846793005) + 1;
		agree &= digits_agree(mixed >> (i % 64));
	}
	T_OK(agree, "all digits agree with printf");
	psnap_digits_hex8(hex, 0x0badcafe);
	T_EQ_STR(hex, "0badcafe");
}

int main(void)
{
	test_order();
	test_gzip();
	test_failures();
	test_short_writes();
	test_pipes();
	test_text();
	test_digits();
	return T_DONE();
}
