/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap_check(): places, verdict, and counts against those of store_tally.h.
 */
#include "store_looks.h"
#include "store_tally.h"

/* How much data a look at the data may mean. */
#define DATA_BYTES_MAX (UINT64_C(4) << 20)
#define STOPPED	       (-4711)

/* One check; @reported: findings by id, @facts: what they stand for. */
struct check_look {
	const struct store_input *input;
	struct psnap_io *origin;
	struct psnap_check_options options;
	struct psnap_check_result result;
	bool stop;
	uint64_t reported[PSNAP_FINDING_COUNT];
	uint64_t facts[PSNAP_FINDING_COUNT];
};

static void look_place(const struct check_look *l,
		       const struct psnap_finding *f)
{
	const struct psnap_io *io = f->on_origin ? l->origin : l->input->io;
	const struct psnap_geometry *geo = &l->result.geometry;

	/* The one is about the place where the device should have gone on, the
	 * others about fields of a header that is not there. */
	if (f->offset_bytes != PSNAP_NOWHERE &&
	    f->id != PSNAP_F_AREA_MISSING_SUCCESSOR &&
	    !(f->offset_bytes < 16 && io->size_bytes < 16))
		look_range(io->size_bytes, f->offset_bytes, f->len_bytes);
	if (f->area_index != PSNAP_NOWHERE)
		FUZZ_REQUIRE(l->result.has_geometry &&
				     f->area_index < geo->area_count,
			     "area %" PRIu64, f->area_index);
	if (f->entry_index != PSNAP_NOWHERE) {
		FUZZ_REQUIRE(f->area_index != PSNAP_NOWHERE &&
				     f->entry_index < geo->exceptions_per_area,
			     "entry %" PRIu64, f->entry_index);
		FUZZ_EQUAL(f->offset_bytes, psnap_geometry_entry_offset(
						    geo, f->area_index,
						    (uint32_t)f->entry_index));
	}
}

static int take_finding(void *ctx, const struct psnap_finding *f)
{
	struct check_look *l = ctx;

	FUZZ_REQUIRE((unsigned int)f->id < PSNAP_FINDING_COUNT, "id %d",
		     (int)f->id);
	FUZZ_REQUIRE(f->severity <= PSNAP_FATAL, "%s", f->text);
	FUZZ_REQUIRE(f->count > 0 && f->text[0] != '\0', "an empty finding");
	FUZZ_REQUIRE(memchr(f->text, '\0', sizeof(f->text)), "no end");
	/* Texts that long were cut. */
	FUZZ_REQUIRE(strlen(f->text) + 1 < sizeof(f->text), "%s", f->text);
	look_place(l, f);
	l->reported[f->id]++;
	l->facts[f->id] += f->count;
	return l->stop ? STOPPED : 0;
}

static int check_once(struct check_look *l)
{
	struct psnap_error err = { 0 };
	int rc;

	memset(l->reported, 0, sizeof(l->reported));
	memset(l->facts, 0, sizeof(l->facts));
	rc = psnap_check(l->input->io, l->origin, &l->options, take_finding, l,
			 &l->result, &err);
	FUZZ_REQUIRE(rc == 0 || rc == STOPPED ||
			     (rc == PSNAP_E_RANGE && l->options.chunk_bytes),
		     "%d: %s", rc, err.message);
	return rc;
}

/* Whatever is on the store, the verdict agrees with the findings. */
static void look_verdict(const struct check_look *l)
{
	const struct psnap_check_result *r = &l->result;
	enum psnap_severity worst = PSNAP_NOTE;

	for (int i = 0; i < PSNAP_FINDING_COUNT; i++) {
		FUZZ_REQUIRE(l->facts[i] <= r->counts[i], "id %d", i);
		FUZZ_REQUIRE(l->reported[i] <= l->options.instances_max,
			     "id %d: %" PRIu64 " times", i, l->reported[i]);
		if (r->counts[i] > 0 && r->severities[i] > worst)
			worst = r->severities[i];
		if (r->safe_to_merge && r->counts[i] > 0)
			FUZZ_REQUIRE(r->severities[i] < PSNAP_ERROR,
				     "safe in spite of %d", i);
	}
	FUZZ_EQUAL(r->worst, worst);
	FUZZ_REQUIRE(!r->safe_to_merge ||
			     (r->table_read && r->kernel == PSNAP_KERNEL_LOADS),
		     "safe, and not loadable");
	if (!(r->header.problems & PSNAP_HEADER_SHORT))
		FUZZ_EQUAL(r->kernel == PSNAP_KERNEL_FORMATS,
			   r->header.magic == 0);
}

