/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --log: a line of JSON for every write, for whoever has to prove later what
 * was done to the evidence. A line is handed to the system before the write it
 * is about is done, and a write that cannot be noted is not done.
 */
#include "json.h"
#include "repair.h"

#include <psnap/watch.h>
#include <psnap/zip.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* Larger writes are told by their checksums alone. */
#define HEX_BYTES_MAX ((size_t)64)

static void put_hex(struct psnap_outbuf *out, const char *key,
		    const uint8_t *data, size_t len_bytes)
{
	psnap_outbuf_printf(out, ",\"%s\":", key);
	if (!data || len_bytes > HEX_BYTES_MAX) {
		psnap_outbuf_text(out, "null");
		return;
	}
	psnap_outbuf_text(out, "\"");
	for (size_t i = 0; i < len_bytes; i++)
		psnap_outbuf_printf(out, "%02x", data[i]);
	psnap_outbuf_text(out, "\"");
}

static void put_time(struct psnap_outbuf *out)
{
	struct timespec now = { 0 };
	struct tm tm = { 0 };
	char text[40];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	psnap_outbuf_printf(out, "{\"time\":\"%s.%06ldZ\"", text,
			    now.tv_nsec / 1000);
}

static void put_begin(struct psnap_repair_job *job, const char *action,
		      uint64_t offset_bytes, uint64_t len_bytes)
{
	struct psnap_outbuf *out = &job->log.out;

	put_time(out);
	psnap_outbuf_printf(out, ",\"action\":\"%s\",\"file\":", action);
	psnap_json_string(out, job->args->new_path ? job->args->new_path
						   : job->store.io->name);
	psnap_json_member(out, "offset_bytes", true, offset_bytes);
	psnap_json_member(out, "length_bytes", true, len_bytes);
}

/* Return: 0, or -1 after a message. */
static int put_end(struct psnap_repair_job *job)
{
	struct psnap_outbuf *out = &job->log.out;
	char reason[80];

	psnap_outbuf_text(out, "}\n");
	if (psnap_outbuf_flush(out) == 0)
		return 0;
	psnap_msg(job->args->log, "%s; what cannot be noted is not written",
		  psnap_msg_reason(out->os_errno, reason));
	return -1;
}

/* psnap_watch_fn; @ctx is the job. */
static int note_write(void *ctx, uint64_t offset_bytes, const void *old_bytes,
		      const void *new_bytes, size_t len_bytes)
{
	struct psnap_repair_job *job = ctx;
	struct psnap_outbuf *out = &job->log.out;
	bool known = old_bytes != NULL;

	put_begin(job, "write", offset_bytes, len_bytes);
	put_hex(out, "old", old_bytes, len_bytes);
	put_hex(out, "new", new_bytes, len_bytes);
	psnap_json_member(out, "old_crc32", known,
			  known ? psnap_crc32(0, old_bytes, len_bytes) : 0);
	psnap_json_member(out, "new_crc32", true,
			  psnap_crc32(0, new_bytes, len_bytes));
	return put_end(job) < 0 ? PSNAP_E_IO : 0;
}

int psnap_repair_log_grown(struct psnap_repair_job *job, uint64_t from_bytes,
			   uint64_t to_bytes)
{
	struct psnap_outbuf *out = &job->log.out;

	if (!job->log.file)
		return 0;
	put_begin(job, "grow", from_bytes, to_bytes - from_bytes);
	psnap_outbuf_text(out, ",\"old\":null,\"new\":null,"
			       "\"old_crc32\":null,\"new_crc32\":null");
	return put_end(job) < 0 ? PSNAP_EXIT_FAILED : 0;
}

/* Go on behind what is there. A line that a power cut tore is ended first. */
static int go_to_end(struct psnap_repair_log *log)
{
	off_t end = lseek(log->file->fd, 0, SEEK_END);
	char last = '\n';

	if (end > 0 && pread(log->file->fd, &last, 1, end - 1) != 1)
		last = '\n';
	if (last != '\n')
		psnap_outbuf_text(&log->out, "\n");
	return psnap_outbuf_flush(&log->out);
}

int psnap_repair_log_open(struct psnap_repair_job *job, struct psnap_io *inner)
{
	struct psnap_repair_log *log = &job->log;
	const char *path = job->args->log;
	struct psnap_error err = { 0 };
	int rc;

	log->io = inner;
	if (!path)
		return 0;
	rc = psnap_io_open_growing(path, &log->file, &err);
	if (rc == 0)
		rc = psnap_outbuf_open(&log->out, log->file->fd, false, &err);
	if (rc == 0 && go_to_end(log) < 0) {
		psnap_msg(path, "cannot be written to; nothing was changed");
		return PSNAP_EXIT_FAILED;
	}
	if (rc == 0)
		rc = psnap_io_open_watch(inner, note_write, job, &log->watch,
					 &err);
	if (rc < 0)
		return psnap_msg_error(path, &err);
	log->io = log->watch;
	return 0;
}

int psnap_repair_log_close(struct psnap_repair_job *job)
{
	struct psnap_repair_log *log = &job->log;
	struct psnap_error err = { 0 };
	int rc = 0;

	psnap_io_close(log->watch, NULL);
	if (log->file)
		rc = psnap_io_sync(log->file, &err);
	psnap_outbuf_release(&log->out);
	psnap_io_close(log->file, NULL);
	*log = (struct psnap_repair_log){ 0 };
	return rc < 0 ? psnap_msg_error(job->args->log, &err) : 0;
}
