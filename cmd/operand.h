/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An operand of the command line as an open io, and who else uses it.
 */
#ifndef PSNAP_CMD_OPERAND_H
#define PSNAP_CMD_OPERAND_H

#include <psnap/io.h>
#include <psnap/locate.h>

/* struct psnap_use, kept: the detail is owned. */
struct psnap_operand_use {
	enum psnap_use_kind kind;
	char *detail;
};

/**
 * struct psnap_operand - zero-initialise, then psnap_operand_open()
 * @name:       as the user wrote it; messages say this
 * @path:       where it was found
 * @io:         open for reading, or for writing and alone
 * @uses:       who else uses it
 */
struct psnap_operand {
	const char *name;
	char *path;
	struct psnap_io *io;
	struct psnap_operand_use *uses;
	size_t use_count;
};

/**
 * psnap_operand_open() - find and open an operand for reading
 * @quiet:  do not say on standard error that it is in use
 *
 * Return: 0, or an exit status after a message. End with
 * psnap_operand_close() either way.
 */
int psnap_operand_open(struct psnap_operand *operand, const char *name,
		       bool quiet);

/**
 * psnap_operand_open_exclusive() - find and open an operand for writing, alone
 *
 * Return: 0, or an exit status after a message; something that is in use is
 * refused. End with psnap_operand_close() either way.
 */
int psnap_operand_open_exclusive(struct psnap_operand *operand,
				 const char *name);

/**
 * psnap_operand_open_pair() - open STORE and ORIGIN
 * @write:  for writing, alone; otherwise as psnap_operand_open()
 *
 * Return: 0, or an exit status after a message; two that hold the same bytes
 * are a usage error. End both with psnap_operand_close() either way.
 */
int psnap_operand_open_pair(struct psnap_operand *store, const char *store_name,
			    struct psnap_operand *origin,
			    const char *origin_name, bool write, bool quiet);

/**
 * psnap_operand_write_behind() - have writes go on behind the caller
 * @operand:  opened for writing, and its io known to nobody else yet
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_operand_write_behind(struct psnap_operand *operand);

/** psnap_operand_use_kind() - "mounted", "swap", ...: the word in JSON */
const char *psnap_operand_use_kind(enum psnap_use_kind kind);

/** psnap_operand_close() - release it; one that was never opened is fine */
void psnap_operand_close(struct psnap_operand *operand);

#endif
