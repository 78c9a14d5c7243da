/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap check: open, check, report. A finding is a result, not a failure: the
 * exit status 8 is kept for a check that could not look.
 */
#include "check.h"

#include "explain.h"
#include "operand.h"
#include "output.h"
#include "report.h"

#include <string.h>

static int open_operands(const struct psnap_cli *cli,
			 struct psnap_operand *store,
			 struct psnap_operand *origin)
{
	int status;

	status = psnap_operand_open(store, cli->operands[0], cli->quiet);
	if (status != 0 || cli->operand_count < 2)
		return status;
	status = psnap_operand_open(origin, cli->operands[1], cli->quiet);
	if (status != 0)
		return status;
	/* All that a check says about the pair would be nonsense. */
	if (psnap_output_same_object(store->io->fd, origin->io->fd))
		return psnap_msg_usage("%s: STORE and ORIGIN are the same",
				       origin->name);
	return 0;
}

static int run_check(const struct psnap_check_args *args,
		     struct psnap_operand *store, struct psnap_operand *origin,
		     const struct psnap_progress *progress,
		     struct psnap_report *report, bool *complete)
{
	struct psnap_check_options options = args->check;
	struct psnap_check_result result;
	struct psnap_error err = { 0 };
	int rc;

	options.progress = *progress;
	psnap_report_begin(report);
	if (report->out)
		psnap_outbuf_flush(report->out);
	rc = psnap_check(store->io, origin->io, &options, psnap_report_finding,
			 report, &result, &err);
	/* The output failed and will say so when it is closed. */
	if (rc == PSNAP_CLI_STOP)
		return 0;
	if (rc < 0)
		return psnap_msg_error(store->name, &err);
	*complete = true;
	return psnap_report_end(report, &result);
}

static int check(const struct psnap_check_args *args,
		 struct psnap_operand *store, struct psnap_operand *origin,
		 const struct psnap_progress *progress)
{
	const struct psnap_cli *cli = &args->cli;
	struct psnap_report report = { .store = store };
	struct psnap_output output = { 0 };
	bool complete = false;
	int status;

	if (origin->io)
		report.origin = origin;
	memcpy(report.ignored, args->ignored, sizeof(report.ignored));
	report.ndjson = cli->format == PSNAP_FORMAT_NDJSON;
	if (!cli->quiet) {
		struct psnap_io *const inputs[] = { store->io, origin->io,
						    NULL };

		status = psnap_output_open(&output, NULL, false, inputs);
		if (status != 0)
			return status;
		report.out = &output.buf;
		report.ops = cli->format == PSNAP_FORMAT_TEXT
				     ? &psnap_report_text
				     : &psnap_report_json;
	}
	status = run_check(args, store, origin, progress, &report, &complete);
	psnap_meter_finish();
	return status | psnap_output_close(&output, complete);
}

int psnap_check_main(int argc, const char **argv)
{
	struct psnap_check_args args = { 0 };
	struct psnap_operand store = { 0 };
	struct psnap_operand origin = { 0 };
	struct psnap_progress progress;
	int status;

	status = psnap_check_args_parse(&args, argc, argv);
	if (status != PSNAP_CLI_GO_ON)
		goto out;
	if (args.explain) {
		status = psnap_explain(args.explain);
		goto out;
	}
	psnap_meter_start(args.cli.progress, args.cli.quiet, &progress);
	status = open_operands(&args.cli, &store, &origin);
	if (status == 0)
		status = check(&args, &store, &origin, &progress);
	psnap_meter_finish();
	psnap_operand_close(&origin);
	psnap_operand_close(&store);
out:
	psnap_check_args_end(&args);
	return status;
}
