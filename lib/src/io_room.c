/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a file longer without writing to it.
 */
#include "io_room.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

/* FAT fills with zeros what it makes longer; all would be written twice. */
static bool writes_zeros(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) != 0 || fs.f_type == MSDOS_SUPER_MAGIC;
}

bool psnap_io_make_room(int fd, uint64_t end_bytes, uint64_t min_bytes)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       end_bytes >= (uint64_t)st.st_size + min_bytes &&
	       !writes_zeros(fd) &&
	       fallocate(fd, 0, st.st_size, (off_t)end_bytes - st.st_size) == 0;
}
