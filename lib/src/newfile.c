/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output files that appear whole or not at all. The file is written under a
 * name of its own in the directory of the final one: a rename there is atomic,
 * a rename from elsewhere may be a copy. What is written is the caller's.
 */
#include "newfile_internal.h"

#include "fail.h"
#include "use.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <psnap/io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEMP_NAME_BYTES 64
#define TEMP_NAME_TRIES 1000u

/**
 * struct psnap_newfile - a file that has no final name yet
 * @dir_fd:     the directory of both names; everything happens relative to it,
 *              so a directory that is moved meanwhile does no harm
 * @path:       resolved final path; @base points into it
 * @replaces:   @old describes a regular file with the final name
 */
struct psnap_newfile {
	int fd;
	int dir_fd;
	char *path;
	const char *base;
	bool replaces;
	struct stat old;
	char temp[TEMP_NAME_BYTES];
};

static int fail_system(struct psnap_error *err, int os_errno, const char *what)
{
	enum psnap_err code = PSNAP_E_IO;

	if (os_errno == ENOSPC || os_errno == EDQUOT)
		code = PSNAP_E_NOSPACE;
	else if (os_errno == ENOENT || os_errno == ENOTDIR)
		code = PSNAP_E_NOT_FOUND;
	else if (os_errno == ENOMEM)
		code = PSNAP_E_NOMEM;
	return psnap_fail_errno(err, code, os_errno, "%s", what);
}

/* Follow a link at @path to the file it means: renaming over the link would
 * leave that file as it was. */
static int resolve(struct psnap_newfile *file, const char *path,
		   struct psnap_error *err)
{
	char *slash;

	if (!*path)
		return psnap_fail(err, PSNAP_E_NOT_FOUND,
				  "an empty name is the name of no file");
	file->path = realpath(path, NULL);
	if (!file->path && errno != ENOENT)
		return fail_system(err, errno, "cannot be created");
	if (!file->path)
		file->path = strdup(path);
	if (!file->path)
		return psnap_fail_nomem(err, "creating a file");
	slash = strrchr(file->path, '/');
	file->base = slash ? slash + 1 : file->path;
	return 0;
}

static int open_dir(struct psnap_newfile *file, struct psnap_error *err)
{
	size_t len;
	char *dir;

	assert(file->path && file->base);
	len = (size_t)(file->base - file->path);
	dir = len ? strndup(file->path, len) : strdup(".");
	if (!dir)
		return psnap_fail_nomem(err, "creating a file");
	file->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (file->dir_fd < 0)
		return fail_system(err, errno, "cannot open its directory");
	if (!*file->base)
		return psnap_fail(err, PSNAP_E_UNSUPPORTED,
				  "is a directory, not a file");
	return 0;
}

static int refuse_used(void *ctx, const struct psnap_use *use)
{
	struct psnap_error *err = ctx;

	if (use->kind == PSNAP_USE_LOOP)
		return psnap_fail(err, PSNAP_E_BUSY,
				  "is behind %s; detach that or choose another "
				  "name",
				  use->detail);
	return psnap_fail(err, PSNAP_E_BUSY,
			  "is in use as swap; choose another name");
}

/* An input must survive until the output is whole, also when it is read by
 * another name or through a loop device. */
static int check_target(struct psnap_newfile *file,
			struct psnap_io *const *inputs, struct psnap_error *err)
{
	const struct stat *old = &file->old;
	struct stat st;

	assert(file->base);
	if (fstatat(file->dir_fd, file->base, &file->old,
		    AT_SYMLINK_NOFOLLOW)) {
		if (errno == ENOENT)
			return 0;
		return fail_system(err, errno, "cannot be created");
	}
	/* Only a link that leads nowhere has not been followed. */
	if (S_ISLNK(old->st_mode))
		return psnap_fail(err, PSNAP_E_UNSUPPORTED,
				  "is a symbolic link to something that is no "
				  "file; name the file itself");
	if (!S_ISREG(old->st_mode))
		return psnap_fail(err, PSNAP_E_UNSUPPORTED,
				  "exists and is not a regular file");
	file->replaces = true;
	for (; inputs && *inputs; inputs++)
		if ((*inputs)->fd >= 0 && fstat((*inputs)->fd, &st) == 0 &&
		    st.st_dev == old->st_dev && st.st_ino == old->st_ino)
			return psnap_fail(err, PSNAP_E_BUSY,
					  "is the same file as an input, which "
					  "would be lost; choose another name");
	return psnap_use_scan(&psnap_use_roots_system, old, refuse_used, err,
			      err);
}

