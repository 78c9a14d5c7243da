/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Header and marks of undo files. The header is written once; a mark each time
 * records have become durable, in turn in one of two places, so that a torn one
 * leaves the one before.
 */
#include "undo_file.h"

#include "checked.h"
#include "fail.h"

#include <psnap/zip.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t magic[8] = { 'p', 's', 'n', 'a', 'p', 'U', 'n', 'd' };

static uint32_t header_crc32(const struct disk_undo_header *header)
{
	struct disk_undo_header h = *header;

	h.crc32 = le32_put(0);
	return psnap_crc32(0, &h, sizeof(h));
}

static uint32_t mark_crc32(const struct disk_undo_mark *mark)
{
	struct disk_undo_mark m = *mark;

	m.crc32 = le32_put(0);
	return psnap_crc32(0, &m, sizeof(m));
}

static void begin_chain(struct undo_file *f)
{
	f->end_bytes = UNDO_RECORDS_BYTES;
	f->last_bytes = 0;
	f->last_crc32 = le32_get(f->header.crc32);
}

static int describe_devices(struct disk_undo_header *h,
			    struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
			    struct psnap_error *err)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < PSNAP_UNDO_DEVICES && rc == 0; i++) {
		struct disk_undo_device *d = &h->devices[i];
		size_t len = strlen(devices[i]->name);

		d->size_bytes = le64_put(devices[i]->size_bytes);
		if (len < sizeof(d->name))
			memcpy(d->name, devices[i]->name, len);
		rc = psnap_undo_fingerprint(d, devices[i], err);
	}
	return rc;
}

int psnap_undo_file_create(struct undo_file *f, struct psnap_io *io,
			   struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
			   struct psnap_error *err)
{
	uint8_t *start;
	int rc;

	memset(f, 0, sizeof(*f));
	f->io = io;
	memcpy(f->header.magic, magic, sizeof(magic));
	f->header.version = le32_put(1);
	f->header.records_bytes = le32_put(UNDO_RECORDS_BYTES);
	f->header.device_count = le32_put(PSNAP_UNDO_DEVICES);
	rc = describe_devices(&f->header, devices, err);
	if (rc)
		return rc;
	f->header.crc32 = le32_put(header_crc32(&f->header));
	begin_chain(f);
	start = calloc(1, UNDO_RECORDS_BYTES);
	if (!start)
		return psnap_fail_nomem(err, "making an undo file");
	memcpy(start, &f->header, sizeof(f->header));
	rc = psnap_io_write(io, 0, start, UNDO_RECORDS_BYTES, err);
	free(start);
	return rc;
}

/* Nothing in the header is believed that the device could not have. */
static bool is_possible(const struct disk_undo_device *d)
{
	uint64_t size_bytes = le64_get(d->size_bytes);
	uint32_t i;

	if (le32_get(d->sample_count) > UNDO_SAMPLES)
		return false;
	for (i = 0; i < le32_get(d->sample_count); i++) {
		uint64_t offset_bytes = le64_get(d->samples[i].offset_bytes);
		uint32_t len_bytes = le32_get(d->samples[i].len_bytes);

		if (len_bytes == 0 || len_bytes > UNDO_SAMPLE_BYTES ||
		    offset_bytes > size_bytes ||
		    len_bytes > size_bytes - offset_bytes)
			return false;
	}
	return true;
}

static bool is_header(const struct disk_undo_header *h)
{
	unsigned int i;

	if (memcmp(h->magic, magic, sizeof(magic)) != 0 ||
	    le32_get(h->crc32) != header_crc32(h) ||
	    le32_get(h->version) != 1 ||
	    le32_get(h->records_bytes) != UNDO_RECORDS_BYTES ||
	    le32_get(h->device_count) != PSNAP_UNDO_DEVICES)
		return false;
	for (i = 0; i < PSNAP_UNDO_DEVICES; i++)
		if (!is_possible(&h->devices[i]))
			return false;
	return true;
}

/*
 * How a file begins: everything before the records, and one byte of them.
 * @len:  how much of it there is
 */
struct start {
	struct disk_undo_header header;
	struct disk_undo_mark marks[UNDO_MARKS];
	uint8_t first;
	size_t len;
};

