/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Room for what is going to be written behind the end of a file: there each
 * write past the page cache would wait for the one before.
 */
#ifndef PSNAP_IO_ROOM_H
#define PSNAP_IO_ROOM_H

#include <stdbool.h>
#include <stdint.h>

/**
 * psnap_io_make_room() - have a file end at @end_bytes, with zeros up to there
 * @fd:         open for writing
 * @end_bytes:  at most 2^63 - 1
 * @min_bytes:  for less than that it is not made longer
 *
 * Return: false: it does not end there. It is no regular file, or long enough;
 * or the file system cannot do it without writing zeros, or is full: then it may
 * be longer by a part of that. Whoever writes hears of what is wrong.
 */
bool psnap_io_make_room(int fd, uint64_t end_bytes, uint64_t min_bytes);

#endif
