/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * property_repair [IMAGES [FIRST]] : make a legal store, damage it, repair it
 * with everything chosen, and see that what has to hold does: it checks clean,
 * keeps what the damage did not touch, makes nothing up, does what the plan
 * said and no more, and has nothing left to do. Of some images the undo file
 * has to lead back, and of some first only what is safe is repaired, which has
 * to keep all that the kernel reads. One image, FIRST, is told about at length.
 */
#include "attempt.h"
#include "damage.h"
#include "test.h"

#include "../crash/workers.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>

#define WORKERS_MAX  16u
#define FAILURES_MAX 5u

struct failure {
	uint64_t seed;
	char text[300];
};

/* What a worker came to; shared, because sums are few. */
struct share {
	struct attempt_tally tally;
	uint64_t of_kind[DAMAGE_KINDS];
	uint64_t images;
	uint64_t failed;
	struct failure failures[FAILURES_MAX];
};

static struct share *shares;
static uint64_t first_seed = 1;

static void fail(struct share *share, uint64_t seed, uint64_t kinds,
		 const char *why)
{
	struct failure *f;
	size_t len;
	int i;

	if (share->failed++ >= FAILURES_MAX)
		return;
	f = &share->failures[share->failed - 1];
	f->seed = seed;
	snprintf(f->text, sizeof(f->text), "%s; damage:", why);
	for (i = 0; i < DAMAGE_KINDS; i++) {
		len = strlen(f->text);
		if (kinds >> i & 1)
			snprintf(f->text + len, sizeof(f->text) - len, " %s,",
				 damage_names[i]);
	}
}

static void try_seed(struct share *share, uint64_t seed)
{
	char text[ATTEMPT_TEXT_BYTES];
	struct sample sound;
	struct sample damaged;
	const char *wrong;
	uint64_t kinds;
	int i;

	sample_make(&sound, seed, 4096, 8);
	sample_copy(&damaged, &sound);
	kinds = damage_some(&damaged);
	wrong = attempt(&sound, &damaged, seed, &share->tally, text);
	if (wrong)
		fail(share, seed, kinds, wrong);
	share->images++;
	for (i = 0; i < DAMAGE_KINDS; i++)
		share->of_kind[i] += kinds >> i & 1;
	sample_release(&sound);
	sample_release(&damaged);
}

static void work(const struct workers *w, unsigned int worker, uint64_t *sums)
{
	struct share *share = &shares[worker];
	uint64_t i;

	for (i = worker; i < w->want[0]; i += w->count)
		try_seed(share, first_seed + i);
	sums[0] = share->images;
	sums[1] = share->failed;
}

static void add(uint64_t *to, const uint64_t *from, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		to[i] += from[i];
}

static void tell_failures(void)
{
	unsigned int i;
	unsigned int n;

	for (i = 0; i < WORKERS_MAX; i++)
		for (n = 0; n < FAILURES_MAX && n < shares[i].failed; n++)
			printf("# image %" PRIu64 ": %s\n",
			       shares[i].failures[n].seed,
			       shares[i].failures[n].text);
}

/*
 * How often each excuse may be made: parts in a thousand of all exceptions that
 * the damage left standing. An area that is zeroed looks like the end of the
 * table, and hides whole areas behind it; the others are rare.
 */
static const uint64_t per_mille[MODEL_EXCUSES] = {
	[MODEL_BEHIND_END] = 150, [MODEL_PAST_END] = 60,
	[MODEL_IMPLAUSIBLE] = 30, [MODEL_RIVAL] = 5,
	[MODEL_SUCCESSOR] = 1,
};

static void judge_tally(const struct attempt_tally *t)
{
	const struct model_tally *m = &t->model;
	int i;

	T_OK(m->kept * 10 > m->standing * 7,
	     "%" PRIu64 " exceptions left standing, %" PRIu64 " of them kept; "
	     "%" PRIu64 " gone with the damage",
	     m->standing, m->kept, m->touched);
	for (i = 0; i < MODEL_EXCUSES; i++)
		T_OK(m->gone[i] * 1000 <= m->standing * per_mille[i],
		     "%s: %" PRIu64 ", no more than %" PRIu64 " in 1000",
		     model_excuse_names[i], m->gone[i], per_mille[i]);
	T_OK(m->forged * 100 < m->kept,
	     "%" PRIu64 " entries that the damage made are kept", m->forged);
}

static void judge_cases(const struct attempt_tally *t, uint64_t images)
{
	T_OK(t->repaired * 2 > images, "%" PRIu64 " images had to be repaired",
	     t->repaired);
	T_OK(t->inferred > 0 && t->asked > 0 && t->asked * 4 < images,
	     "the chunk size was inferred %" PRIu64 " times, asked for %" PRIu64
	     " times",
	     t->inferred, t->asked);
	T_OK(t->hopeless * 10 < images,
	     "%" PRIu64 " images had no table left that could be found",
	     t->hopeless);
	T_OK(t->overlooked * 200 < images, "%" PRIu64 " tables were overlooked",
	     t->overlooked);
	T_OK(t->blank * 50 < images, "%" PRIu64 " images were blank", t->blank);
	T_OK(t->other_size * 20 < images,
	     "%" PRIu64 " had the header of another chunk size", t->other_size);
	T_OK(t->misled * 500 < images,
	     "%" PRIu64 " shifted stores were taken for others", t->misled);
	T_OK(t->undone * 10 > images, "%" PRIu64 " repairs were undone",
	     t->undone);
	T_OK(t->safe_first * 20 > images,
	     "%" PRIu64 " were repaired with what is safe before",
	     t->safe_first);
	T_OK(t->lossless > 0 && t->lossy > 0,
	     "%" PRIu64 " repairs lost nothing, %" PRIu64 " lost something",
	     t->lossless, t->lossy);
}

int main(int argc, char **argv)
{
	const size_t bytes = WORKERS_MAX * sizeof(*shares);
	struct workers w = { .want = { 40000 } };
	struct attempt_tally t;
	uint64_t of_kind[DAMAGE_KINDS] = { 0 };
	int i;

	memset(&t, 0, sizeof(t));
	/* Clearing the check's bitmaps of 32 MiB would be most of the time: those
	 * from mmap, the rest not. */
	mallopt(M_MMAP_THRESHOLD, 4 << 20);
	mallopt(M_TRIM_THRESHOLD, 1 << 28);
	shares = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shares == MAP_FAILED)
		abort();
	if (argc > 1)
		w.want[0] = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		first_seed = strtoull(argv[2], NULL, 10);
	workers_run(&w, work);
	T_EQ_U64(w.failed, 0);
	T_EQ_U64(w.sums[0], w.want[0]);
	if (!T_OK(w.sums[1] == 0, "%" PRIu64 " images, %" PRIu64 " went wrong",
		  w.sums[0], w.sums[1]))
		tell_failures();
	for (i = 0; i < (int)WORKERS_MAX; i++) {
		attempt_tally_add(&t, &shares[i].tally);
		add(of_kind, shares[i].of_kind, DAMAGE_KINDS);
	}
	judge_tally(&t);
	judge_cases(&t, w.sums[0]);
	for (i = 0; i < DAMAGE_KINDS; i++)
		T_OK(of_kind[i] * 20 > w.sums[0], "%s: %" PRIu64 " images",
		     damage_names[i], of_kind[i]);
	return T_DONE();
}
