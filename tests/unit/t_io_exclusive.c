/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening for writing, alone: who is refused, by which name, and what a file
 * that grows answers. As root on loop devices too.
 */
#include "files.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <psnap/io.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int open_fn(const char *path, struct psnap_io **io,
		    struct psnap_error *err);

static const char busy_text[] = "another psnap is at work on it";

/* @text is how the message begins. */
static void refused(open_fn *open_it, const char *path, int want,
		    const char *text)
{
	struct psnap_io *io = (struct psnap_io *)(void *)&want;
	struct psnap_error err = { 0 };
	unsigned int before = names_in("/proc/self/fd");

	T_EQ_I64(open_it(path, &io, &err), want);
	T_OK(io == NULL, "%s: nothing is open", path);
	T_EQ_I64(err.code, want);
	T_OK(strncmp(err.message, text, strlen(text)) == 0,
	     "%s: says \"%s...\": %s", path, text, err.message);
	T_EQ_I64(open_it(path, &io, NULL), want);
	T_EQ_U64(names_in("/proc/self/fd"), before);
}

static struct psnap_io *opened(open_fn *open_it, const char *path)
{
	struct psnap_error err = { 0 };
	struct psnap_io *io = NULL;
	int rc = open_it(path, &io, &err);

	T_OK(rc == 0 && io, "%s: opened: %s", path, err.message);
	return rc == 0 ? io : NULL;
}

/* Somebody has the lock for a moment, as what a killed psnap was writing has. */
static void test_moment(open_fn *open_it)
{
	int fd = open("moment", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct psnap_io *io;
	pid_t child;

	T_EQ_I64(flock(fd, LOCK_EX), 0);
	child = fork();
	if (child == 0) {
		(void)usleep(200000);
		_exit(0);
	}
	/* The child has it, too, and alone from now on. */
	close(fd);
	io = opened(open_it, "moment");
	T_EQ_I64(waitpid(child, NULL, 0), child);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	unlink("moment");
}

static void test_kinds(open_fn *open_it)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX,
				    .sun_path = "socket" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	T_EQ_I64(bind(fd, (struct sockaddr *)(void *)&name, sizeof(name)), 0);
	T_EQ_I64(mkfifo("fifo", 0600), 0);
	T_EQ_I64(mkdir("dir", 0700), 0);
	refused(open_it, "fifo", PSNAP_E_UNSUPPORTED, "is a pipe");
	refused(open_it, "socket", PSNAP_E_UNSUPPORTED, "is a socket");
	refused(open_it, "dir", PSNAP_E_UNSUPPORTED, "is a directory");
	refused(open_it, "/dev/null", PSNAP_E_UNSUPPORTED,
		"is a character device");
	refused(open_it, "dir/missing/file", PSNAP_E_NOT_FOUND, "cannot open");
	refused(open_it, "", PSNAP_E_NOT_FOUND, "cannot open");
	close(fd);
	unlink("socket");
	unlink("fifo");
	rmdir("dir");
}

/* Whoever comes second, by whatever name and for whatever. */
static void test_second(open_fn *open_first, open_fn *open_second)
{
	struct psnap_io *reader = NULL;
	struct psnap_io *first;

	file_put("file", "0123456789");
	file_put("other", "x");
	T_EQ_I64(link("file", "hard"), 0);
	T_EQ_I64(symlink("file", "soft"), 0);
	first = opened(open_first, "file");
	refused(open_second, "file", PSNAP_E_BUSY, busy_text);
	refused(open_second, "./hard", PSNAP_E_BUSY, busy_text);
	refused(open_second, "soft", PSNAP_E_BUSY, busy_text);
	psnap_io_close(opened(open_second, "other"), NULL);
	/* Readers disturb nobody. */
	T_EQ_I64(psnap_io_open("soft", &reader, NULL), 0);
	psnap_io_close(reader, NULL);
	T_EQ_I64(psnap_io_close(first, NULL), 0);
	psnap_io_close(opened(open_second, "soft"), NULL);
	T_EQ_STR(file_get("file"), "0123456789");
	unlink("soft");
	unlink("hard");
	unlink("other");
	unlink("file");
}

/* One that was refused must not hold the lock. */
static void test_refused_lets_go(void)
{
	struct psnap_io *io;

	file_put("file", "");
	io = opened(psnap_io_open_exclusive, "file");
	refused(psnap_io_open_growing, "file", PSNAP_E_BUSY, busy_text);
	psnap_io_close(io, NULL);
	psnap_io_close(opened(psnap_io_open_exclusive, "file"), NULL);
	unlink("file");
}

