/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of psnap convert: their values, and the two that convert_args.c
 * hands to the parser.
 */
#ifndef PSNAP_CMD_CONVERT_OPTIONS_H
#define PSNAP_CMD_CONVERT_OPTIONS_H

#include "convert.h"

/* Bits of @given of struct psnap_convert_args, so less than 64. */
enum {
	OPT_FORMAT = 1,
	OPT_INPUT,
	OPT_CHUNK_SIZE,
	OPT_SIZE,
	OPT_DROP_EQUAL,
	OPT_DATA_FROM,
	OPT_LIST,
	OPT_FORCE,
	OPT_ACCEPT_INVALID,
	OPT_TARGET_IS_ZERO,
	OPT_STORE_DEVICE,
	OPT_ORIGIN_DEVICE,
	OPT_REVERSE,
	OPT_RESUME,
	OPT_FORCE_ORIGIN,
	OPT_COMPRESS,
	OPT_STANDALONE,
	OPT_CLUSTER_SIZE,
	OPT_SALVAGE,
	OPT_FILL,
	OPT_FILLED_MAP,
	OPT_MAPFILE,
	OPT_ORIGIN_MAPFILE,
	OPT_SPARSE_SIZE,
	OPT_NO_CLOBBER,
	OPT_DISCARD,
};

/** psnap_convert_options - the table; see struct psnap_cli_tool */
extern struct poptOption psnap_convert_options[];

/** psnap_convert_take_option() - one option; see struct psnap_cli_tool */
int psnap_convert_take_option(void *ctx, int val, char **arg);

/**
 * psnap_convert_rules_check() - do options, formats and operands go together?
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_convert_rules_check(const struct psnap_convert_args *args);

#endif
