/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output files: whole or not at all, never over an input, through links,
 * with the right mode, and nothing left behind after any failure. Written to
 * by descriptor; as an io in t_newfile_io.c.
 */
#include "files.h"
#include "newfile_faked.h"
#include "test.h"

static mode_t mode_of(const char *name)
{
	struct stat st;

	return stat(name, &st) ? 0 : st.st_mode & 07777;
}

static void write_new(const char *path, const char *text, bool commit)
{
	struct psnap_newfile *file = NULL;
	struct psnap_error err = { 0 };
	int rc = psnap_newfile_create(path, NULL, &file, &err);
	size_t len = strlen(text);

	if (!T_OK(rc == 0 && file, "%s: created: %s", path, err.message))
		return;
	T_EQ_I64(write(psnap_newfile_fd(file), text, len), (int64_t)len);
	if (commit)
		T_EQ_I64(psnap_newfile_commit(file, &err), 0);
	else
		psnap_newfile_abandon(file);
}

static void refused(const char *path, struct psnap_io *const *inputs, int want)
{
	struct psnap_newfile *file = NULL;
	struct psnap_error err = { 0 };
	unsigned int before = names_in(".");

	T_EQ_I64(psnap_newfile_create(path, inputs, &file, &err), want);
	T_OK(file == NULL, "%s: refused: %s", path, err.message);
	T_OK(err.message[0] != '\0', "%s: told why", path);
	T_EQ_U64(names_in("."), before);
	T_EQ_I64(psnap_newfile_create(path, inputs, &file, NULL), want);
}

static void test_new(void)
{
	mode_t mask = umask(027);

	write_new("new", "one", true);
	T_EQ_STR(file_get("new"), "one");
	T_EQ_U64(mode_of("new"), 0640);
	T_EQ_U64(names_in("."), 1);
	umask(mask);

	write_new("other", "x", false);
	T_EQ_STR(file_get("other"), NULL);
	T_EQ_U64(names_in("."), 1);
	psnap_newfile_abandon(NULL);
}

static void test_replace(void)
{
	T_EQ_I64(chmod("new", 0604), 0);
	write_new("new", "gone", false);
	T_EQ_STR(file_get("new"), "one");
	write_new("./new", "two", true);
	T_EQ_STR(file_get("new"), "two");
	T_EQ_U64(mode_of("new"), 0604);
	T_EQ_U64(names_in("."), 1);
}

static void test_old_until_commit(void)
{
	struct psnap_newfile *file = NULL;

	T_EQ_I64(psnap_newfile_create("new", NULL, &file, NULL), 0);
	if (!file)
		return;
	T_EQ_I64(write(psnap_newfile_fd(file), "3", 1), 1);
	T_EQ_STR(file_get("new"), "two");
	/* The name is taken by a directory meanwhile: the rename fails. */
	T_EQ_I64(unlink("new"), 0);
	T_EQ_I64(mkdir("new", 0700), 0);
	T_EQ_I64(psnap_newfile_commit(file, NULL), PSNAP_E_IO);
	T_EQ_U64(names_in("."), 1);
	T_EQ_I64(rmdir("new"), 0);
}

static void test_links(void)
{
	struct stat st = { 0 };

	T_EQ_I64(mkdir("dir", 0700), 0);
	file_put("dir/real", "old");
	T_EQ_I64(symlink("dir/real", "link"), 0);
	write_new("link", "new", true);
	T_EQ_STR(file_get("dir/real"), "new");
	T_EQ_I64(lstat("link", &st), 0);
	T_OK(S_ISLNK(st.st_mode), "the link is still a link");

	T_EQ_I64(symlink("nowhere", "dangling"), 0);
	refused("dangling", NULL, PSNAP_E_UNSUPPORTED);
	T_EQ_I64(symlink("circle", "circle"), 0);
	refused("circle", NULL, PSNAP_E_IO);
}

