/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of new files; see newname.h. Whether they can be made is found out by
 * making them.
 */
#include "newname.h"

#include "message.h"
#include "place.h"

#include <sys/stat.h>

bool psnap_newname_taken(const char *path)
{
	struct stat st;

	/* Anything else that is wrong with the name is said when the file is
	 * created. */
	return lstat(path, &st) == 0;
}

int psnap_newname_devices(const char *path,
			  const struct psnap_operand *const *operands)
{
	for (; *operands; operands++) {
		if (!psnap_place_stands_on(path, *operands))
			continue;
		psnap_msg(path, "the new file would be on a device that is to "
				"be only read; nothing was changed");
		return PSNAP_EXIT_FAILED;
	}
	return 0;
}

int psnap_newname_check(const char *option, const char *path,
			const struct psnap_operand *const *operands)
{
	if (psnap_newname_taken(path))
		return psnap_msg_usage("%s: %s exists", option, path);
	return psnap_newname_devices(path, operands);
}

int psnap_newname_commit(const char *option, const char *path,
			 struct psnap_newfile *file)
{
	struct psnap_error err = { 0 };

	/* Somebody else may have taken the name in the meantime. */
	if (psnap_newname_taken(path)) {
		psnap_newfile_abandon(file);
		return psnap_msg_usage("%s: %s exists", option, path);
	}
	return psnap_newfile_commit(file, &err) < 0
		       ? psnap_msg_error(path, &err)
		       : PSNAP_EXIT_DONE;
}
