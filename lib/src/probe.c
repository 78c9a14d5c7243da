/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one place that talks to libblkid. What a store holds is never asked
 * here: on LVM's private -cow devices libblkid refuses to look, and elsewhere
 * it knows no more of a store than its magic.
 */
#include "probe.h"

#include "fail.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>

#define FILE_SECTOR_BYTES 512u

static int device_size(int fd, uint64_t *size_bytes, uint32_t *sector_bytes,
		       struct psnap_error *err)
{
	blkid_probe probe = blkid_new_probe();
	unsigned int sector;
	blkid_loff_t size;
	int rc = 0;

	if (!probe)
		return psnap_fail_nomem(err, "asking for a device's size");
	errno = 0;
	if (blkid_probe_set_device(probe, fd, 0, 0)) {
		rc = psnap_fail_errno(err, PSNAP_E_IO, errno,
				      "the device does not tell its size");
		goto out;
	}
	size = blkid_probe_get_size(probe);
	sector = blkid_probe_get_sectorsize(probe);
	if (size < 0 || sector == 0) {
		rc = psnap_fail(err, PSNAP_E_IO,
				"the device does not tell its size");
		goto out;
	}
	*size_bytes = (uint64_t)size;
	*sector_bytes = sector;
out:
	blkid_free_probe(probe);
	/* libblkid turned read-ahead off for the descriptor, and it stays off
	 * after the probe is gone: scans would run at a fraction of the speed. */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL);
	return rc;
}

int psnap_probe_size(int fd, uint64_t *size_bytes, uint32_t *sector_bytes,
		     struct psnap_error *err)
{
	struct stat st;

	*size_bytes = 0;
	*sector_bytes = 0;
	if (fstat(fd, &st))
		return psnap_fail_errno(err, PSNAP_E_IO, errno,
					"cannot be examined");
	if (S_ISBLK(st.st_mode))
		return device_size(fd, size_bytes, sector_bytes, err);
	if (!S_ISREG(st.st_mode))
		return psnap_fail(err, PSNAP_E_UNSUPPORTED,
				  "is neither a file nor a block device");
	*size_bytes = (uint64_t)st.st_size;
	*sector_bytes = FILE_SECTOR_BYTES;
	return 0;
}

int psnap_probe_tag(const char *tag, const char *value, char **path)
{
	blkid_cache cache = NULL;

	*path = NULL;
	/* With a cache of its own choice libblkid would write /run/blkid. */
	if (blkid_get_cache(&cache, "/dev/null"))
		return PSNAP_E_NOMEM;
	*path = blkid_evaluate_tag(tag, value, &cache);
	blkid_put_cache(cache);
	return *path ? 1 : 0;
}
