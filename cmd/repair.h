/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap repair, in parts: repair_args.c reads the command line, repair_open.c
 * opens what it names, repair.c runs it; repair_plan.c has the library plan and
 * decides which steps are taken, repair_ask.c by asking; repair_carve.c lists
 * and takes entries beyond the table; repair_write.c writes to the store,
 * repair_copy.c to a new file, both by way of repair_log.c; repair_report.c,
 * repair_lists.c and repair_json.c print. What --from does instead of a plan of
 * steps is in repair_from.c.
 */
#ifndef PSNAP_CMD_REPAIR_H
#define PSNAP_CMD_REPAIR_H

#include "cli.h"
#include "operand.h"
#include "outbuf.h"
#include "repair_from.h"
#include "save.h"

#include <psnap/carve.h>
#include <psnap/repair.h>
#include <psnap/undo.h>

/* Whose word it takes that a step is taken. */
enum psnap_repair_consent {
	PSNAP_REPAIR_NOBODY, /* only a plan */
	PSNAP_REPAIR_PREEN,  /* -p: what loses nothing */
	PSNAP_REPAIR_YES,    /* -y: everything */
	PSNAP_REPAIR_ASK,    /* of somebody at the terminal, for each step */
};

/**
 * struct psnap_repair_args - zero-initialise; the command line
 * @repair:      what the library is asked to do
 * @only, @skip: steps; none in @only means all
 * @carve_list:  list what could be carved
 * @carve_names: --carve=NAME,...; owned, like the other names; NULL: none
 * @grow_bytes:  0: as it is
 * @undo:        the undo file
 * @new_path:    the new file to repair instead of the store
 * @log:         where each write is noted
 * @from:        a dump to build the table from
 */
struct psnap_repair_args {
	struct psnap_cli cli;
	struct psnap_repair_options repair;
	bool only[PSNAP_FINDING_COUNT];
	bool skip[PSNAP_FINDING_COUNT];
	bool any_only;
	bool any_skip;
	bool dry_run;
	bool preen;
	bool yes;
	bool no_undo;
	bool carve_list;
	char *carve_names;
	uint64_t grow_bytes;
	char *undo;
	char *new_path;
	char *log;
	char *from;
};

/* Exceptions that go, as runs; so many are named at the most. */
#define PSNAP_REPAIR_DROPS 1000

struct psnap_repair_drop {
	enum psnap_finding_id id;
	struct psnap_run run;
};

/* So many carvings are listed at the most. */
#define PSNAP_REPAIR_CARVINGS 10000

/**
 * struct psnap_repair_log - zero-initialise; where writes are noted
 * @file, @out:  open; NULL: nowhere
 * @watch:       tells of writes
 * @io:          write through this
 */
struct psnap_repair_log {
	struct psnap_io *file;
	struct psnap_outbuf out;
	struct psnap_io *watch;
	struct psnap_io *io;
};

/**
 * struct psnap_repair_job - one repair
 * @view:        what is planned on: the store, or @overlay on it with --grow
 * @options:     as in the arguments, then narrowed to the steps that are taken
 * @findings:    those of the check; owned, like the other lists
 * @drops:       what would go, or went
 * @unnamed:     exceptions that go and are not in @drops
 * @slots:       what --carve=NAME takes
 * @carvings:    what --carve found
 * @old_bytes:   the size of the store before anything was done
 * @no_terminal: somebody should have been asked
 * @planned:     there is something to report
 * @shown:       the findings are printed already
 * @done:        what was chosen is written
 * @corrected:   and that was something
 */
struct psnap_repair_job {
	const struct psnap_repair_args *args;
	enum psnap_repair_consent consent;
	struct psnap_operand store;
	struct psnap_operand origin;
	struct psnap_io *overlay;
	struct psnap_io *view;
	struct psnap_repair_options options;
	struct psnap_repair_plan plan;
	struct psnap_repair_from from;
	struct psnap_finding *findings;
	size_t finding_count;
	struct psnap_repair_drop *drops;
	size_t drop_count;
	uint64_t unnamed;
	struct psnap_slots *slots;
	struct psnap_carving *carvings;
	size_t carving_count;
	bool carvings_truncated;
	struct psnap_save save;
	struct psnap_repair_log log;
	uint64_t old_bytes;
	bool no_terminal;
	bool planned;
	bool shown;
	bool done;
	bool corrected;
};

/**
 * psnap_repair_args_parse() - read and judge the command line
 *
 * Return: PSNAP_CLI_GO_ON, or the exit status. End with
 * psnap_repair_args_end() either way.
 */
int psnap_repair_args_parse(struct psnap_repair_args *args, int argc,
			    const char **argv);

/** psnap_repair_args_end() - release what the command line held */
void psnap_repair_args_end(struct psnap_repair_args *args);

