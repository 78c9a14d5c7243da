/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * on_terminal ANSWERS COMMAND [ARGUMENT...]: run a command with a terminal as
 * its standard input and standard error. Each time it has asked (a line that
 * ends in "] ") it gets the next letter of ANSWERS and a newline; ":" hangs up
 * instead, "^" is an interrupt, and "." is no answer but a newline alone. What
 * comes from the terminal goes to standard error. Ends as the command does.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nobody waits longer for a program that should have asked. */
#define WAIT_MSEC 20000

static void fail(const char *what)
{
	perror(what);
	exit(99);
}

static void child(const char *name, char **argv)
{
	int fd;

	setsid();
	fd = open(name, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0)
		fail(name);
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
	execvp(argv[0], argv);
	fail(argv[0]);
}

/* Return: is there still a terminal? */
static int answer(int fd, char what)
{
	char line[2] = { what, '\n' };
	size_t len = 2;

	if (what == ':')
		line[0] = 4; /* the end of the input */
	else if (what == '^')
		line[0] = 3; /* an interrupt */
	if (what == ':' || what == '^')
		len = 1;
	if (what == '.') {
		line[0] = '\n';
		len = 1;
	}
	return write(fd, line, len) == (ssize_t)len;
}

static void talk(int fd, const char *answers)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char seen[2] = { 0 };
	char buf[4096];
	ssize_t n;

	while (poll(&ready, 1, WAIT_MSEC) > 0) {
		n = read(fd, buf, sizeof(buf));
		if (n <= 0)
			return;
		if (write(STDERR_FILENO, buf, (size_t)n) != n)
			return;
		for (ssize_t i = 0; i < n; i++) {
			seen[0] = seen[1];
			seen[1] = buf[i];
			if (seen[0] != ']' || seen[1] != ' ' || !*answers)
				continue;
			if (!answer(fd, *answers++))
				return;
		}
	}
}

int main(int argc, char **argv)
{
	const char *name;
	int status;
	pid_t pid;
	int fd;

	if (argc < 3)
		return 99;
	fd = posix_openpt(O_RDWR | O_NOCTTY);
	if (fd < 0 || grantpt(fd) < 0 || unlockpt(fd) < 0)
		fail("no terminal");
	name = ptsname(fd);
	if (!name)
		fail("no terminal");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		close(fd);
		child(name, argv + 2);
	}
	talk(fd, argv[1]);
	close(fd);
	if (waitpid(pid, &status, 0) != pid)
		fail("wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}
