/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where results go: standard output, or a new file that appears whole or not
 * at all. Everything that is said when that fails is said here, once.
 */
#ifndef PSNAP_CMD_OUTPUT_H
#define PSNAP_CMD_OUTPUT_H

#include "outbuf.h"

struct psnap_io;
struct psnap_newfile;

/**
 * struct psnap_output - zero-initialise, then psnap_output_open()
 * @buf:   write here
 * @file:  the new file, NULL for standard output
 * @path:  its name
 */
struct psnap_output {
	struct psnap_outbuf buf;
	struct psnap_newfile *file;
	const char *path;
};

/**
 * psnap_output_open() - begin
 * @path:      the new file, or NULL for standard output
 * @compress:  gzip; refused when standard output is a terminal
 * @inputs:    must not be the object that is written to; NULL-terminated
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_output_open(struct psnap_output *output, const char *path,
		      bool compress, struct psnap_io *const *inputs);

/**
 * psnap_output_close() - end
 * @keep:  write what is left and give a new file its name; otherwise nothing
 *         of a new file remains
 *
 * Safe on an output that was never opened. Return: 0, or an exit status after
 * a message; a reader that went away is status 8 without one.
 */
int psnap_output_close(struct psnap_output *output, bool keep);

/**
 * psnap_output_guard_fds() - make sure that 0, 1 and 2 are open
 *
 * Without this a STORE could become descriptor 1 and be written to.
 */
void psnap_output_guard_fds(void);

/** psnap_output_end_stdio() - flush stdout's FILE; 0 or an exit status */
int psnap_output_end_stdio(void);

/** psnap_output_same_object() - do two descriptors lead to the same bytes? */
bool psnap_output_same_object(int fd_a, int fd_b);

#endif
