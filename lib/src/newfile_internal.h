/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What newfile_io.c has to know about a new file besides its descriptor.
 */
#ifndef PSNAP_NEWFILE_INTERNAL_H
#define PSNAP_NEWFILE_INTERNAL_H

#include <psnap/newfile.h>

/* The final name, links followed; lives as long as the file. */
const char *psnap_newfile_path(const struct psnap_newfile *file);

#endif
