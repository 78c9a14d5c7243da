/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OUTPUT of a conversion: whether it may be where it is to be. A block device is
 * opened here; files are made by those who know what goes into them.
 */
#include "convert.h"
#include "newname.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

int psnap_convert_name_check(const struct psnap_convert_job *job)
{
	if (!job->path || job->args->force || !psnap_newname_taken(job->path))
		return 0;
	return psnap_msg_usage("%s exists; --force replaces it", job->path);
}

static int check_map(const struct psnap_convert_job *job)
{
	const struct psnap_operand *const operands[] = { &job->store,
							 &job->origin, NULL };
	const char *map = job->args->salvage.filled_map;

	if (!map)
		return 0;
	if (job->path && strcmp(map, job->path) == 0)
		return psnap_msg_usage("--filled-map: %s is OUTPUT", map);
	if (!job->args->force && psnap_newname_taken(map))
		return psnap_msg_usage("--filled-map: %s exists; --force "
				       "replaces it",
				       map);
	return psnap_newname_devices(map, operands);
}

static int check_output(struct psnap_convert_job *job)
{
	const struct psnap_operand *const operands[] = { &job->store,
							 &job->origin,
							 &job->input, NULL };
	const char *path = job->path;
	int status;

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
	status = psnap_convert_name_check(job);
	return status ? status : psnap_newname_devices(path, operands);
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
	int status = psnap_convert_name_check(job);

	if (status != 0) {
		psnap_newfile_abandon(file);
		return status;
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
