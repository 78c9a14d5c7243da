/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save_room.h"

#include "message.h"
#include "place.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* May a file end there? A file system that cannot tell will when it is written
 * to. */
static bool reaches(int fd, uint64_t end_bytes)
{
	struct rlimit limit;

	if (end_bytes > (uint64_t)INT64_MAX ||
	    (getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
	     limit.rlim_cur != RLIM_INFINITY && end_bytes > limit.rlim_cur))
		return false;
	return lseek(fd, (off_t)end_bytes, SEEK_SET) >= 0 || errno != EINVAL;
}

static uint64_t longest_bytes(int fd)
{
	uint64_t longest = 0;

	for (uint64_t step = UINT64_C(1) << 62; step > 0; step >>= 1)
		if (reaches(fd, longest + step))
			longest += step;
	return longest;
}

int psnap_save_length(const char *path, int fd, uint64_t end_bytes)
{
	if (reaches(fd, end_bytes))
		return 0;
	psnap_msg(path,
		  "the undo file may need %" PRIu64
		  " bytes, and a file there can have %" PRIu64
		  "; name one elsewhere; nothing was changed",
		  end_bytes, longest_bytes(fd));
	return PSNAP_EXIT_FAILED;
}

/* @fs: NULL: a file system that does not tell, and has to be tried. */
static int check_free(const char *path, const struct statvfs *fs,
		      uint64_t need_bytes)
{
	uint64_t free_bytes;

	if (!fs ||
	    __builtin_mul_overflow((uint64_t)fs->f_bavail,
				   (uint64_t)fs->f_frsize, &free_bytes) ||
	    free_bytes >= need_bytes)
		return 0;
	psnap_msg(path,
		  "the undo file may need %" PRIu64 " bytes and %" PRIu64
		  " are free; nothing was changed",
		  need_bytes, free_bytes);
	return PSNAP_EXIT_FAILED;
}

int psnap_save_room_at(const char *path, uint64_t need_bytes)
{
	char *place = psnap_place_of(path);
	struct statvfs fs;
	bool told = place && statvfs(place, &fs) == 0;

	free(place);
	return check_free(path, told ? &fs : NULL, need_bytes);
}

/* A file that was cut ends with room that was made and not used. */
static uint64_t unused_bytes(const struct psnap_save *save)
{
	uint64_t end_bytes = psnap_undo_end_bytes(save->undo);
	uint64_t used_bytes;
	struct stat st;

	if (fstat(save->file->fd, &st) < 0)
		return 0;
	used_bytes = (uint64_t)st.st_blocks * 512;
	if (used_bytes > (uint64_t)st.st_size)
		used_bytes = (uint64_t)st.st_size;
	return used_bytes > end_bytes ? used_bytes - end_bytes : 0;
}

int psnap_save_room(const struct psnap_save *save, uint64_t need_bytes)
{
	uint64_t unused = unused_bytes(save);
	struct statvfs fs;
	bool told = fstatvfs(save->file->fd, &fs) == 0;
	int status = psnap_save_length(save->path, save->file->fd,
				       psnap_undo_end_bytes(save->undo) +
					       need_bytes);

	if (status != 0 || need_bytes <= unused)
		return status;
	return check_free(save->path, told ? &fs : NULL, need_bytes - unused);
}
