/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounts and active swap, from /proc/self/mountinfo and /proc/swaps. Mounts in
 * other mount namespaces are not seen; the exclusive claim sees those.
 */
#include "fail.h"
#include "use.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

/* The kernel writes space, tab, newline and backslash as \ooo. */
static void unescape_octal(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' &&
		    text[2] >= '0' && text[2] <= '7' && text[3] >= '0' &&
		    text[3] <= '7') {
			*to++ = (char)(unsigned char)((text[1] - '0') * 64 +
						      (text[2] - '0') * 8 +
						      (text[3] - '0'));
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* Hand each line of a file to @line_fn until it returns non-zero. */
static int for_lines(const char *path, const struct psnap_use_scan *scan,
		     int (*line_fn)(const struct psnap_use_scan *scan,
				    char *line),
		     struct psnap_error *err)
{
	FILE *file = fopen(path, "re");
	size_t line_size = 0;
	char *line = NULL;
	int rc = 0;

	if (!file)
		return 0;
	errno = 0;
	while (!rc && getline(&line, &line_size, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		rc = line_fn(scan, line);
		errno = 0;
	}
	if (!rc && errno == ENOMEM)
		rc = psnap_fail_nomem(err, "asking who uses a device");
	free(line);
	fclose(file);
	return rc;
}

/* The device a path of the system names, looked up in the roots; 0 for what is
 * no block device. */
static dev_t device_of_path(const struct psnap_use_roots *roots,
			    const char *name)
{
	const char *base = strrchr(name, '/');
	struct psnap_use_path path;
	struct stat st;

	if (strncmp(name, "/dev/", 5) != 0)
		return 0;
	if (psnap_use_path(&path, "%s/%s", roots->dev, name + 5) &&
	    stat(path.text, &st) == 0 && S_ISBLK(st.st_mode))
		return st.st_rdev;
	if (!psnap_use_path(&path, "%s/class/block/%s/dev", roots->sys,
			    base + 1))
		return 0;
	return psnap_use_dev_file(path.text);
}

/* "36 35 98:0 /root /mount/point options [tags] - type source options" */
static int mount_line(const struct psnap_use_scan *scan, char *line)
{
	char *mount_point = NULL;
	unsigned int dev_major;
	unsigned int dev_minor;
	char *rest = line;
	char *source;
	int field;
	dev_t dev;

	if (sscanf(line, "%*u %*u %u:%u ", &dev_major, &dev_minor) != 2)
		return 0;
	source = strstr(line, " - ");
	if (source)
		source = strchr(source + 3, ' ');
	for (field = 0; field < 5; field++)
		mount_point = strsep(&rest, " ");
	if (!mount_point || !rest)
		return 0;
	dev = makedev(dev_major, dev_minor);
	/* btrfs and others mount a number of their own and name the device. */
	if (dev_major == 0 && source) {
		source++;
		source[strcspn(source, " ")] = '\0';
		unescape_octal(source);
		dev = device_of_path(scan->roots, source);
	}
	if (!psnap_use_overlaps(scan, dev))
		return 0;
	unescape_octal(mount_point);
	return psnap_use_tell(scan, PSNAP_USE_MOUNTED, mount_point);
}

int psnap_use_mounts(const struct psnap_use_scan *scan, struct psnap_error *err)
{
	struct psnap_use_path path;

	if (!psnap_use_path(&path, "%s/self/mountinfo", scan->roots->proc))
		return 0;
	return for_lines(path.text, scan, mount_line, err);
}

/* "/path type size used priority"; the heading line names no path. */
static int swap_line(const struct psnap_use_scan *scan, char *line)
{
	struct stat st;
	bool ours;

	if (line[0] != '/')
		return 0;
	line[strcspn(line, " \t")] = '\0';
	unescape_octal(line);
	if (S_ISBLK(scan->st->st_mode))
		ours = psnap_use_overlaps(scan,
					  device_of_path(scan->roots, line));
	else
		ours = stat(line, &st) == 0 && S_ISREG(st.st_mode) &&
		       st.st_dev == scan->st->st_dev &&
		       st.st_ino == scan->st->st_ino;
	return ours ? psnap_use_tell(scan, PSNAP_USE_SWAP, "") : 0;
}

int psnap_use_swaps(const struct psnap_use_scan *scan, struct psnap_error *err)
{
	struct psnap_use_path path;

	if (!psnap_use_path(&path, "%s/swaps", scan->roots->proc))
		return 0;
	return for_lines(path.text, scan, swap_line, err);
}