static void test_exclusive(void)
{
	struct psnap_io *io;
	char buf[4] = "";

	refused(psnap_io_open_exclusive, "missing", PSNAP_E_NOT_FOUND,
		"cannot open: no such file");
	T_OK(access("missing", F_OK) != 0, "nothing was made");
	file_put("file", "0123456789");
	io = opened(psnap_io_open_exclusive, "file");
	if (!io)
		return;
	T_EQ_U64(io->size_bytes, 10);
	T_EQ_U64(io->align_bytes, 1);
	T_EQ_STR(io->name, "file");
	T_EQ_I64(psnap_io_write(io, 8, "ab", 2, NULL), 0);
	T_EQ_I64(psnap_io_write(io, 9, "xy", 2, NULL), PSNAP_E_RANGE);
	T_EQ_I64(psnap_io_read(io, 7, buf, 3, NULL), 0);
	T_EQ_STR(buf, "7ab");
	T_EQ_I64(psnap_io_sync(io, NULL), 0);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_EQ_STR(file_get("file"), "01234567ab");
	unlink("file");
}

static void test_growing(void)
{
	struct psnap_error err = { 0 };
	struct psnap_io *io = opened(psnap_io_open_growing, "grows");
	char buf[8] = "";

	if (!io)
		return;
	T_EQ_STR(file_get("grows"), "");
	T_EQ_U64(io->size_bytes, INT64_MAX);
	T_EQ_I64(psnap_io_read(io, 0, buf, 1, &err), PSNAP_E_TRUNCATED);
	T_EQ_U64(err.offset_bytes, 0);
	T_EQ_I64(psnap_io_write(io, 0, "abcdef", 6, NULL), 0);
	T_EQ_I64(psnap_io_read(io, 1, buf, 5, NULL), 0);
	T_EQ_STR(buf, "bcdef");
	T_EQ_I64(psnap_io_read(io, 4, buf, 3, &err), PSNAP_E_TRUNCATED);
	T_EQ_U64(err.offset_bytes, 6);
	T_EQ_I64(psnap_io_read(io, 6, buf, 1, NULL), PSNAP_E_TRUNCATED);
	T_EQ_I64(psnap_io_read(io, 1 << 20, buf, 1, NULL), PSNAP_E_TRUNCATED);
	T_EQ_I64(psnap_io_read(io, INT64_MAX, buf, 1, NULL), PSNAP_E_RANGE);
	T_EQ_I64(psnap_io_sync(io, NULL), 0);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	/* What is there stays, and is added to. */
	io = opened(psnap_io_open_growing, "./grows");
	if (!io)
		return;
	T_EQ_I64(psnap_io_write(io, 6, "gh", 2, NULL), 0);
	T_EQ_I64(psnap_io_close(io, NULL), 0);
	T_EQ_STR(file_get("grows"), "abcdefgh");
	unlink("grows");
}

static void test_overlap(void)
{
	struct psnap_io *a;
	struct psnap_io *hard = NULL;
	struct psnap_io *soft = NULL;
	struct psnap_io *other = NULL;
	struct psnap_io *memory = NULL;

	file_put("file", "same");
	file_put("other", "same");
	T_EQ_I64(link("file", "hard"), 0);
	T_EQ_I64(symlink("hard", "soft"), 0);
	a = opened(psnap_io_open_exclusive, "file");
	T_EQ_I64(psnap_io_open("hard", &hard, NULL), 0);
	T_EQ_I64(psnap_io_open("soft", &soft, NULL), 0);
	T_EQ_I64(psnap_io_open("other", &other, NULL), 0);
	T_EQ_I64(psnap_io_open_memory("same", 4, 1, &memory, NULL), 0);
	if (a && hard && soft && other && memory) {
		T_OK(psnap_io_overlap(a, a), "itself");
		T_OK(psnap_io_overlap(a, hard), "a hard link");
		T_OK(psnap_io_overlap(soft, a), "a symbolic link");
		T_OK(!psnap_io_overlap(a, other), "another file");
		T_OK(!psnap_io_overlap(a, memory), "memory");
		T_OK(!psnap_io_overlap(memory, a), "memory, and a file");
	}
	psnap_io_close(memory, NULL);
	psnap_io_close(other, NULL);
	psnap_io_close(soft, NULL);
	psnap_io_close(hard, NULL);
	psnap_io_close(a, NULL);
	unlink("soft");
	unlink("hard");
	unlink("other");
	unlink("file");
}