static int read_start(struct psnap_io *io, struct start *s,
		      struct psnap_error *err)
{
	struct psnap_error why = { 0 };
	int rc;

	s->len = (size_t)min_u64(offsetof(struct start, first) + 1,
				 io->size_bytes);
	rc = psnap_io_read(io, 0, s, s->len, &why);
	/* A file that grows says where it ends only so. */
	if (rc == PSNAP_E_TRUNCATED && why.offset_bytes < s->len) {
		s->len = (size_t)why.offset_bytes;
		return psnap_io_read(io, 0, s, s->len, err);
	}
	if (rc && err)
		*err = why;
	return rc;
}

static bool is_zero(const void *data, size_t len)
{
	const uint8_t *p = data;

	return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

/* Was it cut while it was made? File systems may have the length of a file
 * before they have its content. */
static bool is_begun(const struct start *s)
{
	size_t header_len = (size_t)min_u64(s->len, sizeof(s->header));

	if (s->len > UNDO_RECORDS_BYTES ||
	    !is_zero(s->marks, s->len - header_len))
		return false;
	return is_zero(s, s->len) ||
	       (s->len >= sizeof(magic) &&
		memcmp(s->header.magic, magic, sizeof(magic)) == 0);
}

static int fail_start(const struct start *s, struct psnap_error *err)
{
	if (is_begun(s))
		return psnap_fail_at(err, PSNAP_E_CORRUPT, 0,
				     "the undo file has no whole header and no "
				     "records: if it was cut while it was "
				     "made, nothing had been overwritten yet");
	if (s->len < sizeof(magic) ||
	    memcmp(s->header.magic, magic, sizeof(magic)) != 0)
		return psnap_fail_at(err, PSNAP_E_CORRUPT, 0,
				     "not an undo file");
	return psnap_fail_at(err, PSNAP_E_CORRUPT, 0,
			     "the header of the undo file is damaged");
}

/* The newest that is whole. Of two that are not, one was durable. */
static int take_marks(struct undo_file *f, const struct start *s,
		      struct psnap_error *err)
{
	unsigned int damaged = 0;
	unsigned int i;

	for (i = 0; i < UNDO_MARKS; i++) {
		const struct disk_undo_mark *m = &s->marks[i];

		if (is_zero(m, sizeof(*m)))
			continue;
		if (le32_get(m->magic) != UNDO_MARK_MAGIC ||
		    le32_get(m->crc32) != mark_crc32(m))
			damaged++;
		else if (le64_get(m->number) > le64_get(f->mark.number))
			f->mark = *m;
	}
	if (damaged == UNDO_MARKS)
		return psnap_fail_at(err, PSNAP_E_CORRUPT, UNDO_HEADER_BYTES,
				     "the undo file is damaged: how much of it "
				     "was relied on cannot be read");
	return 0;
}

int psnap_undo_file_open(struct undo_file *f, struct psnap_io *io,
			 struct psnap_error *err)
{
	struct start *s = calloc(1, sizeof(*s));
	int rc;

	memset(f, 0, sizeof(*f));
	f->io = io;
	if (!s)
		return psnap_fail_nomem(err, "reading the undo file");
	rc = read_start(io, s, err);
	if (rc == 0 && s->len >= UNDO_RECORDS_BYTES && is_header(&s->header)) {
		f->header = s->header;
		begin_chain(f);
		rc = take_marks(f, s, err);
	} else if (rc == 0) {
		f->begun = is_begun(s);
		rc = fail_start(s, err);
	}
	free(s);
	return rc;
}

int psnap_undo_file_mark(struct undo_file *f, struct psnap_error *err)
{
	struct disk_undo_mark *m = &f->mark;
	uint64_t number = le64_get(m->number) + 1;
	uint64_t at_bytes =
		UNDO_HEADER_BYTES + number % UNDO_MARKS * UNDO_MARK_BYTES;

	m->magic = le32_put(UNDO_MARK_MAGIC);
	m->number = le64_put(number);
	m->durable_bytes = le64_put(f->end_bytes);
	m->crc32 = le32_put(mark_crc32(m));
	return psnap_io_write(f->io, at_bytes, m, sizeof(*m), err);
}
