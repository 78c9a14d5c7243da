/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --carve: what there is beyond the table, for somebody to judge, and what was
 * judged to be taken, by its name.
 */
#include "repair.h"

#include <stdlib.h>
#include <string.h>

static int keep_carving(void *ctx, const struct psnap_carving *found)
{
	struct psnap_repair_job *job = ctx;
	struct psnap_carving *grown;

	if (job->carving_count == PSNAP_REPAIR_CARVINGS) {
		job->carvings_truncated = true;
		return 0;
	}
	grown = reallocarray(job->carvings, job->carving_count + 1,
			     sizeof(*grown));
	if (!grown)
		return PSNAP_E_NOMEM;
	job->carvings = grown;
	grown[job->carving_count++] = *found;
	return 0;
}

int psnap_repair_carve_list(struct psnap_repair_job *job)
{
	const struct psnap_check_result *check = &job->plan.before;
	struct psnap_error err = { 0 };
	int rc;

	/* Nothing that could be a store: then there are no areas either. */
	if (!check->has_geometry)
		return 0;
	rc = psnap_carve(job->view, job->origin.io, check->geometry.chunk_bytes,
			 PSNAP_ALL_AREAS, &job->options.progress, keep_carving,
			 job, &err);
	if (rc == PSNAP_E_NOMEM)
		return psnap_msg_nomem();
	return rc < 0 ? psnap_msg_error(job->store.name, &err) : 0;
}

/* By place in the table. */
static int compare(const void *a, const void *b)
{
	const struct psnap_slots *x = a;
	const struct psnap_slots *y = b;

	if (x->area_index != y->area_index)
		return x->area_index < y->area_index ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static int check_overlap(const struct psnap_repair_job *job, size_t count)
{
	const struct psnap_slots *slots = job->slots;

	for (size_t i = 1; i < count; i++) {
		if (slots[i].area_index == slots[i - 1].area_index &&
		    slots[i].first < slots[i - 1].first + slots[i - 1].count)
			return psnap_msg_usage(
				"--carve: entries of area %llu "
				"are named twice",
				(unsigned long long)slots[i].area_index);
	}
	return 0;
}

/* @list is taken apart. */
static int parse(struct psnap_repair_job *job, char *list, size_t *count)
{
	const struct psnap_geometry *geo = &job->plan.before.geometry;
	struct psnap_error err = { 0 };
	char *name;

	while ((name = strsep(&list, ","))) {
		if (psnap_carve_parse_name(name, geo, &job->slots[*count],
					   &err) < 0)
			return psnap_msg_usage("--carve: %s", err.message);
		(*count)++;
	}
	return 0;
}

int psnap_repair_carve_names(struct psnap_repair_job *job)
{
	const char *names = job->args->carve_names;
	size_t count = 0;
	size_t max = 1;
	char *list;
	int status;

	if (!job->plan.before.has_geometry)
		return psnap_msg_usage("--carve: %s has no areas",
				       job->store.name);
	for (const char *p = names; *p != '\0'; p++)
		max += *p == ',';
	list = strdup(names);
	job->slots = calloc(max, sizeof(*job->slots));
	if (!list || !job->slots) {
		free(list);
		return psnap_msg_nomem();
	}
	status = parse(job, list, &count);
	free(list);
	if (status != 0)
		return status;
	qsort(job->slots, count, sizeof(*job->slots), compare);
	job->options.carve = job->slots;
	job->options.carve_count = count;
	return check_overlap(job, count);
}
