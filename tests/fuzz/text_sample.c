/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the bytes of an input to values, in the order of their declaration. The
 * first byte is flags, so that a mutation of it changes the form and not the
 * values.
 */
#include "text_sample.h"

#include <stdio.h>

static void make_run(struct psnap_run *run, struct fuzz_cursor *c)
{
	run->old_chunk = fuzz_u64(c);
	run->new_chunk = fuzz_u64(c);
	if (run->new_chunk == 0)
		run->new_chunk = 1;
	run->chunks = fuzz_u64(c);
	if (run->chunks == 0)
		run->chunks = 1;
	run->area_index = fuzz_u64(c);
	run->entry_index = (uint32_t)fuzz_u64(c);
	run->state = (enum psnap_entry_state)(fuzz_u8(c) % 4);
}

static void make_device(struct psnap_io *io, struct psnap_operand *operand,
			char name[SAMPLE_NAME_BYTES], struct fuzz_cursor *c)
{
	fuzz_string(c, name, SAMPLE_NAME_BYTES);
	io->name = name;
	io->size_bytes = fuzz_u64(c);
	operand->name = name;
	operand->io = io;
}

static void make_uses(struct text_sample *s, struct fuzz_cursor *c)
{
	size_t count = fuzz_u8(c) % (SAMPLE_USES_MAX + 1);

	s->store_operand.uses = s->uses;
	s->store_operand.use_count = count;
	for (size_t i = 0; i < count; i++) {
		s->uses[i].kind = (enum psnap_use_kind)(fuzz_u8(c) % 5);
		s->uses[i].detail = s->details[i];
		fuzz_string(c, s->details[i], SAMPLE_NAME_BYTES);
	}
}

static void make_header(struct text_sample *s, struct fuzz_cursor *c)
{
	struct psnap_geometry *geo = &s->geometry;

	s->header.magic = (uint32_t)fuzz_u64(c);
	s->header.valid = (uint32_t)fuzz_u64(c);
	s->header.version = (uint32_t)fuzz_u64(c);
	s->header.chunk_sectors = (uint32_t)fuzz_u64(c);
	s->header.problems = fuzz_u8(c) & 0x7fu;
	/* Writers divide by these. */
	geo->chunk_sectors = 1u << fuzz_u8(c) % 22;
	geo->chunk_bytes = geo->chunk_sectors * UINT64_C(512);
	geo->exceptions_per_area = (uint32_t)(geo->chunk_bytes / 16);
	geo->stride_chunks = geo->exceptions_per_area + UINT64_C(1);
	geo->store_bytes = fuzz_u64(c);
	geo->store_sectors = fuzz_u64(c);
	geo->chunk_count = fuzz_u64(c);
	geo->area_count = fuzz_u64(c);
}

static void make_totals(struct text_sample *s, struct fuzz_cursor *c)
{
	s->totals.end = (enum psnap_walk_end)(fuzz_u8(c) % 4);
	s->totals.exceptions = fuzz_u64(c);
	s->totals.last_area_index = fuzz_u64(c);
	s->totals.unreadable_bytes = fuzz_u64(c);
}

static void make_result(struct text_sample *s, struct fuzz_cursor *c)
{
	struct psnap_check_result *r = &s->result;
	uint8_t flags = fuzz_u8(c);

	r->header = s->header;
	r->geometry = s->geometry;
	r->table_read = flags & 1;
	/* No table without a geometry. */
	r->has_geometry = flags & 3;
	r->safe_to_merge = flags & 4;
	r->usage.next_fits = flags & 8;
	r->state = (enum psnap_state)(fuzz_u8(c) % 6);
	r->kernel = (enum psnap_kernel_action)(fuzz_u8(c) % 3);
	r->worst = (enum psnap_severity)(fuzz_u8(c) % 4);
	r->exceptions = fuzz_u64(c);
	r->runs = fuzz_u64(c);
	r->usage.allocated_sectors = fuzz_u64(c);
	r->usage.total_sectors = fuzz_u64(c);
	r->usage.metadata_sectors = fuzz_u64(c);
	r->usage.next_free_chunk = fuzz_u64(c);
	r->data_bytes_read = fuzz_u64(c);
	for (int i = 0; i < PSNAP_FINDING_COUNT; i++) {
		uint8_t what = fuzz_u8(c);

		s->ignored[i] = what & 1;
		r->severities[i] = (enum psnap_severity)(what >> 1 & 3);
		r->counts[i] = what & 0x80 ? fuzz_u64(c) : 0;
	}
}

