/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OUTPUT of a conversion: whether it may be where it is to be. A block device is
 * opened here; files are made by those who know what goes into them.
 */
#include "convert.h"
#include "save.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool psnap_convert_exists(const char *path)
{
	struct stat st;

	/* Anything else that is wrong with the name is said when the file is
	 * created. A link that leads nowhere is something, too. */
	return lstat(path, &st) == 0;
}

static bool is_device(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISBLK(st.st_mode);
}

static bool overlaps(const struct psnap_convert_job *job,
		     const struct psnap_operand *operand)
{
	return operand->io && psnap_io_overlap(job->device.io, operand->io);
}

static int open_device(struct psnap_convert_job *job)
{
	const struct psnap_convert_format *format = psnap_convert_format(job);
	int status;

	if (!format->to_device)
		return psnap_msg_usage("%s: %s goes to a file, not to a block "
				       "device",
				       job->path, format->name);
	status = psnap_operand_open_exclusive(&job->device, job->path);
	if (status != 0)
		return status;
	if (overlaps(job, &job->store) || overlaps(job, &job->origin))
		return psnap_msg_usage("%s: it is the store or the origin",
				       job->path);
	if (overlaps(job, &job->input))
		return psnap_msg_usage("%s: it is %s", job->path,
				       job->input.name);
	return 0;
}

static bool stands_on(const char *path, const struct psnap_operand *operand)
{
	return operand->io && psnap_save_stands_on(path, operand);
}

/* A tag is found among the devices there are, and is no name for a new one. */
static bool is_tag(const char *path)
{
	static const char *const tags[] = { "UUID=", "LABEL=", "PARTUUID=",
					    "PARTLABEL=" };

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (strncmp(path, tags[i], strlen(tags[i])) == 0)
			return true;
	return false;
}

static int check_map(const struct psnap_convert_job *job)
{
	const char *map = job->args->salvage.filled_map;

	if (!map)
		return 0;
	if (job->path && strcmp(map, job->path) == 0)
		return psnap_msg_usage("--filled-map: %s is OUTPUT", map);
	if (!job->args->force && psnap_convert_exists(map))
		return psnap_msg_usage("--filled-map: %s exists; --force "
				       "replaces it",
				       map);
	if (stands_on(map, &job->store) || stands_on(map, &job->origin)) {
		psnap_msg(map, "the new file would be on a device that is to "
			       "be only read; nothing was changed");
		return PSNAP_EXIT_FAILED;
	}
	return 0;
}

static int check_output(struct psnap_convert_job *job)
{
	const char *path = job->path;

	if (!path)
		return psnap_convert_format(job)->is_binary &&
				       isatty(STDOUT_FILENO)
			       ? psnap_msg_usage("standard output is a "
						 "terminal; name a file")
			       : 0;
	if (is_tag(path))
		return psnap_msg_usage("%s is no name for OUTPUT; name the "
				       "device by its path, or a file ./%s",
				       path, path);
	if (is_device(path))
		return open_device(job);
	if (job->args->target_is_zero || job->args->discard)
		return psnap_msg_usage("--%s: %s is no block device",
				       job->args->discard ? "discard"
							  : "target-is-zero",
				       path);
	if (!job->args->force && psnap_convert_exists(path))
		return psnap_msg_usage("%s exists; --force replaces it", path);
	if (stands_on(path, &job->store) || stands_on(path, &job->origin) ||
	    stands_on(path, &job->input)) {
		psnap_msg(path, "the new file would be on a device that is to "
				"be only read; nothing was changed");
		return PSNAP_EXIT_FAILED;
	}
	return 0;
}

void psnap_convert_ios(const struct psnap_convert_job *job,
		       struct psnap_io *ios[PSNAP_CONVERT_IOS])
{
	struct psnap_io *const all[] = { job->store.io, job->origin.io,
					 job->input.io, job->device.io };
	size_t count = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i])
			ios[count++] = all[i];
	ios[count] = NULL;
}

int psnap_convert_commit(const struct psnap_convert_job *job,
			 struct psnap_newfile *file)
{
	struct psnap_error err = { 0 };

	if (!job->args->force && psnap_convert_exists(job->path)) {
		psnap_newfile_abandon(file);
		return psnap_msg_usage("%s exists; --force replaces it",
				       job->path);
	}
	return psnap_newfile_commit(file, &err) < 0
		       ? psnap_msg_error(job->path, &err)
		       : PSNAP_EXIT_DONE;
}

int psnap_convert_output_check(struct psnap_convert_job *job)
{
	int status = check_output(job);

	return status ? status : check_map(job);
}
