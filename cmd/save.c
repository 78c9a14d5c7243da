/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --undo FILE of a command that writes. What can be wrong with the place of the
 * file is found before it is created: a merge that stops half-way because its
 * undo file has no room is worse than one that does not begin.
 */
#include "save.h"

#include "message.h"
#include "output.h"
#include "place.h"
#include "save_room.h"

#include <psnap/behind.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What would be overwritten, or stand in the way, is no place for the file. */
static int check_object(const char *path, const struct psnap_operand *store,
			const struct psnap_operand *origin)
{
	struct psnap_io *io;
	int status = 0;

	/* A new file; and why another one cannot be opened is said when it is
	 * opened for writing. */
	if (psnap_io_open(path, &io, NULL) < 0)
		return 0;
	if (psnap_io_overlap(io, store->io))
		status = psnap_msg_usage("--undo: %s is the store", path);
	else if (psnap_io_overlap(io, origin->io))
		status = psnap_msg_usage("--undo: %s is the origin", path);
	else if (psnap_output_same_object(STDOUT_FILENO, io->fd))
		status = psnap_msg_usage("--undo: %s is standard output", path);
	psnap_io_close(io, NULL);
	return status;
}

static bool has_content(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_size > 0;
}

static int check_place(const struct psnap_save *save, const char *path,
		       const struct psnap_operand *store,
		       const struct psnap_operand *origin, uint64_t need_bytes)
{
	int status = check_object(path, store, origin);

	if (status != 0)
		return status;
	if (psnap_place_stands_on(path, store) ||
	    psnap_place_stands_on(path, origin)) {
		psnap_msg(path, "the undo file would be on the device that is "
				"written to; nothing was changed");
		return PSNAP_EXIT_FAILED;
	}
	return save->room_later && save->continued
		       ? 0
		       : psnap_save_room_at(path, need_bytes);
}

/* psnap undo may be run in another directory. Links stay as they are: the name
 * behind one may be another one tomorrow. NULL: no memory. */
static char *absolute(const char *path)
{
	char *directory;
	char *text = NULL;

	if (path[0] == '/')
		return strdup(path);
	directory = getcwd(NULL, 0);
	if (!directory)
		return strdup(path);
	if (asprintf(&text, "%s/%s", directory, path) < 0)
		text = NULL;
	free(directory);
	return text;
}

/* The undo file is to know the devices under their absolute names. */
static int open_undo(struct psnap_save *save,
		     const struct psnap_progress *progress,
		     struct psnap_error *err)
{
	const char *given[PSNAP_UNDO_DEVICES];
	char *names[PSNAP_UNDO_DEVICES];
	int rc = 0;

	for (int i = 0; i < PSNAP_UNDO_DEVICES; i++) {
		given[i] = save->devices[i]->name;
		names[i] = absolute(given[i]);
		if (names[i])
			save->devices[i]->name = names[i];
		else
			rc = err->code = PSNAP_E_NOMEM;
	}
	if (rc == 0)
		rc = psnap_undo_begin(save->file, save->devices, progress,
				      &save->undo, err);
	for (int i = 0; i < PSNAP_UNDO_DEVICES; i++) {
		save->devices[i]->name = given[i];
		if (rc == 0)
			psnap_undo_io(save->undo, (enum psnap_undo_device)i)
				->name = given[i];
		free(names[i]);
	}
	return rc;
}

/* Only a file that is there tells how long it may become, so a new one was made
 * for it. @is_new: then it goes again, also behind a link. */
static int check_length(const struct psnap_save *save, const char *path,
			uint64_t need_bytes, bool is_new)
{
	int status = psnap_save_length(path, save->file->fd, need_bytes);
	char *made;

	if (status != 0 && is_new && psnap_save_bytes(save) == 0) {
		made = realpath(path, NULL);
		if (made)
			unlink(made);
		free(made);
	}
	return status;
}

static int open_file(struct psnap_save *save, const char *path,
		     const struct psnap_operand *store,
		     const struct psnap_operand *origin, uint64_t need_bytes)
{
	struct psnap_error err = { 0 };
	struct stat st;
	bool is_new = stat(path, &st) < 0;
	int rc;

	rc = psnap_io_open_growing(path, &save->file, &err);
	if (rc == 0)
		rc = psnap_io_write_behind(&save->file, &err);
	if (rc == 0 && (psnap_io_overlap(save->file, store->io) ||
			psnap_io_overlap(save->file, origin->io)))
		return psnap_msg_usage("--undo: %s is written to", path);
	if (rc < 0)
		return psnap_msg_error(path, &err);
	/* What it has is not saved again: the caller may know how much that is,
	 * and nobody is kept from going on who does not. */
	return save->continued ? 0
			       : check_length(save, path, need_bytes, is_new);
}

int psnap_save_open(struct psnap_save *save, const char *path,
		    struct psnap_operand *store, struct psnap_operand *origin,
		    uint64_t need_bytes, const struct psnap_progress *progress)
{
	struct psnap_error err = { 0 };
	int status;
	int rc;

	save->devices[PSNAP_UNDO_STORE] = store->io;
	save->devices[PSNAP_UNDO_ORIGIN] = origin->io;
	if (!path)
		return 0;
	save->continued = has_content(path);
	status = check_place(save, path, store, origin, need_bytes);
	if (status != 0)
		return status;
	status = open_file(save, path, store, origin, need_bytes);
	if (status != 0)
		return status;
	rc = open_undo(save, progress, &err);
	if (rc < 0) {
		status = psnap_msg_error(path, &err);
		/* An undo file of other devices is no fault of the system. */
		return rc == PSNAP_E_BUSY ? PSNAP_EXIT_LEFT : status;
	}
	save->path = path;
	for (unsigned int i = 0; i < PSNAP_UNDO_DEVICES; i++)
		save->devices[i] =
			psnap_undo_io(save->undo, (enum psnap_undo_device)i);
	return 0;
}

uint64_t psnap_save_bytes(const struct psnap_save *save)
{
	struct stat st;

	if (!save->file || fstat(save->file->fd, &st) < 0)
		return 0;
	return (uint64_t)st.st_size;
}

void psnap_save_close(struct psnap_save *save)
{
	psnap_undo_close(save->undo);
	/* Everything that counts in it was flushed before it was relied on. */
	psnap_io_close(save->file, NULL);
	save->undo = NULL;
	save->file = NULL;
}
