/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view as a list of places on the two devices, nothing copied: a VMDK
 * descriptor with flat extents for QEMU, or a device-mapper table.
 */
#include "convert.h"
#include "output.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SECTOR_BYTES 512u
/* QEMU opens a file for each extent; this many fit under the usual limit. */
#define EXTENTS_MAX 1000u
/* Cylinders are of 16 heads and 63 sectors; VMDK cannot name more of them. */
#define HEADS	      16u
#define TRACK_SECTORS 63u
#define CYLINDERS_MAX 16383u

struct names {
	const char *of[2]; /* by enum psnap_view_source */
	char *owned[2];
};

static int check_sectors(const struct psnap_convert_job *job)
{
	uint64_t bytes = job->origin.io->size_bytes;

	if (bytes > 0 && bytes % SECTOR_BYTES == 0)
		return 0;
	if (bytes == 0) {
		psnap_msg(job->origin.name,
			  "it is empty, so there is nothing that a %s could "
			  "name",
			  psnap_convert_format(job)->name);
		return PSNAP_EXIT_FAILED;
	}
	psnap_msg(job->origin.name,
		  "%" PRIu64 " bytes are not a whole number of sectors, so "
		  "no %s can be made; -O raw can",
		  bytes, psnap_convert_format(job)->name);
	return PSNAP_EXIT_FAILED;
}

/* Can a name stand where it is to stand? */
static int check_name(const struct psnap_convert_job *job, const char *name)
{
	bool vmdk = job->args->format == PSNAP_CONVERT_VMDK;
	const char *c;

	for (c = name; *c; c++) {
		unsigned char u = (unsigned char)*c;

		if (u >= ' ' && u != 0x7f &&
		    (vmdk ? *c != '"' && *c != '\\' : *c != ' '))
			continue;
		psnap_msg(name,
			  "a %s cannot have %s in a name; use another one, or "
			  "a link",
			  psnap_convert_format(job)->name,
			  vmdk ? "a quote, a backslash or a control character"
			       : "a blank or a control character");
		return PSNAP_EXIT_FAILED;
	}
	return 0;
}

/*
 * The number of a device of device-mapper is another one after the next boot,
 * or on another computer; the name that leads to it is not.
 */
static char *absolute(const char *path)
{
	char *real = realpath(path, NULL);

	if (real && strncmp(real, "/dev/dm-", 8) == 0 &&
	    strncmp(path, "/dev/", 5) == 0 && !strstr(path, "/../")) {
		free(real);
		return strdup(path);
	}
	return real;
}

static int get_name(const struct psnap_convert_job *job,
		    const struct psnap_operand *operand, const char *told,
		    char **owned, const char **name)
{
	*name = told;
	if (!told) {
		*owned = absolute(operand->path);
		*name = *owned;
	}
	if (!*name) {
		psnap_msg(operand->name, "its path cannot be followed");
		return PSNAP_EXIT_FAILED;
	}
	return check_name(job, *name);
}

static int get_names(const struct psnap_convert_job *job, struct names *n)
{
	int status;

	status = get_name(job, &job->origin, job->args->origin_device,
			  &n->owned[PSNAP_VIEW_ORIGIN],
			  &n->of[PSNAP_VIEW_ORIGIN]);
	return status ? status
		      : get_name(job, &job->store, job->args->store_device,
				 &n->owned[PSNAP_VIEW_STORE],
				 &n->of[PSNAP_VIEW_STORE]);
}

static void vmdk(const struct psnap_convert_job *job, const struct names *names,
		 struct psnap_outbuf *out)
{
	uint64_t sectors = job->origin.io->size_bytes / SECTOR_BYTES;
	uint64_t cylinders = sectors / HEADS / TRACK_SECTORS;
	size_t count;
	const struct psnap_view_segment *s =
		psnap_view_segments(job->view, &count);
	size_t i;