static void compare_counts(const struct check_look *l, const struct tally *t)
{
	static const enum psnap_finding_id ids[] = {
		PSNAP_F_NEW_CHUNK_HUGE,
		PSNAP_F_NEW_CHUNK_IN_METADATA,
		PSNAP_F_OLD_CHUNK_OUT_OF_RANGE,
		PSNAP_F_NEW_CHUNK_OUT_OF_RANGE,
		PSNAP_F_AREA_IMPLAUSIBLE,
		PSNAP_F_AREA_MISSING_SUCCESSOR,
		PSNAP_F_DUPLICATE_OLD,
		PSNAP_F_DUPLICATE_NEW,
		PSNAP_F_DUPLICATE_SAME,
		PSNAP_F_HOLES,
		PSNAP_F_OUT_OF_ORDER,
		PSNAP_F_STALE_AREAS,
		PSNAP_F_ENTRIES_AFTER_TERMINATOR,
		PSNAP_F_STORE_TRUNCATED,
	};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		FUZZ_REQUIRE(l->result.counts[ids[i]] == t->counts[ids[i]],
			     "%s: got %" PRIu64 ", want %" PRIu64,
			     psnap_finding_info(ids[i])->name,
			     l->result.counts[ids[i]], t->counts[ids[i]]);
}

/* The table was read, and nothing kept it from being read. */
static void look_facts(const struct check_look *l)
{
	const struct psnap_check_result *r = &l->result;
	struct tally t;
	struct store_model m;

	model_load(&m, &l->input->image, r->geometry.chunk_bytes);
	tally_make(&t, &m, l->origin ? l->origin->size_bytes : 0,
		   l->origin != NULL, l->options.stale_areas_max);
	compare_counts(l, &t);
	FUZZ_EQUAL(r->exceptions, m.live_count);
	FUZZ_REQUIRE(r->runs <= r->exceptions, "%" PRIu64 " runs", r->runs);
	if (l->options.data)
		FUZZ_EQUAL(r->data_bytes_read, t.data_bytes);
	tally_release(&t);
	model_release(&m);
}

/* What a check would read: it is not to take long. */
static bool small_enough(const struct store_input *input)
{
	uint64_t header_bytes = model_u32(&input->image, 12) * UINT64_C(512);

	if (input->given_chunk_bytes)
		header_bytes = input->given_chunk_bytes;
	return header_bytes <= LOOK_CHUNK_BYTES_MAX ||
	       header_bytes > input->image.size_bytes;
}

static bool loadable(const struct psnap_check_result *r)
{
	const uint32_t harmless = PSNAP_HEADER_INVALID | PSNAP_HEADER_VALID_ODD;

	return (r->header.problems & ~harmless) == 0 && r->has_geometry &&
	       r->geometry.area_count > 0;
}

static void check_and_compare(struct check_look *l)
{
	int rc = check_once(l);

	if (rc != 0)
		return;
	look_verdict(l);
	if (!l->input->faulty && !l->options.header_only &&
	    loadable(&l->result))
		FUZZ_REQUIRE(l->result.table_read, "the table was not read");
	if (l->result.table_read && !l->input->faulty)
		look_facts(l);
}

void look_check(const struct store_input *input)
{
	struct check_look l = { .input = input };
	uint64_t entries = input->image.len_bytes / 16;
	uint64_t findings = 0;
	uint64_t chunk_bytes;

	if (!small_enough(input))
		return;
	psnap_check_defaults(&l.options);
	FUZZ_EQUAL(l.options.stale_areas_max, PSNAP_CHECK_STALE_AREAS);
	check_and_compare(&l);
	l.options.chunk_bytes = input->given_chunk_bytes;
	l.options.instances_max = input->instances_max;
	l.options.stale_areas_max = input->stale_max;
	l.origin = input->origin;
	chunk_bytes = input->given_chunk_bytes ? input->given_chunk_bytes
					       : l.result.geometry.chunk_bytes;
	l.options.data = chunk_bytes <= LOOK_CHUNK_BYTES_MAX &&
			 entries * chunk_bytes <= DATA_BYTES_MAX;
	check_and_compare(&l);
	for (int i = 0; i < PSNAP_FINDING_COUNT; i++)
		findings += l.reported[i];
	/* What the receiver says stops the check, and comes back. */
	l.stop = true;
	if (findings > 0 && input->fault.fail_at == 0)
		FUZZ_EQUAL(check_once(&l), STOPPED);
	l.stop = false;
	l.options.header_only = true;
	check_and_compare(&l);
	FUZZ_REQUIRE(!l.result.table_read, "a table");
}
