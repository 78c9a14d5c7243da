/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what a user types to a path, and who else uses what was opened.
 */
#ifndef PSNAP_LOCATE_H
#define PSNAP_LOCATE_H

#include <psnap/error.h>

PSNAP_BEGIN_DECLS

struct psnap_io;

/**
 * psnap_locate() - turn a user's name for a device into a path
 * @name:  a path, or UUID=, LABEL=, PARTUUID=, PARTLABEL= and a value
 * @path:  out: release with free(); NULL on failure
 *
 * A path is returned as it is, unless it is a missing /dev/disk/by-uuid,
 * by-label, by-partuuid or by-partlabel link (rescue media often have no
 * udev): then libblkid looks for the tag. "./UUID=x" names a file.
 * I/O: may read block devices to find a tag.
 * Return: 0, PSNAP_E_NOT_FOUND when no device has the tag, PSNAP_E_NOMEM.
 */
PSNAP_API PSNAP_MUST_USE int psnap_locate(const char *name, char **path,
					  struct psnap_error *err);

/* In which way something is in use. */
enum psnap_use_kind {
	PSNAP_USE_MOUNTED,  /* mounted; detail: the mount point */
	PSNAP_USE_SWAP,	    /* active swap; detail: none */
	PSNAP_USE_HOLDER,   /* a block device stands on it; detail: its name */
	PSNAP_USE_SNAPSHOT, /* an active dm-snapshot uses it; detail: dm name */
	PSNAP_USE_LOOP,	    /* a file that backs a loop device; detail: which */
};

/**
 * struct psnap_use - one user of a device or file
 * @kind:    in which way
 * @detail:  mount point, holder or loop device, as text; never NULL
 */
struct psnap_use {
	enum psnap_use_kind kind;
	const char *detail;
};

/**
 * psnap_use_list() - report who uses what an io has open
 * @io:   an open io; one without a descriptor has no users
 * @fn:   called once a user; a non-zero return stops the listing
 * @ctx:  handed to @fn
 *
 * Looks at the open descriptor, not at the path, in /proc and /sys, and asks
 * device-mapper for the targets that stand on a device. What cannot be asked
 * (no /sys, no privilege) is skipped: reading needs no permission from it.
 * Return: 0, what @fn returned, or PSNAP_E_NOMEM.
 */
PSNAP_API int psnap_use_list(struct psnap_io *io,
			     int (*fn)(void *ctx, const struct psnap_use *use),
			     void *ctx, struct psnap_error *err);

PSNAP_END_DECLS

#endif
