/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that holds bytes is a struct psnap_io: a file, a block device, a
 * buffer in memory. Behaviour is added by an io that wraps an io: implement
 * the operations, forward to the wrapped one.
 *
 * An io opened read-only has no write operation, so code that only has such
 * an io cannot write by construction.
 */
#ifndef PSNAP_IO_H
#define PSNAP_IO_H

#include <psnap/error.h>
#include <stddef.h>

PSNAP_BEGIN_DECLS

struct psnap_io;

/** struct psnap_extent - a range of bytes, [offset, offset + len) */
struct psnap_extent {
	uint64_t offset_bytes;
	uint64_t len_bytes;
};

/**
 * struct psnap_io_ops - what a backend or wrapper implements
 * @read_some:   read at most @len_bytes at @offset_bytes; the number of bytes
 *               (at least 1), 0 at the end, or a negative errno. May return
 *               fewer bytes than asked and -EINTR: psnap_io_read() goes on.
 * @write_some:  the same for writing; NULL when the io is read-only
 * @sync:        make all completed writes durable; 0 or a negative errno; NULL
 *               when read-only. A failure is never to be retried as if the
 *               data had been kept.
 * @prefetch:    a hint that the range will be read soon; must not fail, block
 *               for long, or report errors; NULL: no use
 * @forget:      a hint that the next read of the range should come from the
 *               device, not from a cache; must not fail; NULL: no cache
 * @next_data:   the first offset at or after @offset_bytes that may hold
 *               anything but zero, or size_bytes; NULL: everything may
 * @prepare:     @count ranges are going to be written: save what has to be
 *               saved, and make that durable; 0 or a failure; NULL: nothing
 *               to prepare. Wrappers pass it on
 * @source:      fill in where in a file the bytes from an offset on stand as
 *               they are; false: nowhere; NULL: the same
 * @punch:       make a range zero by giving its blocks back; 0 or a negative
 *               errno, -EOPNOTSUPP when it cannot; NULL: it cannot
 * @lend:        from now on what is written from [@memory, + @bytes) stays as it
 *               is until settle() was called for it, so it may be written from
 *               there later; NULL memory: no longer. False, or NULL: no use.
 *               A wrapper that hands on what it is given to write may pass on
 *               both this and settle(), or neither
 * @settle:      wait until nothing is being written from this part of lent
 *               memory; false: that may never be. NULL: the io does not borrow
 * @close:       release everything including the io; 0 or a negative errno
 *               (a failed close may mean lost writes)
 *
 * Offsets and lengths handed in are inside [0, size_bytes) and multiples of
 * align_bytes: io.c has checked.
 */
struct psnap_io_source;

struct psnap_io_ops {
	int64_t (*read_some)(struct psnap_io *io, uint64_t offset_bytes,
			     void *buf, size_t len_bytes);
	int64_t (*write_some)(struct psnap_io *io, uint64_t offset_bytes,
			      const void *buf, size_t len_bytes);
	int (*sync)(struct psnap_io *io);
	void (*prefetch)(struct psnap_io *io, uint64_t offset_bytes,
			 uint64_t len_bytes);
	void (*forget)(struct psnap_io *io, uint64_t offset_bytes,
		       uint64_t len_bytes);
	uint64_t (*next_data)(struct psnap_io *io, uint64_t offset_bytes);
	int (*prepare)(struct psnap_io *io, const struct psnap_extent *extents,
		       size_t count, struct psnap_error *err);
	bool (*source)(struct psnap_io *io, uint64_t offset_bytes,
		       struct psnap_io_source *source);
	int (*punch)(struct psnap_io *io, uint64_t offset_bytes,
		     uint64_t len_bytes);
	bool (*lend)(struct psnap_io *io, const void *memory, size_t bytes);
	bool (*settle)(struct psnap_io *io, const void *memory, size_t bytes);
	int (*close)(struct psnap_io *io);
};

/**
 * struct psnap_io - a thing that holds bytes; first member of every backend
 * @ops:          its operations
 * @name:         how messages call it; lives as long as the io
 * @size_bytes:   [0, 2^63)
 * @align_bytes:  power of two, at most 65536; every read_some is a multiple of
 *                it in offset and length (1: any)
 * @fd:           the descriptor behind it, or -1; stays open until close, so
 *                what was checked on it stays true
 */
struct psnap_io {
	const struct psnap_io_ops *ops;
	const char *name;
	uint64_t size_bytes;
	uint32_t align_bytes;
	int fd;
};

/* Larger alignments are refused; no disk has sectors beyond 64 KiB. */
#define PSNAP_IO_ALIGN_BYTES_MAX 65536u

/**
 * psnap_io_open() - open a regular file or block device for reading
 * @path:  path; see psnap_locate() for tags
 * @io:    out: release with psnap_io_close(); NULL on failure
 *
 * Never blocks on a FIFO and never changes the object. Block devices are read
 * in multiples of their logical sector size.
 * Return: 0, or
 *   PSNAP_E_NOT_FOUND    no such file
 *   PSNAP_E_UNSUPPORTED  a directory, FIFO, socket, character device, or an
 *                        object of 2^63 bytes or more
 *   PSNAP_E_IO           opening or asking for the size failed
 *   PSNAP_E_NOMEM
 */