/**
 * psnap_repair_open() - open store and origin, and see who may be asked
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_repair_open(struct psnap_repair_job *job);

/**
 * psnap_repair_check_places() - may the new file, the undo file and the log be
 *                               where they are to be?
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_repair_check_places(const struct psnap_repair_job *job);

/** psnap_repair_grow_view() - let job->view have --grow; 0 or a status */
int psnap_repair_grow_view(struct psnap_repair_job *job);

/**
 * psnap_repair_plan() - check the store, and plan
 *
 * With --carve also that. Return: 0, or an exit status after a message.
 */
int psnap_repair_plan(struct psnap_repair_job *job);

/**
 * psnap_repair_decide() - narrow job->options.chosen to what is taken
 * @out:  what is written there is shown before anybody is asked
 *
 * The plan is then that of these steps. Return: 0, or an exit status after a
 * message.
 */
int psnap_repair_decide(struct psnap_repair_job *job, struct psnap_outbuf *out);

/** psnap_repair_is_taken() - is the step needed, possible and chosen? */
bool psnap_repair_is_taken(const struct psnap_repair_job *job,
			   enum psnap_finding_id id);

/** psnap_repair_has_work() - would anything be written? */
bool psnap_repair_has_work(const struct psnap_repair_job *job);

/** psnap_repair_has_problems() - anything worse than a note? */
bool psnap_repair_has_problems(const struct psnap_check_result *check);

/** psnap_repair_can_ask() - is there somebody to ask? */
bool psnap_repair_can_ask(void);

/**
 * psnap_repair_ask() - ask about each step that is chosen and possible
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_repair_ask(struct psnap_repair_job *job);

/**
 * psnap_repair_ask_from() - ask whether the table is to be built from the dump
 * @yes:  out
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_repair_ask_from(const struct psnap_repair_job *job, bool *yes);

/**
 * psnap_repair_carve_names() - the names in --carve=NAME,... as job->slots
 *
 * The plan has told the geometry. Return: 0, or an exit status after a message.
 */
int psnap_repair_carve_names(struct psnap_repair_job *job);

/** psnap_repair_carve_list() - fill job->carvings; 0 or an exit status */
int psnap_repair_carve_list(struct psnap_repair_job *job);

/**
 * psnap_repair_write() - do what is chosen, on the store itself
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_repair_write(struct psnap_repair_job *job);

/**
 * psnap_repair_write_to() - do what is chosen
 * @to:    the store, or a copy of it
 * @name:  what it is called
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_repair_write_to(struct psnap_repair_job *job, struct psnap_io *to,
			  const char *name);

/**
 * psnap_repair_copy_check() - may the new file be where it is to be?
 *
 * Return: 0, also without --output-file, or an exit status after a message.
 */
int psnap_repair_copy_check(const struct psnap_repair_job *job);

/**
 * psnap_repair_copy() - do what is chosen, on a copy of the store
 *
 * It appears whole or not at all. Return: 0, or an exit status after a message.
 */
int psnap_repair_copy(struct psnap_repair_job *job);

/**
 * psnap_repair_log_open() - begin to note writes to @inner
 *
 * Without --log job->log.io is @inner. Return: 0, or an exit status after a
 * message. End with psnap_repair_log_close() either way.
 */
int psnap_repair_log_open(struct psnap_repair_job *job, struct psnap_io *inner);

/** psnap_repair_log_grown() - note that the store was made longer */
int psnap_repair_log_grown(struct psnap_repair_job *job, uint64_t from_bytes,
			   uint64_t to_bytes);

/**
 * psnap_repair_log_close() - make the log durable
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_repair_log_close(struct psnap_repair_job *job);

/** psnap_repair_text_findings() - as psnap check prints them */
void psnap_repair_text_findings(const struct psnap_repair_job *job,
				struct psnap_outbuf *out);

/** psnap_repair_text_geometry() - the chunk size, if the header has none */
void psnap_repair_text_geometry(const struct psnap_repair_job *job,
				struct psnap_outbuf *out);

/** psnap_repair_text_drops() - exceptions that go */
void psnap_repair_text_drops(const struct psnap_repair_job *job,
			     struct psnap_outbuf *out);

/** psnap_repair_text_carvings() - what --carve found; nothing without it */
void psnap_repair_text_carvings(const struct psnap_repair_job *job,
				struct psnap_outbuf *out);

/** psnap_repair_text() - what follows the findings: the plan, or the result */
void psnap_repair_text(const struct psnap_repair_job *job,
		       struct psnap_outbuf *out);

/** psnap_repair_text_files() - what was written to, and what beside it */
void psnap_repair_text_files(const struct psnap_repair_job *job,
			     struct psnap_outbuf *out);

/** psnap_repair_json() - all of it for scripts */
void psnap_repair_json(const struct psnap_repair_job *job,
		       struct psnap_outbuf *out, int exit_status);

/** psnap_repair_main() - psnap repair; exit status */
int psnap_repair_main(int argc, const char **argv);

#endif
