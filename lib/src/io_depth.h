/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many requests are to be under way together.
 */
#ifndef PSNAP_IO_DEPTH_H
#define PSNAP_IO_DEPTH_H

#define PSNAP_IO_DEPTH_MIN 128u
#define PSNAP_IO_DEPTH_MAX 1024u

/**
 * psnap_io_depth() - as many as the device below a file makes something of
 * @fd:  a file or block device
 *
 * More than a loop device queues only have threads of the system wait for a
 * place; what lies above one, such as LVM, is not asked. Other disks are faster
 * with more, at least those that others use, too.
 * Return: a power of two in [PSNAP_IO_DEPTH_MIN, PSNAP_IO_DEPTH_MAX].
 */
unsigned int psnap_io_depth(int fd);

#endif