/* The first line that a command writes. */
static bool run(const char *command, char *line, size_t line_size)
{
	FILE *pipe = popen(command, "re");
	bool good;

	line[0] = '\0';
	if (!pipe)
		return false;
	good = fgets(line, (int)line_size, pipe) != NULL;
	line[strcspn(line, "\n")] = '\0';
	return pclose(pipe) == 0 && good;
}

/* Sectors of 4 KiB, the second half of the device a partition. */
static void test_device(const char *loop, const char *part)
{
	struct psnap_io *io = opened(psnap_io_open_exclusive, loop);
	struct psnap_io *half = NULL;
	struct psnap_io *file = NULL;
	uint8_t buf[3] = { 0 };

	if (!io)
		return;
	T_EQ_U64(io->size_bytes, 1 << 20);
	T_EQ_U64(io->align_bytes, 4096);
	refused(psnap_io_open_exclusive, loop, PSNAP_E_BUSY, "is in use");
	refused(psnap_io_open_exclusive, "disk", PSNAP_E_BUSY, "is behind");
	refused(psnap_io_open_growing, "disk", PSNAP_E_BUSY, "is behind");
	refused(psnap_io_open_growing, loop, PSNAP_E_UNSUPPORTED,
		"is not a regular file");
	T_EQ_I64(psnap_io_write(io, 4095, "xyz", 3, NULL), 0);
	T_EQ_I64(psnap_io_read(io, 4095, buf, 3, NULL), 0);
	T_OK(memcmp(buf, "xyz", 3) == 0, "across two sectors");
	T_EQ_I64(psnap_io_sync(io, NULL), 0);
	T_EQ_I64(psnap_io_open("disk", &file, NULL), 0);
	if (file) {
		T_EQ_I64(psnap_io_read(file, 4095, buf, 3, NULL), 0);
		T_OK(memcmp(buf, "xyz", 3) == 0, "on the disk after a flush");
	}
	psnap_io_close(file, NULL);
	if (access(part, F_OK) == 0) {
		T_EQ_I64(psnap_io_open(part, &half, NULL), 0);
		T_OK(half && psnap_io_overlap(io, half), "disk, partition");
		T_OK(half && psnap_io_overlap(half, io), "partition, disk");
		psnap_io_close(half, NULL);
	} else {
		T_OK(true, "partition # SKIP %s did not appear", part);
	}
	psnap_io_close(io, NULL);
}

static void test_loop(void)
{
	char loop[64];
	char part[80];
	char command[200];

	file_put("disk", "");
	T_EQ_I64(truncate("disk", 1 << 20), 0);
	if (geteuid() != 0 ||
	    !run("losetup -f --show -P -b 4096 disk 2>/dev/null", loop,
		 sizeof(loop))) {
		T_OK(true, "loop device # SKIP none can be had");
		return;
	}
	/* In sectors of 512 bytes. */
	snprintf(command, sizeof(command),
		 "addpart %s 1 1024 1024 2>/dev/null; udevadm settle -t 5 "
		 "2>/dev/null; true",
		 loop);
	(void)!system(command);
	snprintf(part, sizeof(part), "%sp1", loop);
	test_device(loop, part);
	snprintf(command, sizeof(command),
		 "delpart %s 1 2>/dev/null; losetup -d %s", loop, loop);
	T_EQ_I64(system(command), 0);
	unlink("disk");
}

int main(void)
{
	char dir[] = "/tmp/psnap-t_io_exclusive-XXXXXX";

	if (!dir_enter(dir))
		return T_DONE();
	test_kinds(psnap_io_open_exclusive);
	test_kinds(psnap_io_open_growing);
	test_moment(psnap_io_open_exclusive);
	test_moment(psnap_io_open_growing);
	test_second(psnap_io_open_exclusive, psnap_io_open_exclusive);
	test_second(psnap_io_open_exclusive, psnap_io_open_growing);
	test_second(psnap_io_open_growing, psnap_io_open_exclusive);
	test_second(psnap_io_open_growing, psnap_io_open_growing);
	test_refused_lets_go();
	test_exclusive();
	test_growing();
	test_overlap();
	test_loop();
	dir_remove(dir);
	return T_DONE();
}
