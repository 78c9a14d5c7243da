/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * latfs: one file, shown with a fixed latency per request to read or flush.
 *
 *	latfs LATENCY_US BACKING MOUNTPOINT
 *
 * MOUNTPOINT is an empty regular file; while mounted it shows the bytes of
 * BACKING, which belongs on a tmpfs so that no disk adds to the latency. Stays
 * in the foreground, SIGTERM unmounts. A request is answered LATENCY_US after
 * it came in, however many others wait: latencies overlap as on a device with
 * many channels. The kernel may cache pages (WILLNEED must work), but forgets
 * them at every open. Writes are answered at once: the page cache, which takes
 * those to a disk, does not for FUSE. What is read and written is left to the
 * programs measured.
 */
#define FUSE_USE_VERSION 314

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * Above the 256 areas psnap keeps in flight. Over the congestion threshold
 * the kernel drops read-ahead, so it stands at the limit itself.
 */
#define IN_FLIGHT_MAX 1024
#define NS_PER_S      1000000000

struct request {
	struct request *next;
	fuse_req_t req;
	bool is_flush;
	uint64_t answer_at_ns;
	size_t len_bytes;
	off_t offset_bytes;
};

/*
 * The latency is the same for all, so requests in the order they came are in
 * the order of answer_at_ns. One thread and a queue, not a sleeping thread per
 * request: hundreds of threads cost more than the latency they emulate.
 */
struct latfs {
	int fd;
	uint64_t latency_ns;
	struct request *head;
	struct request **tail;
	char *buf;
	size_t buf_bytes;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	conn->max_background = IN_FLIGHT_MAX;
	conn->congestion_threshold = IN_FLIGHT_MAX;
	/* A write changes the time of the file, and all pages would go. */
	conn->want &= ~(unsigned int)FUSE_CAP_AUTO_INVAL_DATA;
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino,
		       struct fuse_file_info *fi)
{
	const struct latfs *fs = fuse_req_userdata(req);
	struct stat st;

	(void)fi;
	if (fstat(fs->fd, &st) != 0) {
		fuse_reply_err(req, errno);
		return;
	}
	st.st_ino = ino;
	st.st_nlink = 1;
	fuse_reply_attr(req, &st, 3600.0);
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	fuse_reply_open(req, fi);
}

static void queue(fuse_req_t req, bool is_flush, size_t len_bytes,
		  off_t offset_bytes)
{
	struct latfs *fs = fuse_req_userdata(req);
	struct request *r = calloc(1, sizeof(*r));

	if (!r) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	r->req = req;
	r->is_flush = is_flush;
	r->answer_at_ns = now_ns() + fs->latency_ns;
	r->len_bytes = len_bytes;
	r->offset_bytes = offset_bytes;
	*fs->tail = r;
	fs->tail = &r->next;
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t len_bytes,
		    off_t offset_bytes, struct fuse_file_info *fi)
{
	(void)ino;
	(void)fi;
	queue(req, false, len_bytes, offset_bytes);
}

static void op_write(fuse_req_t req, fuse_ino_t ino, const char *bytes,
		     size_t len_bytes, off_t offset_bytes,
		     struct fuse_file_info *fi)
{
	const struct latfs *fs = fuse_req_userdata(req);

	(void)ino;
	(void)fi;
	if (pwrite(fs->fd, bytes, len_bytes, offset_bytes) !=
	    (ssize_t)len_bytes)
		fuse_reply_err(req, EIO);
	else
		fuse_reply_write(req, len_bytes);
}

static void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync,
		     struct fuse_file_info *fi)
{
	(void)ino;
	(void)datasync;
	(void)fi;
	queue(req, true, 0, 0);
}