static void make_finding(struct psnap_finding *f, struct fuzz_cursor *c)
{
	uint8_t flags = fuzz_u8(c);

	f->id = (enum psnap_finding_id)(fuzz_u8(c) % PSNAP_FINDING_COUNT);
	f->severity = (enum psnap_severity)(flags & 3);
	f->on_origin = flags & 4;
	f->has_chunks = flags & 8;
	f->offset_bytes = flags & 16 ? PSNAP_NOWHERE : fuzz_u64(c);
	f->len_bytes = fuzz_u64(c);
	f->area_index = flags & 32 ? PSNAP_NOWHERE : fuzz_u64(c);
	f->entry_index = flags & 64 ? PSNAP_NOWHERE : fuzz_u64(c);
	f->old_chunk = fuzz_u64(c);
	f->new_chunk = fuzz_u64(c);
	f->count = fuzz_u64(c);
	fuzz_string(c, f->text, sizeof(f->text));
}

static void make_lookup(struct text_sample *s, struct fuzz_cursor *c)
{
	struct psnap_lookup *l = &s->lookup;

	for (size_t i = 0; i < 4; i++)
		make_run(&s->hits[i], c);
	l->offset_bytes = fuzz_u64(c);
	l->chunk = fuzz_u64(c);
	l->area_index = fuzz_u64(c);
	l->entry_index = fuzz_u64(c);
	l->of_origin.entries = s->hits;
	l->of_origin.count = fuzz_u8(c) % 5;
	l->of_origin.claims = l->of_origin.count;
	l->of_store.entries = s->hits;
	l->of_store.count = fuzz_u8(c) % 5;
	l->of_store.claims = l->of_store.count;
	l->role = (enum psnap_lookup_role)(fuzz_u8(c) % 5);
	/* Data is data because an entry says so. */
	if (l->role == PSNAP_ROLE_DATA && l->of_store.count == 0)
		l->role = PSNAP_ROLE_FREE;
}

void text_sample_make(struct text_sample *s, struct fuzz_cursor *c)
{
	uint8_t flags = fuzz_u8(c);

	memset(s, 0, sizeof(*s));
	s->eager = flags & 1;
	s->exceptions = flags & 2;
	s->all = flags & 4;
	s->crc32 = flags & 8;
	s->filtered = flags & 16;
	s->header_only = flags & 32;
	s->has_origin = flags & 64;
	make_device(&s->store, &s->store_operand, s->store_name, c);
	make_device(&s->origin, &s->origin_operand, s->origin_name, c);
	make_uses(s, c);
	make_header(s, c);
	make_totals(s, c);
	make_result(s, c);
	s->record_count = fuzz_u8(c) % (SAMPLE_RECORDS_MAX + 1);
	for (size_t i = 0; i < s->record_count; i++) {
		make_run(&s->records[i].run, c);
		s->records[i].has_crc32 = fuzz_u8(c) & 1;
		s->records[i].crc32 = (uint32_t)fuzz_u64(c);
	}
	s->finding_count = fuzz_u8(c) % (SAMPLE_FINDINGS_MAX + 1);
	for (size_t i = 0; i < s->finding_count; i++)
		make_finding(&s->findings[i], c);
	make_lookup(s, c);
}
