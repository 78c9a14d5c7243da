/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who uses a device or file: the search itself and what its parts share. The
 * parts are use_mount.c (mounts and swap), use_loop.c (loop devices) and
 * use_dm.c (block devices that stand on a device).
 *
 * This informs people; it protects nothing. What guards a write is the
 * exclusive claim on the open descriptor.
 */
#include "use.h"

#include "fail.h"

#include <errno.h>
#include <fcntl.h>
#include <psnap/io.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

const struct psnap_use_roots psnap_use_roots_system = {
	.proc = "/proc",
	.sys = "/sys",
	.dev = "/dev",
};

bool psnap_use_path(struct psnap_use_path *path, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(path->text, sizeof(path->text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(path->text))
		return true;
	path->text[0] = '\0';
	return false;
}

bool psnap_use_line(const char *path, char *line, size_t line_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	line[0] = '\0';
	if (fd < 0)
		return false;
	n = read(fd, line, line_size - 1);
	close(fd);
	if (n < 0)
		return false;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return true;
}

dev_t psnap_use_dev_file(const char *path)
{
	unsigned int dev_major;
	unsigned int dev_minor;
	char line[64];

	if (!psnap_use_line(path, line, sizeof(line)) ||
	    sscanf(line, "%u:%u", &dev_major, &dev_minor) != 2)
		return 0;
	return makedev(dev_major, dev_minor);
}

/* The whole disk of a partition; 0 for what is no partition. sysfs keeps a
 * partition's directory inside its disk's. */
dev_t psnap_use_disk_of(const struct psnap_use_roots *roots, dev_t dev)
{
	struct psnap_use_path path;

	if (!psnap_use_path(&path, "%s/dev/block/%u:%u/partition", roots->sys,
			    major(dev), minor(dev)) ||
	    access(path.text, F_OK))
		return 0;
	if (!psnap_use_path(&path, "%s/dev/block/%u:%u/../dev", roots->sys,
			    major(dev), minor(dev)))
		return 0;
	return psnap_use_dev_file(path.text);
}

bool psnap_use_overlaps(const struct psnap_use_scan *scan, dev_t dev)
{
	dev_t own = scan->st->st_rdev;

	if (!S_ISBLK(scan->st->st_mode) || dev == 0)
		return false;
	return dev == own || dev == scan->disk ||
	       psnap_use_disk_of(scan->roots, dev) == own;
}

int psnap_use_tell(const struct psnap_use_scan *scan, enum psnap_use_kind kind,
		   const char *detail)
{
	struct psnap_use use = { .kind = kind, .detail = detail };

	return scan->fn(scan->ctx, &use);
}

int psnap_use_scan(const struct psnap_use_roots *roots, const struct stat *st,
		   int (*fn)(void *ctx, const struct psnap_use *use), void *ctx,
		   struct psnap_error *err)
{
	struct psnap_use_scan scan = {
		.roots = roots,
		.st = st,
		.fn = fn,
		.ctx = ctx,
	};
	int rc = 0;

	if (!S_ISBLK(st->st_mode) && !S_ISREG(st->st_mode))
		return 0;
	if (S_ISBLK(st->st_mode)) {
		scan.disk = psnap_use_disk_of(roots, st->st_rdev);
		rc = psnap_use_mounts(&scan, err);
	}
	if (!rc)
		rc = psnap_use_swaps(&scan, err);
	if (!rc && S_ISBLK(st->st_mode))
		rc = psnap_use_holders(&scan);
	if (!rc)
		rc = psnap_use_loops(&scan);
	return rc;
}

int psnap_use_list(struct psnap_io *io,
		   int (*fn)(void *ctx, const struct psnap_use *use), void *ctx,
		   struct psnap_error *err)
{
	struct stat st;

	if (io->fd < 0 || fstat(io->fd, &st))
		return 0;
	return psnap_use_scan(&psnap_use_roots_system, &st, fn, ctx, err);
}
