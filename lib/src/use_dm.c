/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block devices that stand on a device: the holders that sysfs lists, and what
 * device-mapper says about those that are its own. A holder with a snapshot or
 * snapshot-merge target writes to its store whenever the origin is written.
 */
#include "use.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Room for the status of all targets of a device; a snapshot has one target,
 * and of a longer table (a large linear volume) the kernel returns as much as
 * fits. */
#define STATUS_BYTES ((size_t)16 << 10)

/* Is one of the targets in the answer to DM_TABLE_STATUS a snapshot? Offsets
 * are the kernel's, counted from the first target. */
static bool has_snapshot_target(const char *buf, size_t buf_bytes)
{
	struct dm_target_spec spec;
	struct dm_ioctl head;
	size_t at_bytes = 0;
	uint32_t i;

	memcpy(&head, buf, sizeof(head));
	if (head.data_start > buf_bytes)
		return false;
	buf += head.data_start;
	buf_bytes -= head.data_start;
	for (i = 0; i < head.target_count; i++) {
		if (at_bytes > buf_bytes || buf_bytes - at_bytes < sizeof(spec))
			return false;
		memcpy(&spec, buf + at_bytes, sizeof(spec));
		spec.target_type[sizeof(spec.target_type) - 1] = '\0';
		if (strcmp(spec.target_type, "snapshot") == 0 ||
		    strcmp(spec.target_type, "snapshot-merge") == 0)
			return true;
		if (spec.next <= at_bytes)
			return false;
		at_bytes = spec.next;
	}
	return false;
}

/* Ask device-mapper about one of its devices; no when it cannot be asked. */
static bool dm_is_snapshot(const struct psnap_use_scan *scan, dev_t dev)
{
	struct psnap_use_path path;
	struct dm_ioctl head;
	bool yes = false;
	char *buf;
	int fd;

	if (!psnap_use_path(&path, "%s/mapper/control", scan->roots->dev))
		return false;
	fd = open(path.text, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	buf = calloc(1, STATUS_BYTES);
	if (!buf)
		goto out;
	memset(&head, 0, sizeof(head));
	head.version[0] = DM_VERSION_MAJOR;
	head.data_size = STATUS_BYTES;
	head.data_start = sizeof(head);
	head.dev = dev;
	/* A status asked for without this flag makes the target commit. */
	head.flags = DM_NOFLUSH_FLAG;
	memcpy(buf, &head, sizeof(head));
	if (ioctl(fd, DM_TABLE_STATUS, buf) == 0)
		yes = has_snapshot_target(buf, STATUS_BYTES);
out:
	free(buf);
	close(fd);
	return yes;
}

/* LVM marks the store of a snapshot in the uuid of the volume, which everybody
 * may read: what holds such a volume is the snapshot. */
static bool is_lvm_store(const char *dir)
{
	struct psnap_use_path path;
	char uuid[DM_UUID_LEN];
	size_t len;

	if (!psnap_use_path(&path, "%s/dm/uuid", dir) ||
	    !psnap_use_line(path.text, uuid, sizeof(uuid)))
		return false;
	len = strlen(uuid);
	return strncmp(uuid, "LVM-", 4) == 0 && len > 8 &&
	       strcmp(uuid + len - 4, "-cow") == 0;
}

static int holder_tell(const struct psnap_use_scan *scan, const char *dir,
		       const char *holder)
{
	enum psnap_use_kind kind = PSNAP_USE_HOLDER;
	struct psnap_use_path path;
	char name[DM_NAME_LEN];

	if (!psnap_use_path(&path, "%s/holders/%s/dm/name", dir, holder) ||
	    !psnap_use_line(path.text, name, sizeof(name)) || !name[0])
		return psnap_use_tell(scan, kind, holder);
	if (is_lvm_store(dir) ||
	    (psnap_use_path(&path, "%s/holders/%s/dev", dir, holder) &&
	     dm_is_snapshot(scan, psnap_use_dev_file(path.text))))
		kind = PSNAP_USE_SNAPSHOT;
	return psnap_use_tell(scan, kind, name);
}

/* Holders of the device whose directory in sysfs is @dir. */
static int holders_in(const struct psnap_use_scan *scan, const char *dir)
{
	struct psnap_use_path path;
	struct dirent *entry;
	DIR *holders;
	int rc = 0;

	if (!psnap_use_path(&path, "%s/holders", dir))
		return 0;
	holders = opendir(path.text);
	if (!holders)
		return 0;
	while (!rc && (entry = readdir(holders)))
		if (entry->d_name[0] != '.')
			rc = holder_tell(scan, dir, entry->d_name);
	closedir(holders);
	return rc;
}

/* Holders of the partitions of the disk whose directory in sysfs is @dir. */
static int partition_holders(const struct psnap_use_scan *scan, const char *dir)
{
	struct psnap_use_path path;
	struct dirent *entry;
	int rc = 0;
	DIR *disk;

	disk = opendir(dir);
	if (!disk)
		return 0;
	while (!rc && (entry = readdir(disk))) {
		if (entry->d_name[0] == '.' ||
		    !psnap_use_path(&path, "%s/%s/partition", dir,
				    entry->d_name) ||
		    access(path.text, F_OK) ||
		    !psnap_use_path(&path, "%s/%s", dir, entry->d_name))
			continue;
		rc = holders_in(scan, path.text);
	}
	closedir(disk);
	return rc;
}

int psnap_use_holders(const struct psnap_use_scan *scan)
{
	struct psnap_use_path dir;
	dev_t dev = scan->st->st_rdev;
	int rc;

	if (!psnap_use_path(&dir, "%s/dev/block/%u:%u", scan->roots->sys,
			    major(dev), minor(dev)))
		return 0;
	rc = holders_in(scan, dir.text);
	if (!rc)
		rc = partition_holders(scan, dir.text);
	if (rc || scan->disk == 0 ||
	    !psnap_use_path(&dir, "%s/dev/block/%u:%u", scan->roots->sys,
			    major(scan->disk), minor(scan->disk)))
		return rc;
	return holders_in(scan, dir.text);
}
