/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another description of a file that is open, whatever its name is by now.
 */
#ifndef PSNAP_REOPEN_H
#define PSNAP_REOPEN_H

#include <fcntl.h>
#include <stdio.h>

/** psnap_reopen() - open once more; Return: a descriptor, or -1 with errno */
static inline int psnap_reopen(int fd, int flags)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(fd)];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

#endif
