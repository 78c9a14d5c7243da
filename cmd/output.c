/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where results go. A full or closed standard output is a failure of the
 * command: a script that saves a report must not take half of it for all.
 */
#include "output.h"

#include "message.h"
#include "meter.h"

#include <errno.h>
#include <fcntl.h>
#include <psnap/io.h>
#include <psnap/newfile.h>
#include <stdio.h>
#include <unistd.h>

static const char stdout_name[] = "standard output";

static int write_failed(const char *name, int os_errno)
{
	char reason[80];

	if (os_errno == EINTR)
		return psnap_msg_interrupted(NULL);
	if (os_errno == EBADF)
		psnap_msg(name, "it is closed");
	else if (os_errno != EPIPE)
		psnap_msg(name, "%s", psnap_msg_reason(os_errno, reason));
	return PSNAP_EXIT_FAILED;
}

void psnap_output_guard_fds(void)
{
	static const int modes[3] = { O_RDONLY, O_RDONLY, O_WRONLY };
	int got;

	/* open() gives the lowest free number, so going upwards fills each
	 * gap. Results written to the read-only 1 fail, as they should. */
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		got = open("/dev/null", modes[fd]);
		if (got >= 0 && got != fd)
			close(got);
	}
}

bool psnap_output_same_object(int fd_a, int fd_b)
{
	const struct psnap_io a = { .fd = fd_a };
	const struct psnap_io b = { .fd = fd_b };

	return psnap_io_overlap(&a, &b);
}

static int open_stdout(struct psnap_output *output, bool compress,
		       struct psnap_io *const *inputs)
{
	bool terminal = isatty(STDOUT_FILENO) != 0;

	if (compress && terminal) {
		return psnap_msg_usage("--compress: standard output is a "
				       "terminal; use --output-file or a pipe");
	}
	for (; *inputs; inputs++) {
		if (!psnap_output_same_object(STDOUT_FILENO, (*inputs)->fd))
			continue;
		psnap_msg(stdout_name,
			  "it is %s itself; nothing was written "
			  "to it",
			  (*inputs)->name);
		return PSNAP_EXIT_FAILED;
	}
	output->buf.eager = terminal;
	if (terminal)
		output->buf.before_write = psnap_meter_hide;
	return 0;
}

int psnap_output_open(struct psnap_output *output, const char *path,
		      bool compress, struct psnap_io *const *inputs)
{
	struct psnap_error err = { 0 };
	int fd = STDOUT_FILENO;
	int status = 0;

	output->path = path;
	output->buf.stop = psnap_meter_interrupted;
	if (path) {
		if (psnap_newfile_create(path, inputs, &output->file, &err) < 0)
			return psnap_msg_error(path, &err);
		fd = psnap_newfile_fd(output->file);
	} else {
		status = open_stdout(output, compress, inputs);
	}
	if (status == 0 &&
	    psnap_outbuf_open(&output->buf, fd, compress, &err) < 0)
		status = psnap_msg_error(path ? path : stdout_name, &err);
	if (status != 0) {
		psnap_newfile_abandon(output->file);
		output->file = NULL;
	}
	return status;
}

int psnap_output_close(struct psnap_output *output, bool keep)
{
	const char *name = output->file ? output->path : stdout_name;
	struct psnap_error err = { 0 };
	int status = 0;

	if (!output->buf.data)
		return 0;
	/* What was found before an interruption is still worth seeing. */
	if (keep || !output->file)
		psnap_outbuf_finish(&output->buf);
	if (output->buf.os_errno != 0)
		status = write_failed(name, output->buf.os_errno);
	if (output->file && keep && status == 0) {
		if (psnap_newfile_commit(output->file, &err) < 0)
			status = psnap_msg_error(name, &err);
	} else if (output->file) {
		psnap_newfile_abandon(output->file);
	} else if (close(STDOUT_FILENO) < 0 && status == 0) {
		/* Network file systems report a full disk only here. */
		status = write_failed(name, errno);
	}
	output->file = NULL;
	psnap_outbuf_release(&output->buf);
	return status;
}

int psnap_output_end_stdio(void)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	return write_failed(stdout_name, errno != 0 ? errno : EIO);
}
