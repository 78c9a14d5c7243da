/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: what psnap dump printed, read back. The input is a dump, or what
 * a line of one is made of, plain or compressed. What is read a second time is
 * the same; entries follow each other; and the totals are those of the entries.
 */
#include "dumpfile.h"
#include "fuzz.h"

/* What was read: a sum that depends on the order, and the totals. */
struct seen {
	int rc;
	uint64_t entries;
	uint64_t exceptions;
	uint64_t sum;
};

static void read_all(struct psnap_dumpfile *dump, struct psnap_io *io,
		     struct seen *seen)
{
	struct psnap_rebuild_entry entry;
	struct psnap_error err = { 0 };
	int rc;

	while ((rc = psnap_dumpfile_next(dump, &entry, &err)) > 0) {
		seen->entries++;
		seen->exceptions += entry.run.chunks;
		seen->sum = seen->sum * 31 + entry.run.old_chunk;
		seen->sum = seen->sum * 31 + entry.run.new_chunk;
		FUZZ_REQUIRE(entry.run.chunks > 0, "an empty run");
		FUZZ_REQUIRE(psnap_dumpfile_position(dump) <= io->size_bytes,
			     "behind the end");
	}
	FUZZ_REQUIRE(rc == 0 || err.code == rc, "%s", err.message);
	seen->rc = rc;
	FUZZ_REQUIRE(rc < 0 || psnap_dumpfile_next(dump, &entry, NULL) == 0,
		     "it went on behind the end");
}

static void try_dump(struct psnap_io *io)
{
	const struct psnap_progress silent = { 0 };
	struct psnap_error err = { 0 };
	struct psnap_dumpfile *dump;
	struct seen first = { 0 };
	struct seen second = { 0 };
	int rc = psnap_dumpfile_open(io, &silent, &dump, &err);

	FUZZ_REQUIRE(rc == 0 || err.code == rc, "%s", err.message);
	if (rc)
		return;
	read_all(dump, io, &first);
	if (first.rc == 0) {
		FUZZ_EQUAL(psnap_dumpfile_totals(dump)->exceptions,
			   first.exceptions);
		FUZZ_EQUAL(psnap_dumpfile_rewind(dump, &err), 0);
		read_all(dump, io, &second);
		FUZZ_EQUAL(second.rc, 0);
		FUZZ_EQUAL(second.entries, first.entries);
		FUZZ_EQUAL(second.sum, first.sum);
	}
	psnap_dumpfile_close(dump);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct psnap_io *io;

	if (psnap_io_open_memory(data, len_bytes, 1, &io, NULL))
		abort();
	try_dump(io);
	psnap_io_close(io, NULL);
	return 0;
}
