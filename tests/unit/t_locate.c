/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * psnap_locate(): which names are tags, and what value is looked for. The
 * search itself is replaced by one that records what it was asked; the real
 * one is tested with real devices in tests/cli/in_use.bats.
 */
#include <sys/stat.h>

/* One link that udev did make. */
#define LINK "/dev/disk/by-uuid/psnap-made"

static int fake_stat(const char *path, struct stat *st);

#define stat(path, st)	fake_stat(path, st)
#define psnap_locate	locate
#define psnap_probe_tag fake_probe_tag
#include "../../lib/src/locate.c"

#undef stat

#include "test.h"

static int fake_stat(const char *path, struct stat *st)
{
	return strcmp(path, LINK) == 0 ? 0 : stat(path, st);
}

static char asked[256];
static int answer;

int psnap_probe_tag(const char *tag, const char *value, char **path)
{
	snprintf(asked, sizeof(asked), "%s|%s", tag, value);
	*path = answer == 1 ? strdup("/dev/found") : NULL;
	return answer;
}

static void test_path(const char *name)
{
	struct psnap_error err = { 0 };
	char *path = NULL;

	asked[0] = '\0';
	T_EQ_I64(locate(name, &path, &err), 0);
	T_EQ_STR(path, name);
	T_EQ_STR(asked, "");
	free(path);
}

static void test_tag(const char *name, const char *want_asked)
{
	struct psnap_error err = { 0 };
	char *path = NULL;

	answer = 1;
	asked[0] = '\0';
	T_EQ_I64(locate(name, &path, &err), 0);
	T_EQ_STR(path, "/dev/found");
	T_EQ_STR(asked, want_asked);
	free(path);
}

static void test_failure(const char *name, int probe_answer, int want)
{
	struct psnap_error err = { 0 };
	char *path = asked;

	answer = probe_answer;
	T_EQ_I64(locate(name, &path, &err), want);
	T_OK(path == NULL, "%s: no path after a failure", name);
	T_EQ_I64(err.code, want);
	T_OK(err.message[0] != '\0', "%s: %s", name, err.message);
}

int main(void)
{
	char *path = NULL;

	test_path("image");
	test_path("");
	test_path("./UUID=x");
	test_path("/dev/disk/by-id/missing");
	test_path("/dev/disk/by-uuid/");
	test_path(LINK);
	test_path("UUIDX=x");
	test_path("uuid=x");

	test_tag("UUID=1234-ABCD", "UUID|1234-ABCD");
	test_tag("LABEL=a b=c", "LABEL|a b=c");
	test_tag("PARTUUID=x", "PARTUUID|x");
	test_tag("PARTLABEL=x", "PARTLABEL|x");
	test_tag("LABEL=a\\x20b", "LABEL|a\\x20b");
	test_tag("/dev/disk/by-uuid/psnap-none", "UUID|psnap-none");
	test_tag("/dev/disk/by-label/psnap\\x20a\\x2Fb", "LABEL|psnap a/b");
	test_tag("/dev/disk/by-label/psnap\\xc3\\xa4", "LABEL|psnap\xc3\xa4");
	test_tag("/dev/disk/by-label/psnap\\x5cx20", "LABEL|psnap\\x20");
	test_tag("/dev/disk/by-label/psnap\\x00", "LABEL|psnap\\x00");
	test_tag("/dev/disk/by-label/psnap\\x", "LABEL|psnap\\x");
	test_tag("/dev/disk/by-label/psnap\\x2", "LABEL|psnap\\x2");
	test_tag("/dev/disk/by-label/psnap\\xg0\\", "LABEL|psnap\\xg0\\");
	test_tag("/dev/disk/by-partuuid/psnap", "PARTUUID|psnap");
	test_tag("/dev/disk/by-partlabel/psnap", "PARTLABEL|psnap");

	test_failure("UUID=", 1, PSNAP_E_NOT_FOUND);
	test_failure("UUID=x", 0, PSNAP_E_NOT_FOUND);
	test_failure("/dev/disk/by-uuid/psnap-none", 0, PSNAP_E_NOT_FOUND);
	test_failure("LABEL=x", PSNAP_E_NOMEM, PSNAP_E_NOMEM);

	answer = 0;
	T_EQ_I64(locate("UUID=x", &path, NULL), PSNAP_E_NOT_FOUND);
	return T_DONE();
}
