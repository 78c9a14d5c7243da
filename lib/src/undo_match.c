/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Do devices fit an undo file? A sample that no record touches has to be as it
 * was. One that was saved may also be what the newest mark says, or what an
 * undo that was cut has put back so far; where a cut command was writing, it
 * may be anything.
 */
#include "undo_file.h"

#include "checked.h"
#include "fail.h"

#include <psnap/zip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int psnap_undo_on_device(int rc, const struct psnap_io *io,
			 struct psnap_error *err)
{
	size_t len;

	if (rc == 0 || !err)
		return rc;
	len = strlen(err->message);
	snprintf(err->message + len, sizeof(err->message) - len, ", on %s",
		 io->name);
	return rc;
}

/*
 * A device and what the records say about it; bit n is of sample n.
 * @read:      could be read: @bytes has it, @crc32 its checksum
 * @covered:   a record touches it
 * @explained: a record touches it in part, or has what stands there now
 */
struct seen_device {
	uint64_t read;
	uint64_t covered;
	uint64_t explained;
	uint8_t bytes[UNDO_SAMPLES][UNDO_SAMPLE_BYTES];
	uint32_t crc32[UNDO_SAMPLES];
};

/*
 * @had:  see psnap_undo_file_match()
 * @rc:   of the first range that could not be noted there
 */
struct seen {
	struct undo_file *f;
	struct psnap_extents *const *had;
	int rc;
	struct psnap_error *err;
	struct seen_device devices[PSNAP_UNDO_DEVICES];
};

/* Records are put back last first, so nothing comes before what this one has. */
static void note_had(struct seen *seen, const struct undo_record *r)
{
	if (seen->had && seen->rc == 0)
		seen->rc = psnap_extents_add(
			seen->had[r->device], r->offset_bytes,
			r->offset_bytes + r->len_bytes, seen->err);
}

static void note_record(void *ctx, const struct undo_record *r)
{
	struct seen *seen = ctx;
	struct disk_undo_mark *mark = &seen->f->mark;
	struct seen_device *s = &seen->devices[r->device];
	const struct disk_undo_device *d = &seen->f->header.devices[r->device];
	uint64_t touched = psnap_undo_touched(d, r->offset_bytes, r->len_bytes);
	uint32_t i;

	note_had(seen, r);
	if (!touched)
		return;
	s->covered |= touched;
	if (r->at_bytes >= le64_get(mark->durable_bytes)) {
		struct disk_undo_known *known = &mark->devices[r->device];

		known->known = le64_put(le64_get(known->known) & ~touched);
	}
	for (i = 0; i < UNDO_SAMPLES; i++) {
		uint64_t at = le64_get(d->samples[i].offset_bytes);
		uint32_t len = le32_get(d->samples[i].len_bytes);

		if (!(touched >> i & 1))
			continue;
		if (at < r->offset_bytes ||
		    at + len > r->offset_bytes + r->len_bytes ||
		    memcmp(r->data + (at - r->offset_bytes), s->bytes[i],
			   len) == 0)
			s->explained |= UINT64_C(1) << i;
	}
}

/* A sample that has become unreadable tells nothing; if all have, that is what
 * is wrong. */
static int read_samples(struct seen_device *s, const struct disk_undo_device *d,
			struct psnap_io *io, struct psnap_error *err)
{
	uint32_t count = le32_get(d->sample_count);
	struct psnap_error why = { 0 };
	uint32_t i;
	int rc = 0;

	for (i = 0; i < count; i++) {
		uint32_t len = le32_get(d->samples[i].len_bytes);

		rc = psnap_io_read(io, le64_get(d->samples[i].offset_bytes),
				   s->bytes[i], len, &why);
		if (rc == PSNAP_E_IO)
			continue;
		if (rc)
			break;
		s->read |= UINT64_C(1) << i;
		s->crc32[i] = psnap_crc32(0, s->bytes[i], len);
	}
	if (rc == PSNAP_E_IO && s->read)
		rc = 0;
	if (rc && err)
		*err = why;
	return psnap_undo_on_device(rc, io, err);
}

/* What a sample of a device says. */
enum verdict {
	SAME, /* as it has to be */
	SAYS_NOTHING,
	MAY_BE_TORN, /* an undo that was cut inside a sector may be why not */
	DIFFERS
};

