/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who uses a device or file, with the places to look at as a parameter, so
 * that tests can look at a tree of their own.
 */
#ifndef PSNAP_USE_H
#define PSNAP_USE_H

#include <limits.h>
#include <psnap/locate.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* Directories that stand for /proc, /sys and /dev; no slash at the end. */
struct psnap_use_roots {
	const char *proc;
	const char *sys;
	const char *dev;
};

extern const struct psnap_use_roots psnap_use_roots_system;

/**
 * struct psnap_use_scan - one search
 * @roots:      where to look
 * @st:         the file or device that is asked about
 * @disk:       for a partition its whole disk, else 0
 * @fn, @ctx:   receives users
 */
struct psnap_use_scan {
	const struct psnap_use_roots *roots;
	const struct stat *st;
	dev_t disk;
	int (*fn)(void *ctx, const struct psnap_use *use);
	void *ctx;
};

/*
 * psnap_use_list() for what @st describes: a block device (st_rdev) or a
 * regular file (st_dev, st_ino); anything else has no users.
 */
int psnap_use_scan(const struct psnap_use_roots *roots, const struct stat *st,
		   int (*fn)(void *ctx, const struct psnap_use *use), void *ctx,
		   struct psnap_error *err);

/* The parts of a search. Each returns 0 or the first non-zero answer of @fn;
 * a place that cannot be looked at has no users. */
int psnap_use_mounts(const struct psnap_use_scan *scan,
		     struct psnap_error *err);
int psnap_use_swaps(const struct psnap_use_scan *scan, struct psnap_error *err);
int psnap_use_loops(const struct psnap_use_scan *scan);
int psnap_use_holders(const struct psnap_use_scan *scan);

/* The whole disk of a partition; 0 for what is no partition. */
dev_t psnap_use_disk_of(const struct psnap_use_roots *roots, dev_t dev);

/* The loop device that @dev is, or is a partition of; 0: none. */
dev_t psnap_use_loop_of(const struct psnap_use_roots *roots, dev_t dev);

/**
 * struct psnap_use_below - what a loop device stands on
 * @fd:           it, open for reading; the caller closes it
 * @size_bytes:   of all of it
 * @start_bytes:  where the device begins in it
 */
struct psnap_use_below {
	int fd;
	uint64_t size_bytes;
	uint64_t start_bytes;
};

/*
 * What the page cache has of a loop device, or a partition of one, a second time.
 * False: @device is open on something else, or goes past the page cache, or what it
 * stands on is not found under its name, as in another mount namespace.
 */
bool psnap_use_below_open(const struct psnap_use_roots *roots, int device,
			  struct psnap_use_below *below);

/* Do the device asked about and @dev share bytes: the same device, or one is a
 * partition of the other? */
bool psnap_use_overlaps(const struct psnap_use_scan *scan, dev_t dev);

/* Tell @fn. */
int psnap_use_tell(const struct psnap_use_scan *scan, enum psnap_use_kind kind,
		   const char *detail);

/* A path, cut never: false (and an empty path) when it does not fit. */
struct psnap_use_path {
	char text[PATH_MAX];
};

bool psnap_use_path(struct psnap_use_path *path, const char *fmt, ...)
	PSNAP_PRINTF(2, 3);

/* The first line of a small file without its newline; false when it cannot be
 * read. */
bool psnap_use_line(const char *path, char *line, size_t line_size);

/* The number of a block device in a "dev" file of sysfs; 0 when there is none. */
dev_t psnap_use_dev_file(const char *path);

#endif
