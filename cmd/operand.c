/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening operands. Something that is in use is read all the same: to look at
 * a live store is legitimate, but the user has to know that it may change.
 */
#include "operand.h"

#include "message.h"

#include <psnap/behind.h>
#include <stdlib.h>
#include <string.h>

/* The JSON word, and the sentence around the detail. */
static const struct {
	const char *word;
	const char *before;
	const char *after;
} kinds[] = {
	[PSNAP_USE_MOUNTED] = { "mounted", "mounted on ", "" },
	[PSNAP_USE_SWAP] = { "swap", "active swap space", "" },
	[PSNAP_USE_HOLDER] = { "holder", "", " stands on it" },
	[PSNAP_USE_SNAPSHOT] = { "dm-snapshot", "part of the active snapshot ",
				 "" },
	[PSNAP_USE_LOOP] = { "loop", "behind ", "" },
};

const char *psnap_operand_use_kind(enum psnap_use_kind kind)
{
	return kinds[kind].word;
}

/* Return: 0, or PSNAP_E_NOMEM. */
static int add_use(void *ctx, const struct psnap_use *use)
{
	struct psnap_operand *operand = ctx;
	struct psnap_operand_use *grown;
	char *detail;

	grown = realloc(operand->uses,
			(operand->use_count + 1) * sizeof(*grown));
	if (!grown)
		return PSNAP_E_NOMEM;
	operand->uses = grown;
	detail = strdup(use->detail);
	if (!detail)
		return PSNAP_E_NOMEM;
	grown[operand->use_count].kind = use->kind;
	grown[operand->use_count].detail = detail;
	operand->use_count++;
	return 0;
}

static void say_uses(const struct psnap_operand *operand)
{
	const struct psnap_operand_use *use;

	for (size_t i = 0; i < operand->use_count; i++) {
		use = &operand->uses[i];
		psnap_msg(operand->name,
			  "in use: %s%s%s; what is read may change while it "
			  "is read",
			  kinds[use->kind].before,
			  use->kind == PSNAP_USE_SWAP ? "" : use->detail,
			  kinds[use->kind].after);
	}
}

int psnap_operand_open(struct psnap_operand *operand, const char *name,
		       bool quiet)
{
	struct psnap_error err = { 0 };
	int rc;

	operand->name = name;
	rc = psnap_locate(name, &operand->path, &err);
	if (rc == 0)
		rc = psnap_io_open(operand->path, &operand->io, &err);
	if (rc < 0)
		return psnap_msg_error(name, &err);
	rc = psnap_use_list(operand->io, add_use, operand, &err);
	if (rc < 0)
		return psnap_msg_nomem();
	if (!quiet)
		say_uses(operand);
	return 0;
}

int psnap_operand_open_exclusive(struct psnap_operand *operand,
				 const char *name)
{
	struct psnap_error err = { 0 };
	int rc;

	operand->name = name;
	rc = psnap_locate(name, &operand->path, &err);
	if (rc == 0)
		rc = psnap_io_open_exclusive(operand->path, &operand->io, &err);
	return rc < 0 ? psnap_msg_error(name, &err) : 0;
}

int psnap_operand_write_behind(struct psnap_operand *operand)
{
	struct psnap_error err = { 0 };
	int rc = psnap_io_write_behind(&operand->io, &err);

	return rc < 0 ? psnap_msg_error(operand->name, &err) : 0;
}

int psnap_operand_open_pair(struct psnap_operand *store, const char *store_name,
			    struct psnap_operand *origin,
			    const char *origin_name, bool write, bool quiet)
{
	int status;

	status = write ? psnap_operand_open_exclusive(store, store_name)
		       : psnap_operand_open(store, store_name, quiet);
	if (status != 0)
		return status;
	/* For reading first: the second of two exclusive opens of one object
	 * would only say that it is in use. */
	status = psnap_operand_open(origin, origin_name, quiet || write);
	if (status != 0)
		return status;
	if (psnap_io_overlap(store->io, origin->io))
		return psnap_msg_usage("%s: STORE and ORIGIN are the same",
				       origin_name);
	if (!write)
		return 0;
	psnap_operand_close(origin);
	return psnap_operand_open_exclusive(origin, origin_name);
}

void psnap_operand_close(struct psnap_operand *operand)
{
	/* A failed close loses nothing: what was written is flushed. */
	psnap_io_close(operand->io, NULL);
	for (size_t i = 0; i < operand->use_count; i++)
		free(operand->uses[i].detail);
	free(operand->uses);
	free(operand->path);
	operand->uses = NULL;
	operand->use_count = 0;
	operand->io = NULL;
	operand->path = NULL;
}
