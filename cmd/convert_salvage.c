/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --salvage: a pair of which a part is lost is shown as far as it is sound. What
 * the maps of a rescue do not call rescued becomes unreadable, exceptions in
 * doubt are not used, and an io over the view fills what is left open.
 */
#include "convert.h"
#include "output.h"
#include "rescued.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static const char *set_hex(struct psnap_convert_salvage_args *args,
			   const char *digits)
{
	size_t len = strlen(digits);
	size_t i;

	if (len == 0 || len % 2 != 0)
		return "is not a whole number of bytes";
	for (i = 0; i < len; i += 2) {
		int high = hex_digit(digits[i]);
		int low = hex_digit(digits[i + 1]);

		if (high < 0 || low < 0)
			return "has something else than hexadecimal digits";
		args->pattern[i / 2] = (uint8_t)(high * 16 + low);
	}
	args->pattern_bytes = len / 2;
	return NULL;
}

const char *psnap_convert_fill_set(struct psnap_convert_salvage_args *args,
				   const char *value)
{
	size_t len = strlen(value);

	free(args->pattern);
	args->pattern = NULL;
	args->pattern_bytes = 0;
	args->fill = PSNAP_CONVERT_FILL_PATTERN;
	if (strcmp(value, "origin") == 0)
		args->fill = PSNAP_CONVERT_FILL_ORIGIN;
	if (strcmp(value, "origin") == 0 || strcmp(value, "zero") == 0)
		return NULL;
	if (len == 0)
		return "is nothing to fill with";
	if (len > PSNAP_FILL_BYTES_MAX)
		return "is longer than 4096 bytes";
	args->pattern = (uint8_t *)strdup(value);
	if (!args->pattern)
		return "needs more memory than there is";
	args->pattern_bytes = len;
	return strncmp(value, "0x", 2) == 0 ? set_hex(args, value + 2) : NULL;
}

void psnap_convert_salvage_args_end(struct psnap_convert_salvage_args *args)
{
	free(args->pattern);
	free(args->mapfile);
	free(args->origin_mapfile);
	free(args->filled_map);
}

static int make_lost(struct psnap_operand *operand, const char *map,
		     struct psnap_extents **lost)
{
	int status = psnap_rescued_read(map, lost);
	struct psnap_io *io;

	if (status != 0 || !map)
		return status;
	if (psnap_io_open_lost(operand->io, *lost, &io, NULL) < 0)
		return psnap_msg_nomem();
	operand->io = io;
	return 0;
}

int psnap_convert_salvage_maps(struct psnap_convert_job *job)
{
	const struct psnap_convert_salvage_args *args = &job->args->salvage;
	int status;

	status =
		make_lost(&job->store, args->mapfile, &job->salvage.store_lost);
	return status ? status
		      : make_lost(&job->origin, args->origin_mapfile,
				  &job->salvage.origin_lost);
}

bool psnap_convert_salvage_takes(const struct psnap_convert_job *job)
{
	const struct psnap_check_result *check = &job->plan.check;

	return job->args->salvage.asked && check->table_read &&
	       check->has_geometry && check->state != PSNAP_STATE_NOT_A_STORE &&
	       check->state != PSNAP_STATE_BLANK &&
	       (job->args->accept_invalid ||
		!check->counts[PSNAP_F_SNAPSHOT_INVALID]);
}

static int make_sets(struct psnap_convert_salvage *salvage)
{
	return psnap_extents_new(&salvage->doubt.unknown, NULL) ||
	       psnap_extents_new(&salvage->doubt.uncertain, NULL) ||
	       psnap_extents_new(&salvage->filled, NULL);
}

int psnap_convert_salvage_view(struct psnap_convert_job *job,
			       struct psnap_store *store)
{
	const struct psnap_convert_salvage_args *args = &job->args->salvage;
	struct psnap_fill pattern = { NULL, args->pattern,
				      args->pattern_bytes };
	struct psnap_fill origin = { job->origin.io, NULL, 0 };
	struct psnap_convert_salvage *salvage = &job->salvage;
	struct psnap_error err = { 0 };
	struct psnap_salvage s = { 0 };

	if (make_sets(salvage))
		return psnap_msg_nomem();
	if (psnap_view_open_salvage(store, job->origin.io, &job->progress,
				    &salvage->doubt, &job->view, &err) < 0)
		return psnap_msg_error(job->store.name, &err);
	s.inner = psnap_view_io(job->view);
	s.filled = salvage->filled;
	s.unreadable =
		args->fill == PSNAP_CONVERT_FILL_ORIGIN ? origin : pattern;
	/* The view has the origin there. */
	if (args->fill == PSNAP_CONVERT_FILL_PATTERN) {
		s.replace = salvage->doubt.unknown;
		s.replacement = pattern;
	}
	if (psnap_io_open_salvage(&s, &salvage->io, NULL) < 0)
		return psnap_msg_nomem();
	job->shown = salvage->io;
	return 0;
}