PSNAP_API PSNAP_MUST_USE int
psnap_io_open(const char *path, struct psnap_io **io, struct psnap_error *err);

/**
 * psnap_io_open_exclusive() - open a file or block device for writing, alone
 * @path:  as for psnap_io_open()
 * @io:    out: release with psnap_io_close(); NULL on failure
 *
 * Refuses what anybody else uses: block devices are opened with O_EXCL, which
 * the kernel grants for nothing that is mounted, swapped on or held; regular
 * files are locked against other writers of this kind, and must not be swap or
 * back a loop device. Everything is checked on the descriptor that stays open.
 * A user without a name is waited for, a second: it may be what is still under
 * way of a program that was killed.
 * Return: as psnap_io_open(), or PSNAP_E_BUSY with the user named.
 */
PSNAP_API PSNAP_MUST_USE int psnap_io_open_exclusive(const char *path,
						     struct psnap_io **io,
						     struct psnap_error *err);

/**
 * psnap_io_open_growing() - open or create a regular file that grows
 * @path:  an existing regular file is kept as it is
 * @io:    out: release with psnap_io_close(); NULL on failure
 *
 * For undo files: size_bytes is 2^63 - 1 whatever the file has, reads behind
 * its end are PSNAP_E_TRUNCATED, writes extend it. Locked and checked as by
 * psnap_io_open_exclusive(); a new name is made durable in its directory.
 * Return: as psnap_io_open_exclusive(), PSNAP_E_UNSUPPORTED for anything but
 * a regular file.
 */
PSNAP_API PSNAP_MUST_USE int psnap_io_open_growing(const char *path,
						   struct psnap_io **io,
						   struct psnap_error *err);

/**
 * psnap_io_grow() - make a regular file that is open for writing longer
 * @size_bytes:  not less than it has; the new part reads as zero
 *
 * Of a block device it only asks whether it is large enough. Durable on return.
 * Return: 0, PSNAP_E_RANGE (a device that is too small, or a smaller size),
 * PSNAP_E_API (read-only, no descriptor), PSNAP_E_NOSPACE, PSNAP_E_IO.
 */
PSNAP_API PSNAP_MUST_USE int psnap_io_grow(struct psnap_io *io,
					   uint64_t size_bytes,
					   struct psnap_error *err);

/**
 * psnap_io_overlap() - do two ios hold the same bytes?
 *
 * The same file or device by whatever name, a disk and one of its partitions, or
 * the same part of a file through loop devices. Ios without a descriptor overlap nothing but themselves.
 */
PSNAP_API bool psnap_io_overlap(const struct psnap_io *a,
				const struct psnap_io *b);

/**
 * psnap_io_open_memory() - an io over a buffer
 * @data:         the bytes; not copied, must outlive the io
 * @size_bytes:   how many
 * @align_bytes:  alignment to insist on, as a device would; 1 for none
 * @io:           out: release with psnap_io_close(); NULL on failure
 *
 * Read-only. Return: 0, PSNAP_E_API for a bad alignment, PSNAP_E_NOMEM.
 */
PSNAP_API PSNAP_MUST_USE int psnap_io_open_memory(const void *data,
						  uint64_t size_bytes,
						  uint32_t align_bytes,
						  struct psnap_io **io,
						  struct psnap_error *err);

/**
 * psnap_io_read() - read exactly @len_bytes
 * @io:            where from
 * @offset_bytes:  first byte
 * @buf:           @len_bytes long; contents undefined on failure
 * @len_bytes:     any number; 0 succeeds inside the bounds
 *
 * Goes on after short reads and EINTR; widens to align_bytes.
 * Return: 0, or
 *   PSNAP_E_RANGE      the range is not inside [0, size_bytes)
 *   PSNAP_E_IO         offset_bytes of @err is the first byte that failed
 *   PSNAP_E_TRUNCATED  the object became shorter than it was when opened
 *   PSNAP_E_NOMEM      no memory for the aligned buffer
 */
PSNAP_API PSNAP_MUST_USE int psnap_io_read(struct psnap_io *io,
					   uint64_t offset_bytes, void *buf,
					   size_t len_bytes,
					   struct psnap_error *err);

/**
 * psnap_io_write() - write exactly @len_bytes
 * @io:            where to; opened for writing
 * @offset_bytes:  first byte
 * @buf:           the bytes
 * @len_bytes:     any number; 0 succeeds inside the bounds
 *
 * Goes on after short writes and EINTR. A part of a sector is read first and
 * written back whole. Not durable before psnap_io_sync().
 * Return: 0, or
 *   PSNAP_E_API      the io is read-only
 *   PSNAP_E_RANGE    the range is not inside [0, size_bytes)
 *   PSNAP_E_IO       offset_bytes of @err is the first byte that failed
 *   PSNAP_E_NOSPACE  the file system under a sparse file is full
 *   PSNAP_E_NOMEM    no memory for the aligned buffer
 */
