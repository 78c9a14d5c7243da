/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asking about steps. Questions go to standard error, so that a report can be
 * sent elsewhere; an answer is a line on standard input. What is not answered
 * is not done.
 */
#include "repair.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum answer {
	ANSWER_NO,
	ANSWER_YES,
	ANSWER_ALL,
	ANSWER_QUIT,
	ANSWER_UNCLEAR,
	ANSWER_INTERRUPTED,
};

bool psnap_repair_can_ask(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

static void put(const char *text)
{
	size_t len_bytes = strlen(text);
	ssize_t n;

	/* Who cannot see the question will not answer it. */
	while (len_bytes > 0) {
		n = write(STDERR_FILENO, text, len_bytes);
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			text += n;
			len_bytes -= (size_t)n;
		}
	}
}

/* One line; of a longer one the beginning. Return: -1 at the end of the input,
 * 0 when a signal wants an end, else 1. */
static int read_line(char *line, size_t size)
{
	size_t used = 0;
	ssize_t n;
	char c;

	for (;;) {
		n = read(STDIN_FILENO, &c, 1);
		if (psnap_meter_interrupted())
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		if (c == '\n')
			break;
		if (used + 1 < size)
			line[used++] = c;
	}
	line[used] = '\0';
	return 1;
}

static enum answer meaning(const char *line)
{
	static const struct {
		const char *word;
		enum answer answer;
	} words[] = {
		{ "y", ANSWER_YES },	 { "yes", ANSWER_YES },
		{ "n", ANSWER_NO },	 { "no", ANSWER_NO },
		{ "", ANSWER_NO },	 { "a", ANSWER_ALL },
		{ "all", ANSWER_ALL },	 { "q", ANSWER_QUIT },
		{ "quit", ANSWER_QUIT },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(line, words[i].word) == 0)
			return words[i].answer;
	}
	return ANSWER_UNCLEAR;
}

static enum answer ask(const char *question)
{
	enum answer answer;
	char line[20];
	int rc;

	do {
		put(question);
		rc = read_line(line, sizeof(line));
		if (rc == 0)
			return ANSWER_INTERRUPTED;
		if (rc < 0) {
			put("\n");
			return ANSWER_QUIT;
		}
		answer = meaning(line);
	} while (answer == ANSWER_UNCLEAR);
	return answer;
}

/* No step is taken from here on, nor those that were agreed to. */
static void quit(struct psnap_repair_job *job)
{
	memset(job->options.chosen, 0, sizeof(job->options.chosen));
}

int psnap_repair_ask(struct psnap_repair_job *job)
{
	enum answer answer = ANSWER_NO;

	for (int i = 0; i < PSNAP_FINDING_COUNT && answer != ANSWER_ALL; i++) {
		enum psnap_finding_id id = (enum psnap_finding_id)i;
		const struct psnap_repair_step *step = &job->plan.steps[id];

		if (!psnap_repair_is_taken(job, id))
			continue;
		psnap_msg(psnap_finding_info(id)->name, "%s: %s",
			  psnap_repair_class_name(step->cost), step->text);
		answer = ask("Do that? (y)es, (n)o, (a)ll from here on, (q)uit "
			     "and change nothing [n] ");
		if (answer == ANSWER_INTERRUPTED)
			return psnap_msg_interrupted(NULL);
		if (answer == ANSWER_QUIT) {
			quit(job);
			return 0;
		}
		if (answer == ANSWER_NO)
			job->options.chosen[id] = false;
	}
	return 0;
}

int psnap_repair_ask_from(const struct psnap_repair_job *job, bool *yes)
{
	enum answer answer;

	*yes = false;
	psnap_msg(job->from.path, "%s: header and table are written anew",
		  psnap_repair_class_name(job->from.cost));
	answer = ask("Do that? (y)es, (n)o [n] ");
	if (answer == ANSWER_INTERRUPTED)
		return psnap_msg_interrupted(NULL);
	*yes = answer == ANSWER_YES || answer == ANSWER_ALL;
	return 0;
}
