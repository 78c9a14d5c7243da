/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where something is under way, roughly: no two requests that meet are taken for
 * two that do not, whatever came and went before, and few of those that do not
 * meet are asked about.
 */
#include "../../lib/src/io_places.h"

#include "random.h"
#include "test.h"

#include <string.h>

#define REQUESTS 1024u

struct request {
	uint64_t offset_bytes;
	size_t len_bytes;
};

static struct psnap_io_places places;
static struct request requests[REQUESTS];

static bool meet(const struct request *a, const struct request *b)
{
	return a->offset_bytes < b->offset_bytes + b->len_bytes &&
	       b->offset_bytes < a->offset_bytes + a->len_bytes;
}

static bool meets_any(const struct request *r)
{
	unsigned int i;

	for (i = 0; i < REQUESTS; i++)
		if (requests[i].len_bytes && meet(r, &requests[i]))
			return true;
	return false;
}

static struct request random_request(uint64_t range_bytes, size_t len_max)
{
	return (struct request){
		.offset_bytes = next_random() % range_bytes,
		.len_bytes = (size_t)(1 + next_random() % len_max),
	};
}

static void test_against_model(uint64_t range_bytes)
{
	unsigned int missed = 0;
	unsigned int met = 0;
	unsigned int i;

	memset(requests, 0, sizeof(requests));
	for (i = 0; i < 20000; i++) {
		struct request *old = &requests[i % REQUESTS];
		struct request r = random_request(range_bytes, 1200000);
		bool meets = meets_any(&r);

		met += meets;
		missed += meets &&
			  !psnap_io_places_may_meet(&places, r.offset_bytes,
						    r.len_bytes);
		if (old->len_bytes)
			psnap_io_places_remove(&places, old->offset_bytes,
					       old->len_bytes);
		*old = r;
		psnap_io_places_add(&places, r.offset_bytes, r.len_bytes);
	}
	T_EQ_U64(missed, 0);
	T_OK(met > 100, "%u of them met", met);
	for (i = 0; i < REQUESTS; i++)
		psnap_io_places_remove(&places, requests[i].offset_bytes,
				       requests[i].len_bytes);
	for (i = 0, met = 0; i < PSNAP_IO_PLACES; i++)
		met += places.counts[i] != 0;
	T_EQ_U64(met, 0);
}

/* The last byte of a place is not the next one's first. */
static void test_edges(void)
{
	psnap_io_places_add(&places, 4095, 2);
	T_OK(psnap_io_places_may_meet(&places, 0, 1), "the first");
	T_OK(psnap_io_places_may_meet(&places, 8191, 1), "and the second");
	T_OK(!psnap_io_places_may_meet(&places, 8192, 1), "not the third");
	psnap_io_places_remove(&places, 4095, 2);
	psnap_io_places_add(&places, 4096, 4096);
	T_OK(!psnap_io_places_may_meet(&places, 0, 4096), "up to it");
	T_OK(!psnap_io_places_may_meet(&places, 8192, 4096), "and behind");
	T_OK(psnap_io_places_may_meet(&places, 0, 4097), "a byte of it");
	psnap_io_places_remove(&places, 4096, 4096);
	psnap_io_places_add(&places, (uint64_t)INT64_MAX - 4096, 4096);
	T_OK(psnap_io_places_may_meet(&places, (uint64_t)INT64_MAX - 1, 1),
	     "as far as a file can reach");
	psnap_io_places_remove(&places, (uint64_t)INT64_MAX - 4096, 4096);
}

/* All that can be under way in places that share a count. */
static void test_pile(void)
{
	unsigned int missed = 0;
	uint64_t i;

	for (i = 0; i < REQUESTS; i++)
		psnap_io_places_add(&places, i << 30, 4096);
	for (i = 0; i < REQUESTS; i++) {
		missed += !psnap_io_places_may_meet(&places, i << 30, 1);
		psnap_io_places_remove(&places, i << 30, 4096);
	}
	T_EQ_U64(missed, 0);
	T_OK(!psnap_io_places_may_meet(&places, 0, 4096), "all are gone");
}

/* Every second chunk of an origin, and the others of it. */
static void test_near(void)
{
	unsigned int asked = 0;
	uint64_t i;

	for (i = 0; i < REQUESTS; i++)
		psnap_io_places_add(&places, i * 8192, 4096);
	for (i = 0; i < REQUESTS; i++)
		asked += psnap_io_places_may_meet(&places, i * 8192 + 4096,
						  4096);
	T_EQ_U64(asked, 0);
	memset(&places, 0, sizeof(places));
}

/* As single chunks lie on a large origin. */
static void test_few(void)
{
	unsigned int asked = 0;
	unsigned int i;

	for (i = 0; i < REQUESTS; i++)
		psnap_io_places_add(&places,
				    next_random() % (UINT64_C(1) << 28) * 4096,
				    4096);
	for (i = 0; i < 10000; i++)
		asked += psnap_io_places_may_meet(
			&places, next_random() % (UINT64_C(1) << 28) * 4096,
			4096);
	T_OK(asked < 1000, "%u of 10000", asked);
	memset(&places, 0, sizeof(places));
}

int main(void)
{
	test_against_model(UINT64_C(1) << 33);
	test_against_model(UINT64_C(1) << 36);
	test_edges();
	test_pile();
	test_near();
	test_few();
	return T_DONE();
}
