/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output files that appear whole or not at all: written under a temporary name
 * beside the final one, made durable, then renamed.
 */
#ifndef PSNAP_NEWFILE_H
#define PSNAP_NEWFILE_H

#include <psnap/error.h>
#include <psnap/progress.h>

PSNAP_BEGIN_DECLS

struct psnap_io;
struct psnap_newfile;

/**
 * psnap_newfile_create() - begin a new file
 * @path:    the final name; an existing regular file is replaced at commit
 * @inputs:  ios that must not be the file at @path; NULL-terminated, or NULL
 * @file:    out: end with psnap_newfile_commit() or psnap_newfile_abandon()
 *
 * Return: 0, or
 *   PSNAP_E_BUSY         @path is one of @inputs
 *   PSNAP_E_UNSUPPORTED  @path exists and is no regular file
 *   PSNAP_E_IO, PSNAP_E_NOSPACE, PSNAP_E_NOT_FOUND (directory), PSNAP_E_NOMEM
 */
PSNAP_API PSNAP_MUST_USE int
psnap_newfile_create(const char *path, struct psnap_io *const *inputs,
		     struct psnap_newfile **file, struct psnap_error *err);

/** psnap_newfile_fd() - the descriptor to write to; not to be closed */
PSNAP_API int psnap_newfile_fd(const struct psnap_newfile *file);

/**
 * psnap_newfile_io() - the file as an io for reading and writing
 * @size_bytes:  the file gets this size, as one hole
 * @io:          out: release with psnap_io_close(), which leaves the file open;
 *               before commit or abandon
 *
 * Return: 0, PSNAP_E_IO, PSNAP_E_NOSPACE, PSNAP_E_NOMEM, PSNAP_E_UNSUPPORTED
 * (the file system cannot hold a file of this size).
 */
PSNAP_API PSNAP_MUST_USE int psnap_newfile_io(struct psnap_newfile *file,
					      uint64_t size_bytes,
					      struct psnap_io **io,
					      struct psnap_error *err);

/**
 * psnap_newfile_io_growing() - the same, of a size that is not known yet
 *
 * The size_bytes of the io are 2^63 - 1; the file ends where the last byte is
 * that is written. Return: as psnap_newfile_io().
 */
PSNAP_API PSNAP_MUST_USE int
psnap_newfile_io_growing(struct psnap_newfile *file, struct psnap_io **io,
			 struct psnap_error *err);

/**
 * psnap_newfile_allocate() - reserve blocks for all of the file
 * @size_bytes:  of what psnap_newfile_io() made
 *
 * What is not written still reads as zero. Return: 0, PSNAP_E_UNSUPPORTED (the
 * file system cannot do it), PSNAP_E_NOSPACE, PSNAP_E_IO.
 */
PSNAP_API PSNAP_MUST_USE int psnap_newfile_allocate(struct psnap_newfile *file,
						    uint64_t size_bytes,
						    struct psnap_error *err);

/**
 * psnap_newfile_copy() - fill the file with what an io holds
 * @to:        what psnap_newfile_io() made, not written to yet
 * @from:      as large, or smaller; the rest stays a hole
 * @progress:  told bytes of @from; may be NULL
 *
 * Shares the blocks where both are files of one file system that can; otherwise
 * copies what is data, and leaves holes and blocks of zeros out.
 * Return: 0, PSNAP_E_IO, PSNAP_E_NOSPACE, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_newfile_copy(struct psnap_newfile *file, struct psnap_io *to,
		   struct psnap_io *from, const struct psnap_progress *progress,
		   struct psnap_error *err);

/**
 * psnap_newfile_commit() - make the contents durable and give the final name
 *
 * Flushes the file, renames it, flushes the directory. @file is gone
 * afterwards; on failure the temporary file is removed and a file that had the
 * final name is untouched, but for one case: when only the directory cannot be
 * flushed, the new file has its name and the message says that it may not
 * survive a power cut.
 * Return: 0, PSNAP_E_IO, PSNAP_E_NOSPACE, PSNAP_E_NOT_FOUND, PSNAP_E_NOMEM.
 */
PSNAP_API PSNAP_MUST_USE int psnap_newfile_commit(struct psnap_newfile *file,
						  struct psnap_error *err);

/** psnap_newfile_abandon() - remove the temporary file; NULL is fine */
PSNAP_API void psnap_newfile_abandon(struct psnap_newfile *file);

PSNAP_END_DECLS

#endif