PSNAP_API PSNAP_MUST_USE int psnap_io_write(struct psnap_io *io,
					    uint64_t offset_bytes,
					    const void *buf, size_t len_bytes,
					    struct psnap_error *err);

/**
 * psnap_io_prepare() - say which ranges are going to be written
 * @extents:  inside the io, in any order
 * @count:    how many
 *
 * Writes need no such announcement; with it an undo io saves all of them with
 * one flush instead of one flush each, and psnap_io_write_behind() may make a
 * file longer that grows: what is announced is then to be written.
 * Return: 0, or the failure of an io below to save them: then do not write. Also
 * PSNAP_E_INTERRUPTED, when an undo io was asked to stop.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_io_prepare(struct psnap_io *io, const struct psnap_extent *extents,
		 size_t count, struct psnap_error *err);

/**
 * psnap_io_lend() - say that some memory keeps what is written from it
 * @memory:  to be changed or freed only after psnap_io_settle(), which comes
 *           before the io is closed; NULL: end it (settle first)
 *
 * An io that writes behind its caller need then not copy it. There is one such
 * memory at a time. Return: false: the io has no use for that.
 */
PSNAP_API bool psnap_io_lend(struct psnap_io *io, const void *memory,
			     size_t bytes);

/**
 * psnap_io_settle() - wait until a part of lent memory is not needed
 * @memory, @bytes:  a part, or all of it
 *
 * Return: true, also when nothing was lent; false: the system may read it at any
 * time, so it must not be changed or freed. What is written then fails.
 */
PSNAP_API PSNAP_MUST_USE bool psnap_io_settle(struct psnap_io *io,
					      const void *memory, size_t bytes);

/**
 * psnap_io_sync() - make everything written so far durable
 *
 * A failure is final: the system may have dropped what it could not write and
 * a second call would succeed without it. Stop, and begin again from what is
 * on the disk.
 * Return: 0, PSNAP_E_API when the io is read-only, PSNAP_E_IO,
 * PSNAP_E_NOSPACE.
 */
PSNAP_API PSNAP_MUST_USE int psnap_io_sync(struct psnap_io *io,
					   struct psnap_error *err);

/**
 * psnap_io_prefetch() - say that a range will be read soon
 *
 * A hint: never fails; what lies outside the io is ignored. Asks in steps of
 * at most 128 KiB, because Linux silently cuts longer requests.
 */
PSNAP_API void psnap_io_prefetch(struct psnap_io *io, uint64_t offset_bytes,
				 uint64_t len_bytes);

/**
 * psnap_io_forget() - have the next read of a range come from the device
 *
 * For reading back what was written: do it after psnap_io_sync(), or what is
 * not yet on the device stays cached. Only a hint.
 */
PSNAP_API void psnap_io_forget(struct psnap_io *io, uint64_t offset_bytes,
			       uint64_t len_bytes);

/**
 * psnap_io_next_data() - skip what is known to be zero
 *
 * Return: the first offset at or after @offset_bytes that may hold something
 * other than zero; size_bytes when there is none.
 */
PSNAP_API uint64_t psnap_io_next_data(struct psnap_io *io,
				      uint64_t offset_bytes);

/**
 * struct psnap_io_source - where bytes of an io stand as they are
 * @fd:            open for reading; not to be closed
 * @offset_bytes:  there
 * @len_bytes:     how many in one piece
 */
struct psnap_io_source {
	int fd;
	uint64_t offset_bytes;
	uint64_t len_bytes;
};

/**
 * psnap_io_source() - where do the bytes from an offset on stand?
 * @offset_bytes:  [0, size_bytes)
 * @source:        out, if there is such a place
 *
 * For sharing instead of copying. Whether they can be read nobody has tried.
 */
PSNAP_API bool psnap_io_source(struct psnap_io *io, uint64_t offset_bytes,
			       struct psnap_io_source *source);

/**
 * psnap_io_punch() - make a range zero by giving its blocks back
 * @offset_bytes, @len_bytes:  multiples of align_bytes
 *
 * Reads as zero afterwards, on devices too. Return: 0, PSNAP_E_UNSUPPORTED
 * (write zeros instead), PSNAP_E_RANGE, PSNAP_E_IO.
 */
PSNAP_API PSNAP_MUST_USE int psnap_io_punch(struct psnap_io *io,
					    uint64_t offset_bytes,
					    uint64_t len_bytes,
					    struct psnap_error *err);

/**
 * psnap_io_close() - release an io
 * @io:  NULL is fine
 *
 * Return: 0, or PSNAP_E_IO when the system reported a failure at close; the io
 * is gone either way.
 */
PSNAP_API int psnap_io_close(struct psnap_io *io, struct psnap_error *err);

PSNAP_END_DECLS

#endif
