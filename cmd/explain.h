/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap check --explain: what a finding means, from the library's tables.
 */
#ifndef PSNAP_CMD_EXPLAIN_H
#define PSNAP_CMD_EXPLAIN_H

/** psnap_explain_knows() - is it the name of a finding, or "all"? */
int psnap_explain_knows(const char *name);

/** psnap_explain() - print it; exit status */
int psnap_explain(const char *name);

#endif
