/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is under way: requests come and go in order, the memory of one is nobody
 * else's, and who asks is told of all that are there and of nothing else.
 */
#include "../../lib/src/io_slots.c"

#include "random.h"
#include "test.h"

#include <string.h>

#define COUNT	   64u
#define ROOM_BYTES ((size_t)1 << 20)
#define LENT_BYTES 65536u

static uint8_t lent[LENT_BYTES];
static struct psnap_io_slot *model[COUNT];
static unsigned int model_count;

static bool touch(uint64_t a, size_t a_len, uint64_t b, size_t b_len)
{
	return a < b + b_len && b < a + a_len;
}

static unsigned int overlaps(const struct psnap_io_slot *slot)
{
	unsigned int count = 0;
	unsigned int i;

	for (i = 0; i < model_count; i++)
		count += touch((uintptr_t)slot->data, slot->len_bytes,
			       (uintptr_t)model[i]->data, model[i]->len_bytes);
	return count;
}

static bool model_meets(uint64_t offset_bytes, size_t len_bytes)
{
	unsigned int i;

	for (i = 0; i < model_count; i++)
		if (touch(offset_bytes, len_bytes, model[i]->offset_bytes,
			  model[i]->len_bytes))
			return true;
	return false;
}

static bool model_uses(const uint8_t *memory, size_t bytes)
{
	unsigned int i;

	for (i = 0; i < model_count; i++)
		if (touch((uintptr_t)memory, bytes, (uintptr_t)model[i]->data,
			  model[i]->len_bytes))
			return true;
	return false;
}

static unsigned int leave_oldest(struct psnap_io_slots *slots)
{
	unsigned int wrong = psnap_io_slots_oldest(slots) != model[0];

	psnap_io_slots_leave(slots);
	model_count--;
	memmove(model, model + 1, model_count * sizeof(*model));
	return wrong;
}

/* @lender: does it bring its memory? Return: was there a place? */
static bool take_one(struct psnap_io_slots *slots, bool lender,
		     unsigned int *wrong)
{
	size_t len = (size_t)(1 + next_random() % 50000);
	uint8_t *memory =
		lender ? lent + next_random() % (LENT_BYTES - len) : NULL;
	uint64_t at = next_random() % 5000000;
	struct psnap_io_slot *slot =
		psnap_io_slots_take(slots, at, memory, len);

	if (!slot)
		return false;
	*wrong += slot->offset_bytes != at || slot->len_bytes != len ||
		  slot->done || slot->lent != lender;
	*wrong += lender ? slot->data != memory : overlaps(slot) != 0;
	if (!lender)
		memset(slot->data, 1, len);
	model[model_count++] = slot;
	return true;
}

static void test_against_model(void)
{
	struct psnap_io_slots *slots = psnap_io_slots_new(COUNT, ROOM_BYTES);
	unsigned int wrong = 0;
	unsigned int full = 0;
	unsigned int i;

	for (i = 0; i < 50000; i++) {
		uint64_t at = next_random() % 5000000;
		const uint8_t *memory = lent + next_random() % (LENT_BYTES / 2);

		if (next_random() % 16 < 9)
			full += !take_one(slots, next_random() % 3 == 0,
					  &wrong);
		else if (model_count)
			wrong += leave_oldest(slots);
		wrong += psnap_io_slots_meet(slots, at, 30000) !=
			 model_meets(at, 30000);
		wrong += psnap_io_slots_use(slots, memory, 100) !=
			 model_uses(memory, 100);
	}
	T_EQ_U64(wrong, 0);
	T_OK(full > 1000 && full < 20000, "full %u times", full);
	while (model_count)
		wrong += leave_oldest(slots);
	T_EQ_U64(wrong, 0);
	T_OK(!psnap_io_slots_oldest(slots), "nothing is left");
	for (i = 0; i < PSNAP_IO_PLACES; i++)
		wrong += slots->places.counts[i];
	T_EQ_U64(wrong, 0);
	psnap_io_slots_free(slots, true);
}

/* As many as it was made for, and all of the room, but not a byte more. */
static void test_full(void)
{
	struct psnap_io_slots *slots = psnap_io_slots_new(4, 1000);

	T_OK(psnap_io_slots_take(slots, 0, NULL, 1000), "all of it");
	T_OK(!psnap_io_slots_take(slots, 0, NULL, 1), "not a byte more");
	T_OK(psnap_io_slots_take(slots, 0, lent, 1000), "lent takes none");
	psnap_io_slots_leave(slots);
	T_OK(psnap_io_slots_take(slots, 0, NULL, 600), "with one that is lent");
	T_OK(psnap_io_slots_take(slots, 0, NULL, 400), "and to the end");
	T_OK(!psnap_io_slots_take(slots, 0, NULL, 1), "full");
	psnap_io_slots_leave(slots);
	T_OK(!psnap_io_slots_take(slots, 0, NULL, 1), "still full");
	psnap_io_slots_leave(slots);
	/* Of the 1000 the last 400 are taken. */
	T_OK(!psnap_io_slots_take(slots, 0, NULL, 601), "not so much");
	T_OK(psnap_io_slots_take(slots, 0, NULL, 200), "at the start again");
	T_OK(!psnap_io_slots_take(slots, 0, NULL, 401), "not so much");
	T_OK(psnap_io_slots_take(slots, 0, NULL, 400), "up to the oldest");
	/* A circle that is full is not to look like one that is empty. */
	T_OK(!psnap_io_slots_take(slots, 0, NULL, 1),
	     "full, with its end in front");
	T_OK(psnap_io_slots_take(slots, 0, lent, 1), "the last slot");
	T_OK(!psnap_io_slots_take(slots, 0, lent, 1), "no slot");
	psnap_io_slots_free(slots, true);
	psnap_io_slots_free(NULL, true);
}

/* All that the oldest had, and not more. */
static void test_round(void)
{
	struct psnap_io_slots *slots = psnap_io_slots_new(4, 1000);

	T_OK(psnap_io_slots_take(slots, 0, NULL, 600), "the start");
	T_OK(psnap_io_slots_take(slots, 0, NULL, 400), "the end");
	psnap_io_slots_leave(slots);
	T_OK(!psnap_io_slots_take(slots, 0, NULL, 601), "not so much");
	T_OK(psnap_io_slots_take(slots, 0, NULL, 600), "the start again");
	psnap_io_slots_free(slots, true);
}

int main(void)
{
	test_against_model();
	test_full();
	test_round();
	return T_DONE();
}