/* The file that takes the place of another is as open to others as that was:
 * private until it has that one's owner. */
static int open_temp(struct psnap_newfile *file, struct psnap_error *err)
{
	mode_t access = file->old.st_mode & 0777;
	mode_t mode = file->replaces ? 0600 : 0666;
	unsigned int n;

	for (n = 0; n < TEMP_NAME_TRIES; n++) {
		snprintf(file->temp, sizeof(file->temp), ".psnap-%ld-%u.tmp",
			 (long)getpid(), n);
		file->fd = openat(file->dir_fd, file->temp,
				  O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
					  O_CLOEXEC,
				  mode);
		if (file->fd >= 0 || errno != EEXIST)
			break;
	}
	if (file->fd < 0)
		return fail_system(err, errno, "cannot be created");
	if (!file->replaces)
		return 0;
	/* Only root may give files away. The old group's bits are then not for
	 * the group that the new file has. */
	if (fchown(file->fd, file->old.st_uid, file->old.st_gid))
		access &= ~(mode_t)070;
	if (fchmod(file->fd, access))
		return fail_system(err, errno, "cannot be created");
	return 0;
}

static void release(struct psnap_newfile *file)
{
	if (file->dir_fd >= 0)
		close(file->dir_fd);
	free(file->path);
	free(file);
}

int psnap_newfile_create(const char *path, struct psnap_io *const *inputs,
			 struct psnap_newfile **file, struct psnap_error *err)
{
	struct psnap_newfile *f = calloc(1, sizeof(*f));
	int rc;

	*file = NULL;
	if (!f)
		return psnap_fail_nomem(err, "creating a file");
	f->fd = -1;
	f->dir_fd = -1;
	rc = resolve(f, path, err);
	if (!rc)
		rc = open_dir(f, err);
	if (!rc)
		rc = check_target(f, inputs, err);
	if (!rc)
		rc = open_temp(f, err);
	if (rc) {
		psnap_newfile_abandon(f);
		return rc;
	}
	*file = f;
	return 0;
}

int psnap_newfile_fd(const struct psnap_newfile *file)
{
	return file->fd;
}

const char *psnap_newfile_path(const struct psnap_newfile *file)
{
	return file->path;
}

int psnap_newfile_commit(struct psnap_newfile *file, struct psnap_error *err)
{
	int fd = file->fd;
	int rc = 0;

	/* Before the rename: a name that survives a power cut while its
	 * contents do not is worse than neither. */
	if (fsync(fd))
		rc = fail_system(err, errno, "cannot be made durable");
	file->fd = -1;
	if (close(fd) && !rc)
		rc = fail_system(err, errno, "cannot be made durable");
	if (!rc && renameat(file->dir_fd, file->temp, file->dir_fd, file->base))
		rc = fail_system(err, errno, "cannot be given its name");
	if (rc) {
		unlinkat(file->dir_fd, file->temp, 0);
		release(file);
		return rc;
	}
	/* EINVAL: a file system that has nothing to flush for a directory. */
	if (fsync(file->dir_fd) && errno != EINVAL)
		rc = fail_system(err, errno,
				 "is complete, but its name may not survive a "
				 "power cut");
	release(file);
	return rc;
}

void psnap_newfile_abandon(struct psnap_newfile *file)
{
	if (!file)
		return;
	if (file->fd >= 0) {
		unlinkat(file->dir_fd, file->temp, 0);
		close(file->fd);
	}
	release(file);
}
