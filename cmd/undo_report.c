/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What psnap undo says when it has done what it was asked to.
 */
#include "json.h"
#include "undo.h"

#include <inttypes.h>

static const char *device_name(const struct psnap_undo_job *job, int device)
{
	return job->devices[device].io ? job->devices[device].io->name
				       : job->info.names[device];
}

/* The undo file of a repair: there was no origin. */
static bool is_nothing(const struct psnap_undo_job *job, int device)
{
	return job->info.size_bytes[device] == 0;
}

static void text_device(const struct psnap_undo_job *job,
			struct psnap_outbuf *out, int device)
{
	if (is_nothing(job, device))
		return;
	psnap_outbuf_text(out, device == PSNAP_UNDO_STORE ? "store       "
							  : "origin      ");
	psnap_outbuf_plain(out, device_name(job, device));
	psnap_outbuf_printf(out, ", %" PRIu64 " bytes\n",
			    job->info.size_bytes[device]);
}

static void text_changed(const struct psnap_undo_job *job,
			 struct psnap_outbuf *out)
{
	const struct psnap_undo_info *info = &job->info;
	uint64_t changed = info->changed[PSNAP_UNDO_ORIGIN];

	if (changed == 0)
		return;
	psnap_outbuf_printf(out,
			    "changed     %" PRIu64 " sample%s of the origin, "
			    "from byte %" PRIu64 " on\n",
			    changed, changed == 1 ? "" : "s",
			    info->changed_bytes[PSNAP_UNDO_ORIGIN]);
}

static const char *which_devices(const struct psnap_undo_info *info)
{
	return info->changed[PSNAP_UNDO_ORIGIN]
		       ? "the origin was written to since"
		       : "the devices are those it was made for";
}

static void text_report(const struct psnap_undo_job *job,
			struct psnap_outbuf *out)
{
	const struct psnap_undo_info *info = &job->info;

	psnap_outbuf_text(out, "undo file   ");
	psnap_outbuf_plain(out, job->file.name);
	psnap_outbuf_printf(out, ", %" PRIu64 " record%s, %" PRIu64 " bytes\n",
			    info->records, info->records == 1 ? "" : "s",
			    info->saved_bytes);
	if (info->torn_bytes > 0)
		psnap_outbuf_printf(out,
				    "torn        %" PRIu64 " bytes at the end, "
				    "which nothing relies on\n",
				    info->torn_bytes);
	text_device(job, out, PSNAP_UNDO_STORE);
	text_device(job, out, PSNAP_UNDO_ORIGIN);
	text_changed(job, out);
	if (job->args->verify)
		psnap_outbuf_text(out, "verified    every record\n");
	else if (job->args->dry_run)
		psnap_outbuf_printf(out,
				    "would put back %" PRIu64 " bytes; %s\n",
				    info->saved_bytes, which_devices(info));
	else
		psnap_outbuf_printf(out, "put back    %" PRIu64 " bytes\n",
				    info->saved_bytes);
}

static void json_device(const struct psnap_undo_job *job,
			struct psnap_outbuf *out, int device)
{
	psnap_outbuf_text(out, device == PSNAP_UNDO_STORE ? ",\"store\":"
							  : ",\"origin\":");
	if (is_nothing(job, device)) {
		psnap_outbuf_text(out, "null");
		return;
	}
	psnap_outbuf_text(out, "{\"name\":");
	psnap_json_string(out, device_name(job, device));
	psnap_json_member(out, "size_bytes", true,
			  job->info.size_bytes[device]);
	if (device == PSNAP_UNDO_ORIGIN)
		psnap_json_member(out, "changed_samples", true,
				  job->info.changed[device]);
	psnap_outbuf_text(out, "}");
}

static void json_report(const struct psnap_undo_job *job,
			struct psnap_outbuf *out)
{
	const struct psnap_undo_info *info = &job->info;
	bool done = !job->args->verify && !job->args->dry_run;

	psnap_outbuf_text(out, "{");
	psnap_json_intro(out, "undo");
	psnap_outbuf_printf(out, ",\"dry_run\":%s,\"verify\":%s,\"file\":",
			    job->args->dry_run ? "true" : "false",
			    job->args->verify ? "true" : "false");
	psnap_json_io(out, job->file.io);
	psnap_json_member(out, "records", true, info->records);
	psnap_json_member(out, "saved_bytes", true, info->saved_bytes);
	psnap_json_member(out, "torn_bytes", true, info->torn_bytes);
	json_device(job, out, PSNAP_UNDO_STORE);
	json_device(job, out, PSNAP_UNDO_ORIGIN);
	psnap_json_member(out, "put_back_bytes", true,
			  done ? info->saved_bytes : 0);
	psnap_outbuf_text(out, ",\"exit_status\":0}\n");
}

void psnap_undo_report(const struct psnap_undo_job *job,
		       struct psnap_outbuf *out)
{
	if (job->args->cli.format == PSNAP_FORMAT_JSON)
		json_report(job, out);
	else
		text_report(job, out);
}
