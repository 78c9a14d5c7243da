/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the marks of an undo file know of its devices: samples that were written
 * to and are durable, until they are going to be written to again.
 */
#include "undo_save.h"

#include "checked.h"

#include <psnap/zip.h>

int psnap_undo_mark_learn(struct undo_device *d, struct psnap_error *err)
{
	const struct disk_undo_device *h =
		&d->undo->file.header.devices[d->index];
	struct disk_undo_known *known = &d->undo->file.mark.devices[d->index];
	uint8_t sample[UNDO_SAMPLE_BYTES];
	uint32_t i;

	for (i = 0; i < le32_get(h->sample_count); i++) {
		uint32_t len = le32_get(h->samples[i].len_bytes);
		int rc;

		if (!(d->synced >> i & 1))
			continue;
		rc = psnap_io_read(d->inner,
				   le64_get(h->samples[i].offset_bytes), sample,
				   len, err);
		if (rc == PSNAP_E_NOMEM)
			return rc;
		if (rc)
			continue;
		known->crc32[i] = le32_put(psnap_crc32(0, sample, len));
		known->known =
			le64_put(le64_get(known->known) | UINT64_C(1) << i);
	}
	d->synced = 0;
	return 0;
}

void psnap_undo_mark_forget(struct undo_device *d, const struct psnap_extent *e)
{
	struct disk_undo_known *known = &d->undo->file.mark.devices[d->index];
	uint64_t touched =
		psnap_undo_touched(&d->undo->file.header.devices[d->index],
				   e->offset_bytes, e->len_bytes);

	known->known = le64_put(le64_get(known->known) & ~touched);
	d->synced &= ~touched;
}

struct undo_knowledge psnap_undo_knowledge(const struct undo_device *d)
{
	return (struct undo_knowledge){
		le64_get(d->undo->file.mark.devices[d->index].known), d->synced
	};
}

void psnap_undo_mark_remember(struct undo_device *d,
			      const struct undo_knowledge *before)
{
	struct disk_undo_known *known = &d->undo->file.mark.devices[d->index];

	known->known = le64_put(le64_get(known->known) | before->known);
	d->synced |= before->synced & ~before->known;
}

bool psnap_undo_mark_has_news(const struct psnap_undo *u)
{
	uint64_t synced = 0;
	unsigned int n;

	for (n = 0; n < PSNAP_UNDO_DEVICES; n++)
		synced |= u->devices[n].synced;
	return synced != 0;
}

void psnap_undo_note_write(struct undo_device *d, uint64_t offset_bytes,
			   uint64_t len_bytes)
{
	uint64_t touched =
		psnap_undo_touched(&d->undo->file.header.devices[d->index],
				   offset_bytes, len_bytes);

	d->written |= touched;
	d->synced &= ~touched;
}

void psnap_undo_note_sync(struct undo_device *d)
{
	d->synced |= d->written;
	d->written = 0;
}

bool psnap_undo_is_marked(const struct undo_device *d, uint64_t offset_bytes,
			  uint64_t len_bytes)
{
	const struct undo_file *f = &d->undo->file;
	uint64_t known = le64_get(f->mark.devices[d->index].known);

	return known &&
	       (known & psnap_undo_touched(&f->header.devices[d->index],
					   offset_bytes, len_bytes));
}
