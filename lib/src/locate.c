/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what a user types to a path: UUID=, LABEL=, PARTUUID=, PARTLABEL=, and
 * udev's links of those names where no udev made them. Looking for the tag is
 * probe.c's, opening what was found is io_file.c's.
 */
#include <psnap/locate.h>

#include "fail.h"
#include "probe.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct tag_name {
	const char *tag;
	const char *link_dir;
};

static const struct tag_name tag_names[] = {
	{ "UUID", "/dev/disk/by-uuid/" },
	{ "LABEL", "/dev/disk/by-label/" },
	{ "PARTUUID", "/dev/disk/by-partuuid/" },
	{ "PARTLABEL", "/dev/disk/by-partlabel/" },
};

#define TAG_NAMES (sizeof(tag_names) / sizeof(tag_names[0]))

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* udev writes what may not stand in a file name as \xNN; \x00 is left as it
 * is, it never comes from udev and would cut the value short. */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && text[1] == 'x') {
			int high = hex_digit(text[2]);
			int low = high < 0 ? -1 : hex_digit(text[3]);

			if (low >= 0 && high + low > 0) {
				*to++ = (char)(unsigned char)(high * 16 + low);
				text += 4;
				continue;
			}
		}
		*to++ = *text++;
	}
	*to = '\0';
}

static int find_tag(const char *tag, const char *value, char **path,
		    struct psnap_error *err)
{
	int rc;

	if (!*value)
		return psnap_fail(err, PSNAP_E_NOT_FOUND,
				  "%s= needs a value behind it", tag);
	rc = psnap_probe_tag(tag, value, path);
	if (rc < 0)
		return psnap_fail_nomem(err, "looking for a device");
	if (rc == 0)
		return psnap_fail(err, PSNAP_E_NOT_FOUND,
				  "no device with this %s was found; name the "
				  "device by its path, or run as root if only "
				  "root may read it",
				  tag);
	return 0;
}

static int find_link(const char *tag, const char *escaped, char **path,
		     struct psnap_error *err)
{
	char *value = strdup(escaped);
	int rc;

	if (!value)
		return psnap_fail_nomem(err, "looking for a device");
	unescape(value);
	rc = find_tag(tag, value, path, err);
	free(value);
	return rc;
}

int psnap_locate(const char *name, char **path, struct psnap_error *err)
{
	struct stat st;
	size_t i;

	*path = NULL;
	for (i = 0; i < TAG_NAMES; i++) {
		const struct tag_name *t = &tag_names[i];
		size_t tag_len = strlen(t->tag);
		size_t dir_len = strlen(t->link_dir);

		if (strncmp(name, t->tag, tag_len) == 0 && name[tag_len] == '=')
			return find_tag(t->tag, name + tag_len + 1, path, err);
		if (strncmp(name, t->link_dir, dir_len) == 0 && name[dir_len] &&
		    stat(name, &st))
			return find_link(t->tag, name + dir_len, path, err);
	}
	*path = strdup(name);
	if (!*path)
		return psnap_fail_nomem(err, "looking for a device");
	return 0;
}
