/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Damaged input of psnap convert: convert_salvage.c shows what there is of it,
 * convert_filled.c prints what had to be filled.
 */
#ifndef PSNAP_CMD_CONVERT_SALVAGE_H
#define PSNAP_CMD_CONVERT_SALVAGE_H

#include "outbuf.h"

#include <psnap/extents.h>
#include <psnap/salvage.h>
#include <psnap/view.h>

struct psnap_convert_job;

/* --fill; DEFAULT: zeros for what cannot be read, the origin for what is
 * unknown. */
enum psnap_convert_fill {
	PSNAP_CONVERT_FILL_DEFAULT,
	PSNAP_CONVERT_FILL_ORIGIN,
	PSNAP_CONVERT_FILL_PATTERN,
};

/**
 * struct psnap_convert_salvage_args - what of a damaged pair is to be shown
 * @asked:    and what cannot be is to be filled
 * @pattern, @pattern_bytes:  for PATTERN; owned
 * @mapfile, @origin_mapfile:  what was rescued of the two; owned; NULL: all
 * @filled_map:  the map of OUTPUT that is to be written; owned; NULL: none
 */
struct psnap_convert_salvage_args {
	bool asked;
	enum psnap_convert_fill fill;
	uint8_t *pattern;
	size_t pattern_bytes;
	char *mapfile;
	char *origin_mapfile;
	char *filled_map;
};

/**
 * struct psnap_convert_salvage - what could be shown, and what could not
 * @store_lost, @origin_lost:  what the maps do not call rescued; NULL: nothing
 * @doubt:    of the view
 * @filled:   what could not be read, as far as it was read
 * @bad:      out: of psnap_convert_salvage_end(): what is not what it was
 * @unsure:   out: what may not be what it was
 * @bad_bytes, @unsure_bytes:  how much that is
 * @io:       over the view; NULL: nothing is filled
 */
struct psnap_convert_salvage {
	struct psnap_extents *store_lost;
	struct psnap_extents *origin_lost;
	struct psnap_view_doubt doubt;
	struct psnap_extents *filled;
	struct psnap_extents *bad;
	struct psnap_extents *unsure;
	uint64_t bad_bytes;
	uint64_t unsure_bytes;
	struct psnap_io *io;
};

/**
 * psnap_convert_fill_set() - read the value of --fill
 *
 * Return: NULL, or what is wrong with it.
 */
const char *psnap_convert_fill_set(struct psnap_convert_salvage_args *args,
				   const char *value);

/** psnap_convert_salvage_args_end() - release what it held */
void psnap_convert_salvage_args_end(struct psnap_convert_salvage_args *args);

/**
 * psnap_convert_salvage_maps() - make bad sectors of what was not rescued
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_convert_salvage_maps(struct psnap_convert_job *job);

/** psnap_convert_salvage_takes() - may the pair be shown as far as it is sound?
 */
bool psnap_convert_salvage_takes(const struct psnap_convert_job *job);

/**
 * psnap_convert_salvage_view() - open the view, and fill what it does not have
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_convert_salvage_view(struct psnap_convert_job *job,
			       struct psnap_store *store);

/**
 * psnap_convert_salvage_changes() - what is filled with something that the
 * origin does not have
 *
 * Return: 0, or an exit status after a message.
 */
int psnap_convert_salvage_changes(struct psnap_convert_job *job,
				  struct psnap_extents *changes);

/**
 * psnap_convert_salvage_end() - OUTPUT is complete: say what of it is not what
 * it was, and write the map
 *
 * Return: 0, PSNAP_EXIT_LEFT if there is such, or another exit status after a
 * message.
 */
int psnap_convert_salvage_end(struct psnap_convert_job *job);

/** psnap_convert_salvage_release() - release what it held */
void psnap_convert_salvage_release(struct psnap_convert_salvage *salvage);

/** psnap_convert_filled_say() - a line on standard error for each range */
void psnap_convert_filled_say(struct psnap_convert_job *job);

/** psnap_convert_filled_map() - a map of OUTPUT as GNU ddrescue has them */
void psnap_convert_filled_map(const struct psnap_convert_job *job,
			      struct psnap_outbuf *out);

/** psnap_convert_filled_text() - the lines of the report; often none */
void psnap_convert_filled_text(const struct psnap_convert_job *job,
			       struct psnap_outbuf *out);

/** psnap_convert_filled_json() - ,"salvage":{...}; null if nothing was asked */
void psnap_convert_filled_json(const struct psnap_convert_job *job,
			       struct psnap_outbuf *out);

#endif