static enum verdict judge(const struct seen_device *s,
			  const struct disk_undo_device *d,
			  const struct disk_undo_known *known, uint32_t i)
{
	bool is_known = le64_get(known->known) >> i & 1;

	if (!(s->read >> i & 1))
		return SAYS_NOTHING;
	if (s->crc32[i] == le32_get(d->samples[i].crc32))
		return SAME;
	if (!(s->covered >> i & 1))
		return DIFFERS;
	if (is_known && s->crc32[i] == le32_get(known->crc32[i]))
		return SAME;
	if (s->explained >> i & 1 || !is_known)
		return SAYS_NOTHING;
	return MAY_BE_TORN;
}

/* Zeros, or another fill: others have the same there. */
static bool is_uniform(const uint8_t *bytes, uint32_t len_bytes)
{
	return memcmp(bytes, bytes + 1, len_bytes - 1) == 0;
}

/* Return: how many samples tell that this is the device; @info gets what tells
 * that it is not. An undo writes one record at a time, so there is one torn
 * sector at most. */
static uint64_t count_samples(const struct seen *seen, unsigned int device,
			      struct psnap_undo_info *info)
{
	const struct disk_undo_device *d = &seen->f->header.devices[device];
	const struct seen_device *s = &seen->devices[device];
	uint64_t same = 0;
	bool torn = false;
	uint32_t i;

	for (i = 0; i < le32_get(d->sample_count); i++) {
		enum verdict v = judge(s, d, &seen->f->mark.devices[device], i);

		same += v == SAME &&
			!is_uniform(s->bytes[i],
				    le32_get(d->samples[i].len_bytes));
		if ((v == DIFFERS || (v == MAY_BE_TORN && torn)) &&
		    info->changed[device]++ == 0)
			info->changed_bytes[device] =
				le64_get(d->samples[i].offset_bytes);
		torn = torn || v == MAY_BE_TORN;
	}
	return same;
}

/*
 * Of a store, the table alone is saved. Once others have written to it, what
 * the table led to may be gone, and nobody would notice: it is not accepted.
 */
static int compare(const struct seen *seen, unsigned int device,
		   const struct psnap_io *io, bool accept_changed_origin,
		   struct psnap_undo_info *info, struct psnap_error *err)
{
	uint64_t same = count_samples(seen, device, info);
	uint64_t changed = info->changed[device];

	if (changed == 0)
		return 0;
	info->acceptable = device == PSNAP_UNDO_ORIGIN && changed <= same;
	if (info->acceptable && accept_changed_origin)
		return 0;
	return psnap_fail_at(
		err, PSNAP_E_BUSY, info->changed_bytes[device],
		"%s is not the device the undo file was made for, or was "
		"written to since: %llu samples of its content differ, "
		"%llu speak for it",
		io->name, (unsigned long long)changed,
		(unsigned long long)same);
}

static int compare_sizes(const struct undo_file *f,
			 struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
			 struct psnap_error *err)
{
	unsigned int i;

	for (i = 0; i < PSNAP_UNDO_DEVICES; i++) {
		uint64_t size_bytes = le64_get(f->header.devices[i].size_bytes);

		if (size_bytes != devices[i]->size_bytes)
			return psnap_fail(
				err, PSNAP_E_BUSY,
				"the undo file was made for %s of %llu bytes, "
				"but %s has %llu",
				i == PSNAP_UNDO_STORE ? "a store" : "an origin",
				(unsigned long long)size_bytes,
				devices[i]->name,
				(unsigned long long)devices[i]->size_bytes);
	}
	return 0;
}

int psnap_undo_file_match(struct undo_file *f,
			  struct psnap_io *const devices[PSNAP_UNDO_DEVICES],
			  struct psnap_extents *const had[PSNAP_UNDO_DEVICES],
			  const struct psnap_undo_options *options,
			  struct psnap_undo_info *info, struct psnap_error *err)
{
	struct seen *seen;
	unsigned int i;
	int rc = compare_sizes(f, devices, err);

	if (rc)
		return rc;
	seen = calloc(1, sizeof(*seen));
	if (!seen)
		return psnap_fail_nomem(err, "comparing with the undo file");
	seen->f = f;
	seen->had = had;
	seen->err = err;
	for (i = 0; i < PSNAP_UNDO_DEVICES && rc == 0; i++)
		rc = read_samples(&seen->devices[i], &f->header.devices[i],
				  devices[i], err);
	if (rc == 0)
		rc = psnap_undo_file_scan(f, &options->progress, note_record,
					  seen, err);
	if (rc == 0)
		rc = seen->rc;
	for (i = 0; i < PSNAP_UNDO_DEVICES && rc == 0; i++)
		rc = compare(seen, i, devices[i],
			     options->accept_changed_origin, info, err);
	free(seen);
	return rc;
}