	/* Not a single blank line: QEMU would read the first extent twice. */
	psnap_outbuf_text(out,
			  "# Disk DescriptorFile\n"
			  "# What a snapshot shows, made by psnap: for reading "
			  "only. Writing to it would\n"
			  "# change the store and the origin it points into.\n"
			  "version=1\n"
			  "CID=fffffffe\n"
			  "parentCID=ffffffff\n"
			  "createType=\"twoGbMaxExtentFlat\"\n"
			  "# Extent description\n");
	for (i = 0; i < count; i++)
		psnap_outbuf_printf(
			out, "RW %" PRIu64 " FLAT \"%s\" %" PRIu64 "\n",
			s[i].len_bytes / SECTOR_BYTES, names->of[s[i].source],
			s[i].from_bytes / SECTOR_BYTES);
	psnap_outbuf_printf(out,
			    "# The Disk Data Base\n"
			    "ddb.virtualHWVersion = \"4\"\n"
			    "ddb.geometry.cylinders = \"%" PRIu64 "\"\n"
			    "ddb.geometry.heads = \"%u\"\n"
			    "ddb.geometry.sectors = \"%u\"\n"
			    "ddb.adapterType = \"ide\"\n",
			    cylinders < CYLINDERS_MAX ? cylinders
						      : CYLINDERS_MAX,
			    HEADS, TRACK_SECTORS);
}

static void dm(const struct psnap_convert_job *job, const struct names *names,
	       struct psnap_outbuf *out)
{
	size_t count;
	const struct psnap_view_segment *s =
		psnap_view_segments(job->view, &count);
	size_t i;

	for (i = 0; i < count; i++)
		psnap_outbuf_printf(
			out, "%" PRIu64 " %" PRIu64 " linear %s %" PRIu64 "\n",
			s[i].start_bytes / SECTOR_BYTES,
			s[i].len_bytes / SECTOR_BYTES, names->of[s[i].source],
			s[i].from_bytes / SECTOR_BYTES);
}

static bool is_file(const struct psnap_operand *operand)
{
	struct stat st;

	return fstat(operand->io->fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* What the reader of the list will need. */
static void say_limits(const struct psnap_convert_job *job)
{
	size_t count;

	if (job->args->cli.quiet)
		return;
	(void)psnap_view_segments(job->view, &count);
	if (job->args->format == PSNAP_CONVERT_VMDK && count > EXTENTS_MAX)
		psnap_msg(job->path,
			  "%zu extents: QEMU opens a file for each of them, so "
			  "it needs a limit of open files (ulimit -n) of more "
			  "than %zu; -O raw has no such need",
			  count, count + 50);
	if (job->args->format == PSNAP_CONVERT_DM &&
	    ((!job->args->store_device && is_file(&job->store)) ||
	     (!job->args->origin_device && is_file(&job->origin))))
		psnap_msg(NULL,
			  "a kernel maps block devices only: make files "
			  "loop devices (losetup --read-only) and name those "
			  "with --store-device and --origin-device");
}

static int print(struct psnap_convert_job *job, const struct names *names)
{
	struct psnap_io *const inputs[] = { job->store.io, job->origin.io,
					    NULL };
	struct psnap_output output = { 0 };
	struct psnap_io *made;
	int status;

	status = psnap_output_open(&output, job->path, false, inputs);
	if (status != 0)
		return status;
	if (job->args->format == PSNAP_CONVERT_VMDK)
		vmdk(job, names, &output.buf);
	else
		dm(job, names, &output.buf);
	status = psnap_convert_name_check(job);
	if (status != 0) {
		(void)psnap_output_close(&output, false);
		return status;
	}
	status = psnap_output_close(&output, true);
	if (status == 0 && job->path &&
	    psnap_io_open(job->path, &made, NULL) == 0) {
		job->output_bytes = made->size_bytes;
		psnap_io_close(made, NULL);
	}
	return status;
}

int psnap_convert_table(struct psnap_convert_job *job)
{
	struct names names = { 0 };
	int status;

	status = check_sectors(job);
	if (status == 0)
		status = get_names(job, &names);
	if (status == 0) {
		say_limits(job);
		status = print(job, &names);
	}
	free(names.owned[0]);
	free(names.owned[1]);
	return status;
}
