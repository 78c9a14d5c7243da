/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What psnap asks device-mapper about a holder and what it makes of the
 * answer, correct or not; a function here answers in the kernel's place.
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>

static int fake_dm(int fd, unsigned long request, void *buf);

#define ioctl		  fake_dm
#define psnap_use_holders use_holders
#include "../../lib/src/use_dm.c"
#undef ioctl

#include "files.h"
#include "test.h"

/* The answer: target types and, for damage, what to break. */
struct answer {
	const char *types[3];
	uint32_t count;
	uint32_t data_start;
	uint32_t next;
	int rc;
	bool unterminated;
};

static struct answer answer;
static struct dm_ioctl asked;
static unsigned int questions;

static int fake_dm(int fd, unsigned long request, void *buf)
{
	uint32_t at = 0;
	uint32_t i;

	(void)fd;
	questions++;
	T_OK(request == DM_TABLE_STATUS, "only the status is asked for");
	memcpy(&asked, buf, sizeof(asked));
	for (i = 0; i < 3 && answer.types[i]; i++) {
		struct dm_target_spec spec = { .length = 8 };

		memcpy(spec.target_type, answer.types[i],
		       strlen(answer.types[i]));
		if (answer.unterminated)
			memset(spec.target_type, 's', sizeof(spec.target_type));
		spec.next = answer.next ? answer.next
					: at + (uint32_t)sizeof(spec) + 8;
		memcpy((char *)buf + sizeof(asked) + at, &spec, sizeof(spec));
		at += (uint32_t)sizeof(spec) + 8;
	}
	((struct dm_ioctl *)buf)->target_count =
		answer.count ? answer.count : i;
	if (answer.data_start)
		((struct dm_ioctl *)buf)->data_start = answer.data_start;
	return answer.rc;
}

static enum psnap_use_kind got_kind;
static char got_detail[100];

static int see(void *ctx, const struct psnap_use *use)
{
	(void)ctx;
	got_kind = use->kind;
	snprintf(got_detail, sizeof(got_detail), "%s", use->detail);
	return 0;
}

static void expect(struct answer given, enum psnap_use_kind want)
{
	const struct psnap_use_roots roots = { "proc", "sys", "dev" };
	struct stat st = { .st_mode = S_IFBLK };
	struct psnap_use_scan scan = { .roots = &roots, .st = &st, .fn = see };

	answer = given;
	st.st_rdev = makedev(253, 3);
	got_detail[0] = '\0';
	questions = 0;
	T_EQ_I64(use_holders(&scan), 0);
	T_EQ_U64(questions, 1);
	T_EQ_U64(got_kind, want);
	T_EQ_STR(got_detail, "snap");
}

static void test_answers(void)
{
	expect((struct answer){ .types = { "snapshot" } }, PSNAP_USE_SNAPSHOT);
	T_EQ_U64(asked.dev, makedev(253, 9));
	T_EQ_U64(asked.version[0], DM_VERSION_MAJOR);
	T_OK((asked.flags & DM_NOFLUSH_FLAG) != 0,
	     "asking makes no target write");
	expect((struct answer){ .types = { "snapshot-merge" } },
	       PSNAP_USE_SNAPSHOT);
	expect((struct answer){ .types = { "snapshot-origin" } },
	       PSNAP_USE_HOLDER);
	expect((struct answer){ .types = { "linear", "linear", "snapshot" } },
	       PSNAP_USE_SNAPSHOT);
	expect((struct answer){ .types = { "linear", "crypt" } },
	       PSNAP_USE_HOLDER);
	expect((struct answer){ 0 }, PSNAP_USE_HOLDER);
	expect((struct answer){ .types = { "snapshot" }, .rc = -1 },
	       PSNAP_USE_HOLDER);
}

/* None of these may read outside the answer or go on for ever. */
static void test_damage(void)
{
	expect((struct answer){ .types = { "linear" }, .count = UINT32_MAX },
	       PSNAP_USE_HOLDER);
	expect((struct answer){ .types = { "linear" },
				.count = UINT32_MAX,
				.next = UINT32_MAX },
	       PSNAP_USE_HOLDER);
	expect((struct answer){ .types = { "snapshot" },
				.data_start = UINT32_MAX },
	       PSNAP_USE_HOLDER);
	expect((struct answer){ .types = { "snapshot" },
				.data_start = STATUS_BYTES },
	       PSNAP_USE_HOLDER);
	expect((struct answer){ .types = { "linear" }, .unterminated = true },
	       PSNAP_USE_HOLDER);
}

int main(void)
{
	char dir[] = "/tmp/psnap-t_use_dm-XXXXXX";

	if (!dir_enter(dir))
		return T_DONE();
	T_EQ_I64(system("mkdir -p dev/mapper "
			"sys/dev/block/253:3/holders/dm-9/dm"),
		 0);
	file_put("dev/mapper/control", "");
	file_put("sys/dev/block/253:3/holders/dm-9/dev", "253:9\n");
	file_put("sys/dev/block/253:3/holders/dm-9/dm/name", "snap\n");
	test_answers();
	test_damage();
	dir_remove(dir);
	return T_DONE();
}
