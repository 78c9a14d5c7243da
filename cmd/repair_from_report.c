/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What psnap repair --from says of a dump, a store and what fits where.
 */
#include "json.h"
#include "repair_from.h"

#include <inttypes.h>

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void text_dump(const struct psnap_repair_from *from,
		      struct psnap_outbuf *out)
{
	const struct psnap_dumpfile_head *head =
		psnap_dumpfile_head(from->dump);
	const struct psnap_rebuild_result *plan = &from->plan;

	psnap_outbuf_text(out, "from        ");
	psnap_outbuf_plain(out, from->path);
	psnap_outbuf_printf(out,
			    ", %" PRIu64 " exception%s\n"
			    "header      valid %" PRIu32
			    ", version 1, chunk size %" PRIu64 " bytes\n"
			    "table       %" PRIu64 " area%s\n",
			    plan->exceptions, plural(plan->exceptions),
			    head->valid, head->chunk_bytes, plan->areas,
			    plural(plan->areas));
	if (from->store_bytes != head->store_bytes)
		psnap_outbuf_printf(out,
				    "size        the store has %" PRIu64
				    " bytes, the one of the dump had %" PRIu64
				    "; all of it fits\n",
				    from->store_bytes, head->store_bytes);
}

static void text_data(const struct psnap_repair_from *from,
		      struct psnap_outbuf *out)
{
	const struct psnap_rebuild_result *plan = &from->plan;

	if (plan->compared == 0 && plan->unreadable == 0) {
		psnap_outbuf_text(out, "data        not compared: no checksums "
				       "in the dump\n");
		return;
	}
	psnap_outbuf_printf(out, "data        %" PRIu64 " compared, ",
			    plan->compared);
	if (plan->differing == 0)
		psnap_outbuf_text(out, "none differs");
	else
		psnap_outbuf_printf(out,
				    "%" PRIu64 " differ%s, the first is origin "
				    "chunk %" PRIu64 " in store chunk %" PRIu64,
				    plan->differing,
				    plan->differing == 1 ? "s" : "",
				    plan->first_differing.old_chunk,
				    plan->first_differing.new_chunk);
	if (plan->unreadable > 0)
		psnap_outbuf_printf(out, ", %" PRIu64 " cannot be read",
				    plan->unreadable);
	psnap_outbuf_text(out, "\n");
}

/* What is not as it was. */
static void text_losses(const struct psnap_repair_from *from,
			struct psnap_outbuf *out)
{
	const struct psnap_dumpfile_totals *totals =
		psnap_dumpfile_totals(from->dump);

	if (totals->missing > 0 || totals->unreadable_bytes > 0)
		psnap_outbuf_printf(out,
				    "missing     %" PRIu64 " exception%s "
				    "of the table are not in the dump; %" PRIu64
				    " bytes of it could not be read\n",
				    totals->missing, plural(totals->missing),
				    totals->unreadable_bytes);
	if (totals->skipped > 0)
		psnap_outbuf_printf(out,
				    "passed over %" PRIu64 " exception%s "
				    "that the kernel did not read\n",
				    totals->skipped, plural(totals->skipped));
	if (from->plan.replaced > 0)
		psnap_outbuf_printf(
			out,
			"%s %" PRIu64 " exception%s of the "
			"table as it %s\n",
			from->written ? "replaced   " : "would lose ",
			from->plan.replaced, plural(from->plan.replaced),
			from->written ? "was" : "stands");
}

void psnap_repair_from_text(const struct psnap_repair_from *from,
			    struct psnap_outbuf *out)
{
	text_dump(from, out);
	text_data(from, out);
	text_losses(from, out);
	if (!from->needed) {
		psnap_outbuf_text(out, "verdict     nothing to do: header and "
				       "areas are what the dump says\n");
		return;
	}
	psnap_outbuf_printf(out, "%s %" PRIu64 " bytes of header and areas\n",
			    from->written ? "wrote      " : "would write",
			    from->plan.write_bytes);
	psnap_outbuf_printf(
		out, "verdict     %s\n",
		from->written	 ? "header and areas are what the dump says"
		: from->doubtful ? "doubtful: only -y writes it"
		: from->cost == PSNAP_REPAIR_SAFE
			? "safe"
			: "exceptions go: -y writes it, -p does not");
}

static const char *word(bool value)
{
	return value ? "true" : "false";
}

void psnap_repair_from_json(const struct psnap_repair_from *from,
			    struct psnap_outbuf *out)
{
	const struct psnap_dumpfile_totals *totals =
		psnap_dumpfile_totals(from->dump);
	const struct psnap_dumpfile_head *head =
		psnap_dumpfile_head(from->dump);
	const struct psnap_rebuild_result *plan = &from->plan;

	psnap_outbuf_text(out, "{\"file\":");
	psnap_json_string(out, from->path);
	psnap_json_member(out, "dumped_size_bytes", true, head->store_bytes);
	psnap_json_member(out, "chunk_size_bytes", true, head->chunk_bytes);
	psnap_json_member(out, "valid", true, head->valid);
	psnap_json_member(out, "exceptions", true, plan->exceptions);
	psnap_json_member(out, "areas", true, plan->areas);
	psnap_json_member(out, "compared", true, plan->compared);
	psnap_json_member(out, "differing", true, plan->differing);
	psnap_json_member(out, "first_differing_old_chunk", plan->differing > 0,
			  plan->first_differing.old_chunk);
	psnap_json_member(out, "first_differing_new_chunk", plan->differing > 0,
			  plan->first_differing.new_chunk);
	psnap_json_member(out, "unreadable", true, plan->unreadable);
	psnap_json_member(out, "missing", true, totals->missing);
	psnap_json_member(out, "unreadable_table_bytes", true,
			  totals->unreadable_bytes);
	psnap_json_member(out, "skipped", true, totals->skipped);
	psnap_json_member(out, "replaced", true, plan->replaced);
	psnap_json_member(out, "write_bytes", true, plan->write_bytes);
	psnap_outbuf_printf(out,
			    ",\"needed\":%s,\"class\":\"%s\",\"doubtful\":%s"
			    ",\"written\":%s}",
			    word(from->needed),
			    psnap_repair_class_name(from->cost),
			    word(from->doubtful), word(from->written));
}
