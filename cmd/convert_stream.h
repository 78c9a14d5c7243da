/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams of changes as input and output of psnap convert: convert_delta.c,
 * convert_lvmsync.c and what they share.
 */
#ifndef PSNAP_CMD_CONVERT_STREAM_H
#define PSNAP_CMD_CONVERT_STREAM_H

#include "convert.h"

struct psnap_output;

/** psnap_convert_delta(), psnap_convert_lvmsync() - make one; 0, or an exit
 * status after a message */
int psnap_convert_delta(struct psnap_convert_job *job);
int psnap_convert_lvmsync(struct psnap_convert_job *job);

/* What the table of inputs does with such a stream and ORIGIN. */
int psnap_convert_changed_open(struct psnap_convert_job *job);
int psnap_convert_delta_show(struct psnap_convert_job *job);
int psnap_convert_lvmsync_show(struct psnap_convert_job *job);
int psnap_convert_changed_ranges(struct psnap_convert_job *job,
				 struct psnap_extents *changes);

/** psnap_convert_direction() - from what to what the changes are to lead */
void psnap_convert_direction(const struct psnap_convert_job *job,
			     struct psnap_io **base, struct psnap_io **shown);

/** psnap_convert_stream_begin() - OUTPUT, to be written in order; 0, or an exit
 * status after a message */
int psnap_convert_stream_begin(struct psnap_convert_job *job,
			       struct psnap_output *output);

/** psnap_convert_stream_end() - keep it, if @status is 0; the new status */
int psnap_convert_stream_end(struct psnap_convert_job *job,
			     struct psnap_output *output, int status);

/** psnap_convert_take() - a psnap_convert_take_fn to a struct psnap_output */
int psnap_convert_take(void *ctx, const void *data, size_t len_bytes);

/** psnap_convert_read_failure() - say why reading one of the ios failed */
int psnap_convert_read_failure(const struct psnap_convert_job *job,
			       const struct psnap_io *failed,
			       const struct psnap_error *err);

#endif
