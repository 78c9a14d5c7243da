/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages on standard error and the exit status that goes with them. Every
 * line has the form "psnap-check: SUBJECT: text"; results never come here.
 */
#ifndef PSNAP_CMD_MESSAGE_H
#define PSNAP_CMD_MESSAGE_H

#include <psnap/error.h>

/* As fsck(8); bits add up. Nothing else is ever returned. */
enum psnap_exit {
	PSNAP_EXIT_DONE = 0,
	PSNAP_EXIT_CORRECTED = 1,
	PSNAP_EXIT_LEFT = 4,
	PSNAP_EXIT_FAILED = 8,
	PSNAP_EXIT_USAGE = 16,
	PSNAP_EXIT_INTERRUPTED = 32,
};

/* What a callback returns to the library to stop it; the reason is kept by
 * whoever stopped, so no message is due for this one. */
#define PSNAP_CLI_STOP 1

/** psnap_msg_program() - set the name that messages begin with */
void psnap_msg_program(const char *name);

/** psnap_msg_program_name() - "psnap", "psnap-check", ... */
const char *psnap_msg_program_name(void);

/**
 * psnap_msg() - print one line
 * @subject:  operand or option the message is about; NULL: none
 *
 * Control characters are shown as '?', so that no file name can forge a line
 * or talk to the terminal.
 */
void psnap_msg(const char *subject, const char *fmt, ...) PSNAP_PRINTF(2, 3);

/** psnap_msg_usage() - print a usage error and the hint; PSNAP_EXIT_USAGE */
int psnap_msg_usage(const char *fmt, ...) PSNAP_PRINTF(1, 2);

/**
 * psnap_msg_error() - print why the library could not do it
 * @subject:  operand it is about
 *
 * Return: the exit status for that kind of failure.
 */
int psnap_msg_error(const char *subject, const struct psnap_error *err);

/**
 * psnap_msg_interrupted_words() - what an interruption means from now on
 * @words:  follow "interrupted; "; kept until replaced. At the beginning they
 *          say that nothing was changed
 */
void psnap_msg_interrupted_words(const char *words);

/**
 * psnap_msg_unfinished() - psnap_msg_error() for work that had begun to write
 *
 * Ends with the words that say how to go on. Return: PSNAP_EXIT_FAILED, or
 * PSNAP_EXIT_INTERRUPTED.
 */
int psnap_msg_unfinished(const char *subject, const struct psnap_error *err);

/** psnap_msg_interrupted() - say that it is safe to begin again; the status */
int psnap_msg_interrupted(const char *subject);

/** psnap_msg_nomem() - say that memory ran out; PSNAP_EXIT_FAILED */
int psnap_msg_nomem(void);

/**
 * psnap_msg_reason() - the system's reason as it reads inside a sentence
 * @os_errno:  an errno
 * @text:      out: filled and returned
 */
const char *psnap_msg_reason(int os_errno, char text[80]);

#endif
