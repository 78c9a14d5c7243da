/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two or three devices in memory and the log of what was written to them: every write
 * and every flush of both, in order. The states a power cut could leave are
 * made from the log.
 */
#ifndef PSNAP_TEST_RAM_H
#define PSNAP_TEST_RAM_H

#include <psnap/io.h>

#define RAM_DEVICES 3

/* A write (@len_bytes > 0), or a flush of @device. */
struct ram_event {
	unsigned int device;
	uint64_t offset_bytes;
	size_t len_bytes;
	size_t data; /* index into ram.data */
};

struct ram_device {
	struct psnap_io io;
	struct ram *ram;
	unsigned int index;
	uint8_t *bytes;
	bool ignore_sync; /* a device that lies about flushes */
	bool grows;	  /* a file: ends behind the last byte written */
	uint64_t len_bytes;
	/* follow.h: NULL, or whom it follows, where it may differ, and where it
	 * was read; a number that no other device has nor had, and this one only
	 * with these bytes. */
	const struct ram_device *base;
	uint64_t *differs;
	uint64_t *read;
	uint64_t version;
};

/* @recording: the log grows; otherwise writes only change bytes. */
struct ram {
	struct ram_device devices[RAM_DEVICES];
	unsigned int device_count;
	bool recording;
	struct ram_event *events;
	size_t event_count;
	size_t event_max;
	uint8_t *data;
	size_t data_bytes;
	size_t data_max;
};

/* Store, origin, and for some tests an undo file. */
void ram_init(struct ram *ram, const uint64_t *sizes_bytes, unsigned int count);
void ram_init_like(struct ram *ram, const struct ram *other);
void ram_release(struct ram *ram);

/* Same sizes: take over the bytes of all devices; the log stays. @to follows
 * nobody (follow.h). */
void ram_copy_bytes(struct ram *to, const struct ram *from);

/* Forget the log. */
void ram_forget(struct ram *ram);

void ram_swap_logs(struct ram *a, struct ram *b);
bool ram_same_logs(const struct ram *a, const struct ram *b);

/* Write event @index of @from's log to @to, or only some of its sectors: bit n
 * of @sectors stands for the nth sector of the write (bit 63 for all after). */
void ram_apply(struct ram *to, const struct ram *from, size_t index,
	       uint64_t sectors);

#endif