static void test_inputs(void)
{
	struct psnap_io *inputs[3] = { NULL, NULL, NULL };
	struct psnap_newfile *file = NULL;

	file_put("input", "data");
	T_EQ_I64(link("input", "input-too"), 0);
	T_EQ_I64(symlink("input", "input-link"), 0);
	T_EQ_I64(psnap_io_open_memory("x", 1, 1, &inputs[0], NULL), 0);
	T_EQ_I64(psnap_io_open("input", &inputs[1], NULL), 0);
	if (!inputs[0] || !inputs[1])
		return;
	refused("input", inputs, PSNAP_E_BUSY);
	refused("input-too", inputs, PSNAP_E_BUSY);
	refused("input-link", inputs, PSNAP_E_BUSY);
	T_EQ_I64(psnap_newfile_create("output", inputs, &file, NULL), 0);
	psnap_newfile_abandon(file);
	T_EQ_STR(file_get("input"), "data");
	psnap_io_close(inputs[0], NULL);
	psnap_io_close(inputs[1], NULL);
}

static void test_refused(void)
{
	T_EQ_I64(mkfifo("pipe", 0600), 0);
	refused("pipe", NULL, PSNAP_E_UNSUPPORTED);
	refused("dir", NULL, PSNAP_E_UNSUPPORTED);
	refused("dir/", NULL, PSNAP_E_UNSUPPORTED);
	refused("/", NULL, PSNAP_E_UNSUPPORTED);
	refused("/dev/null", NULL, PSNAP_E_UNSUPPORTED);
	refused("missing/file", NULL, PSNAP_E_NOT_FOUND);
	refused("missing/", NULL, PSNAP_E_NOT_FOUND);
	refused("input/file", NULL, PSNAP_E_NOT_FOUND);
	refused("", NULL, PSNAP_E_NOT_FOUND);
}

/* A crash left a temporary file of a process that had the same number. */
static void test_leftover(void)
{
	char name[64];

	snprintf(name, sizeof(name), ".psnap-%ld-0.tmp", (long)getpid());
	file_put(name, "left");
	write_new("after", "crash", true);
	T_EQ_STR(file_get("after"), "crash");
	T_EQ_STR(file_get(name), "left");
}

static void test_create_fails(int os_errno, int want)
{
	create_errno = os_errno;
	refused("failing", NULL, want);
	create_errno = 0;
}

static void test_flush_fails(int os_errno, int want)
{
	struct psnap_newfile *file = NULL;
	struct psnap_error err = { 0 };
	unsigned int before = names_in(".");

	file_put("kept", "old");
	T_EQ_I64(psnap_newfile_create("kept", NULL, &file, NULL), 0);
	if (!file)
		return;
	file_errno = os_errno;
	T_EQ_I64(psnap_newfile_commit(file, &err), want);
	file_errno = 0;
	T_EQ_I64(err.os_errno, os_errno);
	T_EQ_STR(file_get("kept"), "old");
	T_EQ_I64(unlink("kept"), 0);
	T_EQ_U64(names_in("."), before);
}

/* The rename is done by then; only its durability is in question. */
static void test_dir_flush_fails(int os_errno, int want)
{
	struct psnap_newfile *file = NULL;

	T_EQ_I64(psnap_newfile_create("named", NULL, &file, NULL), 0);
	if (!file)
		return;
	dir_errno = os_errno;
	T_EQ_I64(psnap_newfile_commit(file, NULL), want);
	dir_errno = 0;
	T_EQ_STR(file_get("named"), "");
	T_EQ_I64(unlink("named"), 0);
}

int main(void)
{
	char dir[] = "/tmp/psnap-t_newfile-XXXXXX";

	if (!dir_enter(dir))
		return T_DONE();
	test_new();
	test_replace();
	test_old_until_commit();
	test_links();
	test_inputs();
	test_refused();
	test_leftover();
	test_create_fails(ENOSPC, PSNAP_E_NOSPACE);
	test_create_fails(EDQUOT, PSNAP_E_NOSPACE);
	test_create_fails(EACCES, PSNAP_E_IO);
	test_create_fails(EEXIST, PSNAP_E_IO);
	test_flush_fails(ENOSPC, PSNAP_E_NOSPACE);
	test_flush_fails(EDQUOT, PSNAP_E_NOSPACE);
	test_flush_fails(EIO, PSNAP_E_IO);
	test_dir_flush_fails(EINVAL, 0);
	test_dir_flush_fails(EIO, PSNAP_E_IO);
	dir_remove(dir);
	return T_DONE();
}
