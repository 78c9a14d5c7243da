/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many requests are to be under way together.
 */
#ifndef PSNAP_IO_DEPTH_H
#define PSNAP_IO_DEPTH_H

/* What psnap_io_depth() returns at the most. */
#define PSNAP_IO_DEPTH_MAX 1024u

/**
 * psnap_io_depth() - as many as the device below a file makes something of
 * @fd:  a file or block device
 *
 * More than a loop device queues (128 of them) only have threads of the system
 * wait for a place; other disks become faster with each that they can put in
 * order, or that waits while others have the disk's turn.
 * Return: a power of two in [128, PSNAP_IO_DEPTH_MAX].
 */
unsigned int psnap_io_depth(int fd);

#endif
