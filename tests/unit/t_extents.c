/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of byte ranges, compared with a map of one flag a byte: at the begin and
 * at the very end of the numbers, added to in order and in any.
 */
#include <stdbool.h>
#include <stdlib.h>

static bool no_memory;

static void *fake_calloc(size_t count, size_t size)
{
	return no_memory ? NULL : calloc(count, size);
}

static void *fake_reallocarray(void *old, size_t count, size_t size)
{
	return no_memory ? NULL : reallocarray(old, count, size);
}

#define calloc	     fake_calloc
#define reallocarray fake_reallocarray
#include "../../lib/src/extents.c"
#undef calloc
#undef reallocarray

#include "random.h"
#include "test.h"

#define MODEL_BYTES 400u

/**
 * struct model - a set, and what has to be in it
 * @base_bytes:  number of the byte that @has begins with
 */
struct model {
	struct psnap_extents *set;
	uint64_t base_bytes;
	bool has[MODEL_BYTES];
};

static uint64_t model_common(const struct model *m, size_t start, size_t end)
{
	uint64_t common = 0;

	for (; start < end; start++)
		common += m->has[start];
	return common;
}

static bool model_add(struct model *m, size_t start, size_t end)
{
	int rc = psnap_extents_add(m->set, m->base_bytes + start,
				   m->base_bytes + end, NULL);

	for (; start < end; start++)
		m->has[start] = true;
	return rc == 0;
}

/* The list has every byte of the model, in order, and ranges do not touch. */
static bool list_is_right(struct model *m)
{
	bool listed[MODEL_BYTES] = { false };
	const struct psnap_extent *list;
	uint64_t behind = 0;
	size_t count;
	size_t i;

	list = psnap_extents_list(m->set, &count);
	for (i = 0; i < count; i++) {
		uint64_t start = list[i].offset_bytes - m->base_bytes;
		uint64_t len = list[i].len_bytes;

		if (list[i].offset_bytes < m->base_bytes || len == 0 ||
		    start > MODEL_BYTES || len > MODEL_BYTES - start ||
		    (i > 0 && start <= behind))
			return false;
		behind = start + len;
		memset(listed + start, true, (size_t)len);
	}
	return memcmp(listed, m->has, sizeof(listed)) == 0;
}

static bool queries_are_right(struct model *m, size_t start, size_t end)
{
	uint64_t common = model_common(m, start, end);
	uint64_t from = m->base_bytes + start;
	uint64_t to = m->base_bytes + end;

	return psnap_extents_common_bytes(m->set, from, to) == common &&
	       psnap_extents_contain(m->set, from, to) ==
		       (common == end - start);
}

static void pick(size_t len_max, size_t *start, size_t *end)
{
	*start = (size_t)(next_random() % MODEL_BYTES);
	*end = *start + (size_t)(next_random() % (len_max + 1));
	if (*end > MODEL_BYTES)
		*end = MODEL_BYTES;
}

/* Additions and questions by turns: a set that was sorted is added to. */
static void test_against_model(uint64_t base_bytes, size_t len_max,
			       unsigned int additions)
{
	struct model m = { .base_bytes = base_bytes };
	unsigned int wrong = 0;
	size_t start;
	size_t end;

	if (!T_OK(!psnap_extents_new(&m.set, NULL), "a set"))
		return;
	while (additions-- > 0) {
		pick(len_max, &start, &end);
		wrong += !model_add(&m, start, end);
		if (next_random() % 4 > 0)
			continue;
		pick(MODEL_BYTES, &start, &end);
		wrong += !queries_are_right(&m, start, end);
		if (next_random() % 4 == 0)
			wrong += !list_is_right(&m);
	}
	for (start = 0; start <= MODEL_BYTES; start++)
		for (end = start; end <= MODEL_BYTES; end++)
			wrong += !queries_are_right(&m, start, end);
	wrong += !list_is_right(&m);
	T_EQ_U64(wrong, 0);
	psnap_extents_free(m.set);
}

static void test_empty(struct psnap_extents *set)
{
	size_t count = 77;

	(void)psnap_extents_list(set, &count);
	T_EQ_U64(count, 0);
	T_OK(psnap_extents_contain(set, 5, 5), "nothing is in it");
	T_OK(!psnap_extents_contain(set, 5, 6), "a byte is not");
	T_EQ_U64(psnap_extents_common_bytes(set, 0, UINT64_MAX), 0);
	T_EQ_I64(psnap_extents_add(set, 9, 9, NULL), 0);
	(void)psnap_extents_list(set, &count);
	T_EQ_U64(count, 0);
}

