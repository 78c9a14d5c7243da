/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A delta and the origin that it is to be applied to.
 */
#ifndef PSNAP_CMD_DELTA_ORIGIN_H
#define PSNAP_CMD_DELTA_ORIGIN_H

#include <psnap/delta.h>

/**
 * psnap_delta_origin_failed() - say why a delta could not be verified
 * @delta, @origin:  as the user wrote them
 *
 * Return: the exit status.
 */
int psnap_delta_origin_failed(const char *delta, const char *origin,
			      const struct psnap_delta_match *match,
			      const struct psnap_error *err);

/**
 * psnap_delta_origin_judge() - is the origin what a delta was made against?
 * @name:          as the user wrote it
 * @force_origin:  it is taken for that
 *
 * Return: 0, or PSNAP_EXIT_LEFT after a message.
 */
int psnap_delta_origin_judge(const struct psnap_delta *delta,
			     const struct psnap_io *origin, const char *name,
			     const struct psnap_delta_match *match,
			     bool force_origin);

#endif
