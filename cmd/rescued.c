/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the map file of a rescue, with what is to be said if that fails.
 */
#include "rescued.h"

#include "message.h"

#include <psnap/io.h>
#include <psnap/mapfile.h>

int psnap_rescued_read(const char *path, struct psnap_extents **unrescued)
{
	struct psnap_error err = { 0 };
	struct psnap_io *file = NULL;
	int rc;

	if (!path)
		return 0;
	rc = psnap_extents_new(unrescued, &err);
	if (rc == 0)
		rc = psnap_io_open(path, &file, &err);
	if (rc == 0)
		rc = psnap_mapfile_read(file, *unrescued, &err);
	psnap_io_close(file, NULL);
	if (rc == 0)
		return 0;
	psnap_msg_error(path, &err);
	/* What is wrong with a map says nothing about the store. */
	return PSNAP_EXIT_FAILED;
}
