/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was written, and whether it is what its form demands. Each look forgets
 * it afterwards and aborts when something is wrong with it.
 */
#ifndef PSNAP_FUZZ_TEXT_LOOKS_H
#define PSNAP_FUZZ_TEXT_LOOKS_H

#include "outbuf.h"
#include "text_sample.h"

void written_begin(struct psnap_outbuf *out, bool eager);
void written_end(struct psnap_outbuf *out);

/* One object, in lines. */
void look_json(void);

/* An object with a type on each of so many lines. */
void look_ndjson(uint64_t lines_wanted);

/* Lines, at least so many, without a byte that a terminal would not show. */
void look_text(uint64_t lines_wanted);

/* A head, and the records of the sample. */
void look_csv(const struct text_sample *sample);

#endif