/* One buffer for all: a fresh one would cost its page faults every time. */
static void answer_read(struct latfs *fs, const struct request *r)
{
	ssize_t got = -1;

	if (r->len_bytes > fs->buf_bytes) {
		free(fs->buf);
		fs->buf = malloc(r->len_bytes);
		fs->buf_bytes = fs->buf ? r->len_bytes : 0;
	}
	if (fs->buf)
		got = pread(fs->fd, fs->buf, r->len_bytes, r->offset_bytes);
	if (got < 0)
		fuse_reply_err(r->req, EIO);
	else
		fuse_reply_buf(r->req, fs->buf, (size_t)got);
}

static void answer(struct latfs *fs, const struct request *r)
{
	if (r->is_flush)
		fuse_reply_err(r->req, 0);
	else
		answer_read(fs, r);
}

/* Answers what is due; returns the nanoseconds until the next, 0 for none. */
static uint64_t answer_due(struct latfs *fs)
{
	struct request *r;
	uint64_t now;

	while ((r = fs->head) != NULL) {
		now = now_ns();
		if (r->answer_at_ns > now)
			return r->answer_at_ns - now;
		fs->head = r->next;
		if (!fs->head)
			fs->tail = &fs->head;
		answer(fs, r);
		free(r);
	}
	return 0;
}

static int wait_for_request(struct fuse_session *session, uint64_t wait_ns)
{
	struct pollfd p = { .fd = fuse_session_fd(session), .events = POLLIN };
	struct timespec t = { .tv_sec = (time_t)(wait_ns / NS_PER_S),
			      .tv_nsec = (long)(wait_ns % NS_PER_S) };

	return ppoll(&p, 1, wait_ns ? &t : NULL, NULL);
}

static void loop(struct latfs *fs, struct fuse_session *session)
{
	struct fuse_buf buf = { .mem = NULL };
	int rc;

	while (!fuse_session_exited(session)) {
		rc = wait_for_request(session, answer_due(fs));
		if (rc <= 0)
			continue;
		rc = fuse_session_receive_buf(session, &buf);
		if (rc > 0)
			fuse_session_process_buf(session, &buf);
		else if (rc != -EINTR && rc != -EAGAIN)
			break;
	}
	free(buf.mem);
}

static int serve(struct latfs *fs, struct fuse_session *session,
		 const char *mountpoint)
{
	if (fuse_set_signal_handlers(session) != 0)
		return -1;
	if (fuse_session_mount(session, mountpoint) != 0) {
		fuse_remove_signal_handlers(session);
		return -1;
	}
	loop(fs, session);
	fuse_session_unmount(session);
	fuse_remove_signal_handlers(session);
	return 0;
}

static const struct fuse_lowlevel_ops ops = {
	.init = op_init,
	.getattr = op_getattr,
	.open = op_open,
	.read = op_read,
	.write = op_write,
	.fsync = op_fsync,
};

int main(int argc, char **argv)
{
	char name[] = "latfs", o[] = "-o", opts[] = "fsname=latfs";
	char *fuse_argv[] = { name, o, opts, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(3, fuse_argv);
	struct fuse_session *session;
	struct latfs fs = { .fd = -1 };
	char *end;
	int rc = -1;

	fs.tail = &fs.head;
	if (argc != 4) {
		fprintf(stderr, "usage: latfs LATENCY_US BACKING MOUNTPOINT\n");
		return 2;
	}
	fs.latency_ns = strtoull(argv[1], &end, 10) * 1000;
	if (end == argv[1] || *end != '\0') {
		fprintf(stderr, "latfs: %s: not a number\n", argv[1]);
		return 2;
	}
	fs.fd = open(argv[2], O_RDWR | O_CLOEXEC);
	if (fs.fd < 0) {
		perror(argv[2]);
		return 1;
	}
	/* The default slack of 50 us is half of the smallest latency. */
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	session = fuse_session_new(&args, &ops, sizeof(ops), &fs);
	if (session) {
		rc = serve(&fs, session, argv[3]);
		fuse_session_destroy(session);
	}
	fuse_opt_free_args(&args);
	free(fs.buf);
	close(fs.fd);
	return rc >= 0 ? 0 : 1;
}
