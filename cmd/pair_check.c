/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may be merged may be shown: one check, and the same words about it,
 * whichever command asks.
 */
#include "pair_check.h"

#include "message.h"
#include "report.h"

#include <inttypes.h>
#include <stdlib.h>

/* Findings are shown only if they matter, which is known at the end. */
static int keep_finding(void *ctx, const struct psnap_finding *finding)
{
	struct psnap_pair *pair = ctx;
	struct psnap_finding *grown;

	grown = realloc(pair->findings,
			(pair->finding_count + 1) * sizeof(*grown));
	if (!grown)
		return PSNAP_E_NOMEM;
	pair->findings = grown;
	grown[pair->finding_count++] = *finding;
	return 0;
}

int psnap_pair_plan(struct psnap_pair *pair,
		    const struct psnap_merge_options *options,
		    struct psnap_merge_plan *plan)
{
	struct psnap_error err = { 0 };
	int rc;

	rc = psnap_merge_plan(pair->store->io, pair->origin->io, options,
			      keep_finding, pair, plan, &err);
	if (rc == PSNAP_E_NOMEM)
		return psnap_msg_nomem();
	return rc < 0 ? psnap_msg_error(pair->store->name, &err) : 0;
}

void psnap_pair_say_findings(const struct psnap_pair *pair)
{
	char place[PSNAP_REPORT_PLACE_BYTES];
	const struct psnap_finding *finding;

	if (pair->quiet)
		return;
	for (size_t i = 0; i < pair->finding_count; i++) {
		finding = &pair->findings[i];
		if (finding->severity < PSNAP_ERROR)
			continue;
		psnap_msg(pair->store->name, "%s %s: %s%s",
			  psnap_severity_name(finding->severity),
			  psnap_finding_info(finding->id)->name,
			  psnap_report_place(finding, place), finding->text);
	}
}

bool psnap_pair_is_swapped(const struct psnap_pair *pair,
			   const struct psnap_merge_plan *plan)
{
	struct psnap_header header;

	return plan->check.header.magic != PSNAP_MAGIC &&
	       psnap_header_read(pair->origin->io, &header, NULL) == 0 &&
	       header.magic == PSNAP_MAGIC && header.problems == 0;
}

bool psnap_pair_only_invalid(const struct psnap_check_result *check)
{
	uint64_t sum = 0;

	for (int i = 0; i < PSNAP_FINDING_COUNT; i++)
		if (check->severities[i] >= PSNAP_ERROR)
			sum += check->counts[i];
	return sum > 0 && check->table_read &&
	       sum == check->counts[PSNAP_F_SNAPSHOT_INVALID];
}

void psnap_pair_refuse(const struct psnap_pair *pair,
		       const struct psnap_merge_plan *plan, const char *done)
{
	psnap_pair_say_findings(pair);
	if (psnap_pair_is_swapped(pair, plan))
		psnap_msg(pair->store->name,
			  "not %s: it is no store, but %s is one; the "
			  "store comes first, then the origin",
			  done, pair->origin->name);
	else if (psnap_pair_only_invalid(&plan->check))
		psnap_msg(pair->store->name,
			  "not %s: the snapshot is marked invalid; "
			  "--accept-invalid shows its %" PRIu64
			  " exceptions, which are exact, and for other chunks "
			  "the origin as it is now",
			  done, plan->check.exceptions);
	else
		psnap_msg(pair->store->name,
			  "not %s: it is not sound (%s); psnap check "
			  "says what is wrong, psnap repair -o NEW makes a "
			  "sound copy%s",
			  done, psnap_state_name(plan->check.state),
			  pair->hint && plan->check.table_read ? pair->hint
							       : "");
}

void psnap_pair_say_invalid(const struct psnap_pair *pair,
			    const struct psnap_merge_plan *plan)
{
	if (plan->check.state == PSNAP_STATE_INVALID && !pair->quiet)
		psnap_msg(pair->store->name,
			  "the snapshot is marked invalid: its %" PRIu64
			  " exceptions are exact, other chunks are shown as "
			  "the origin has them now",
			  plan->check.exceptions);
}

int psnap_pair_show(struct psnap_pair *pair,
		    const struct psnap_merge_options *options, const char *done,
		    struct psnap_merge_plan *plan, struct psnap_view **view)
{
	struct psnap_error err = { 0 };
	struct psnap_store *store;
	int status;
	int rc;

	*view = NULL;
	status = psnap_pair_plan(pair, options, plan);
	if (status != 0)
		return status;
	if (plan->refused) {
		psnap_pair_refuse(pair, plan, done);
		return PSNAP_EXIT_LEFT;
	}
	rc = psnap_store_open(pair->store->io, 0, &store, &err);
	if (rc == 0)
		rc = psnap_view_open(store, pair->origin->io,
				     &options->progress, view, &err);
	psnap_store_close(store);
	if (rc < 0)
		return psnap_msg_error(pair->store->name, &err);
	psnap_pair_say_invalid(pair, plan);
	return 0;
}

void psnap_pair_release(struct psnap_pair *pair)
{
	free(pair->findings);
	pair->findings = NULL;
	pair->finding_count = 0;
}