/* All of one set into another. Return: 0, or PSNAP_E_NOMEM. */
static int add_all(struct psnap_extents *to, struct psnap_extents *from)
{
	size_t count;
	const struct psnap_extent *e = psnap_extents_list(from, &count);
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++)
		rc = psnap_extents_add(to, e[i].offset_bytes,
				       e[i].offset_bytes + e[i].len_bytes,
				       NULL);
	return rc;
}

int psnap_convert_salvage_changes(struct psnap_convert_job *job,
				  struct psnap_extents *changes)
{
	if (job->args->salvage.asked &&
	    job->args->salvage.fill == PSNAP_CONVERT_FILL_PATTERN &&
	    add_all(changes, job->salvage.doubt.unknown))
		return psnap_msg_nomem();
	return 0;
}

static bool is_invalid(const struct psnap_convert_job *job)
{
	return job->plan.check.counts[PSNAP_F_SNAPSHOT_INVALID] > 0;
}

/* Where the origin is shown for want of an exception, but there may have been
 * one. */
static int find_unsure(struct psnap_convert_job *job)
{
	struct psnap_extents *unsure = job->salvage.unsure;
	const struct psnap_view_segment *s;
	size_t count;
	int rc = 0;

	if (!job->view || (!job->salvage.doubt.incomplete && !is_invalid(job)))
		return 0;
	s = psnap_view_segments(job->view, &count);
	for (size_t i = 0; i < count && rc == 0; i++)
		if (s[i].source == PSNAP_VIEW_ORIGIN)
			rc = psnap_extents_add(
				unsure, s[i].start_bytes,
				s[i].start_bytes + s[i].len_bytes, NULL);
	if (rc == 0 && job->salvage.doubt.uncertain)
		rc = add_all(unsure, job->salvage.doubt.uncertain);
	return rc;
}

static int sum_up(struct psnap_convert_job *job)
{
	struct psnap_convert_salvage *salvage = &job->salvage;
	uint64_t common = 0;
	const struct psnap_extent *e;
	size_t count;

	if (psnap_extents_new(&salvage->bad, NULL) ||
	    psnap_extents_new(&salvage->unsure, NULL) || find_unsure(job))
		return psnap_msg_nomem();
	if (salvage->io && (add_all(salvage->bad, salvage->filled) ||
			    add_all(salvage->bad, salvage->doubt.unknown)))
		return psnap_msg_nomem();
	e = psnap_extents_list(salvage->bad, &count);
	for (size_t i = 0; i < count; i++) {
		salvage->bad_bytes += e[i].len_bytes;
		common += psnap_extents_common_bytes(
			salvage->unsure, e[i].offset_bytes,
			e[i].offset_bytes + e[i].len_bytes);
	}
	salvage->unsure_bytes =
		psnap_extents_common_bytes(salvage->unsure, 0, UINT64_MAX) -
		common;
	return 0;
}

/* By another name; the image is there by now. */
static bool is_output(const struct psnap_convert_job *job, const char *path)
{
	struct stat map;
	struct stat st;

	return job->path && stat(path, &map) == 0 &&
	       stat(job->path, &st) == 0 && map.st_dev == st.st_dev &&
	       map.st_ino == st.st_ino;
}

static int write_map(struct psnap_convert_job *job)
{
	const char *path = job->args->salvage.filled_map;
	struct psnap_io *const inputs[] = { job->store.io, job->origin.io,
					    NULL };
	struct psnap_output output = { 0 };
	int status;

	if (!path)
		return 0;
	if (is_output(job, path))
		return psnap_msg_usage("--filled-map: %s is OUTPUT", path);
	status = psnap_output_open(&output, path, false, inputs);
	if (status != 0)
		return status;
	psnap_convert_filled_map(job, &output.buf);
	return psnap_output_close(&output, true);
}

int psnap_convert_salvage_end(struct psnap_convert_job *job)
{
	bool left;
	int status;

	if (!job->args->salvage.asked && !job->args->salvage.filled_map)
		return 0;
	status = sum_up(job);
	if (status != 0)
		return status;
	if (!job->args->cli.quiet)
		psnap_convert_filled_say(job);
	left = job->salvage.bad_bytes > 0 || job->salvage.doubt.incomplete;
	return write_map(job) | (left ? PSNAP_EXIT_LEFT : 0);
}

void psnap_convert_salvage_release(struct psnap_convert_salvage *salvage)
{
	psnap_io_close(salvage->io, NULL);
	psnap_extents_free(salvage->doubt.unknown);
	psnap_extents_free(salvage->doubt.uncertain);
	psnap_extents_free(salvage->filled);
	psnap_extents_free(salvage->bad);
	psnap_extents_free(salvage->unsure);
}