static void test_range(struct psnap_extents *set)
{
	struct psnap_error err = { 0 };
	size_t count = 77;

	T_EQ_I64(psnap_extents_add(set, 9, 8, &err), PSNAP_E_RANGE);
	T_EQ_STR(err.message, "byte 9: a range that begins here cannot end at "
			      "byte 8");
	T_EQ_I64(psnap_extents_add(set, UINT64_MAX, 0, NULL), PSNAP_E_RANGE);
	(void)psnap_extents_list(set, &count);
	T_EQ_U64(count, 0);
}

static void test_whole(struct psnap_extents *set)
{
	T_EQ_I64(psnap_extents_add(set, 0, UINT64_MAX, NULL), 0);
	T_EQ_I64(psnap_extents_add(set, UINT64_MAX - 1, UINT64_MAX, NULL), 0);
	T_EQ_I64(psnap_extents_add(set, 0, 1, NULL), 0);
	T_EQ_U64(psnap_extents_common_bytes(set, 0, UINT64_MAX), UINT64_MAX);
	T_OK(psnap_extents_contain(set, 0, UINT64_MAX), "all there is");
}

/* So many that one look through all of them for each would never end. */
static void test_many(void)
{
	const uint64_t ranges = 400000;
	struct psnap_extents *set;
	uint64_t wrong = 0;
	size_t count = 0;
	uint64_t i;

	if (!T_OK(!psnap_extents_new(&set, NULL), "a set"))
		return;
	for (i = 0; i < ranges; i++) {
		wrong += psnap_extents_add(set, i * 10, i * 10 + 3, NULL) != 0;
		wrong += psnap_extents_add(set, i * 10 + 3, i * 10 + 4, NULL) !=
			 0;
		wrong += !psnap_extents_contain(set, i * 10, i * 10 + 4);
	}
	for (i = 0; i < ranges; i++) {
		wrong += psnap_extents_contain(set, i * 10, i * 10 + 5);
		wrong += psnap_extents_common_bytes(set, i * 10 + 2,
						    i * 10 + 12) !=
			 (i + 1 < ranges ? 4 : 2);
	}
	T_EQ_U64(wrong, 0);
	(void)psnap_extents_list(set, &count);
	T_EQ_U64(count, ranges);
	T_EQ_U64(psnap_extents_common_bytes(set, 0, UINT64_MAX), ranges * 4);
	psnap_extents_free(set);
}

/* Memory is for ranges, however often they are named. */
static void test_again_and_again(struct psnap_extents *set)
{
	unsigned int wrong = 0;
	size_t count = 0;
	unsigned int i;

	for (i = 0; i < 1000000; i++)
		wrong += psnap_extents_add(set, i % 2 * 100, i % 2 * 100 + 9,
					   NULL) != 0;
	T_EQ_U64(wrong, 0);
	T_OK(set->capacity <= 64, "room for %zu", set->capacity);
	(void)psnap_extents_list(set, &count);
	T_EQ_U64(count, 2);
}

/* What is in the set stays when it cannot grow. */
static void test_no_memory(struct psnap_extents *set)
{
	struct psnap_extents *other = set;
	struct psnap_error err = { 0 };
	uint64_t n = 0;
	size_t count = 0;

	no_memory = true;
	T_EQ_I64(psnap_extents_new(&other, &err), PSNAP_E_NOMEM);
	T_OK(other == NULL, "no set");
	no_memory = false;
	T_EQ_I64(psnap_extents_add(set, 1000, 1001, NULL), 0);
	no_memory = true;
	do {
		n++;
	} while (n < 1000 &&
		 !psnap_extents_add(set, 1000 - 2 * n, 1001 - 2 * n, &err));
	no_memory = false;
	T_EQ_I64(err.code, PSNAP_E_NOMEM);
	T_EQ_STR(err.message, "out of memory while noting ranges");
	(void)psnap_extents_list(set, &count);
	T_EQ_U64(count, n);
	T_EQ_U64(psnap_extents_common_bytes(set, 0, 2000), n);
	T_EQ_I64(psnap_extents_add(set, 0, 1, NULL), 0);
	T_EQ_U64(psnap_extents_common_bytes(set, 0, 2000), n + 1);
}

static void with_set(void (*test)(struct psnap_extents *set))
{
	struct psnap_extents *set;

	if (!T_OK(!psnap_extents_new(&set, NULL), "a set"))
		return;
	test(set);
	psnap_extents_free(set);
}

int main(void)
{
	unsigned int i;

	with_set(test_empty);
	with_set(test_range);
	with_set(test_whole);
	with_set(test_again_and_again);
	with_set(test_no_memory);
	test_many();
	for (i = 0; i < 20; i++) {
		test_against_model(0, 5, 10 + 3 * i);
		test_against_model(UINT64_MAX - MODEL_BYTES, 30, i);
		test_against_model(UINT64_C(1) << 63, 1, 20 * i);
	}
	psnap_extents_free(NULL);
	return T_DONE();
}
