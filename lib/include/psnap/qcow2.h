/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disk images of QEMU's own format, qcow2 version 3: an overlay with the
 * changes over a backing file, or an image that stands on its own. The format
 * is described in docs/interop/qcow2.txt of QEMU, the limits are those of its
 * block/qcow2.h.
 */
#ifndef PSNAP_QCOW2_H
#define PSNAP_QCOW2_H

#include <psnap/extents.h>
#include <psnap/progress.h>

PSNAP_BEGIN_DECLS

/* Sizes that clusters can have: the powers of two between these. */
#define PSNAP_QCOW2_CLUSTER_BYTES_MIN UINT64_C(512)
#define PSNAP_QCOW2_CLUSTER_BYTES_MAX (UINT64_C(2) << 20)
/* What QEMU takes where nobody says otherwise. */
#define PSNAP_QCOW2_CLUSTER_BYTES_USUAL (UINT64_C(64) << 10)

/**
 * struct psnap_qcow2_options - what to make
 * @cluster_bytes:  a power of two that psnap_qcow2_fit() finds fit
 * @changes:        an overlay: the ranges that are not to come from @backing;
 *                  whole clusters of them are stored. NULL: everything
 * @backing:        the path of a raw image, absolute; NULL: none
 * @compress:       clusters that get smaller by it
 * @threads:        that compress; 0: one for each processor
 */
struct psnap_qcow2_options {
	uint64_t cluster_bytes;
	struct psnap_extents *changes;
	const char *backing;
	bool compress;
	unsigned int threads;
};

/**
 * struct psnap_qcow2_result - what was made
 * @clusters:       that are stored, compressed ones among them
 * @zero_clusters:  that are noted to be zero, of an overlay only
 * @file_bytes:     size of the image
 * @reading:        on failure: it was reading that failed, and the offset of
 *                  the error is one of what is shown
 */
struct psnap_qcow2_result {
	uint64_t clusters;
	uint64_t compressed_clusters;
	uint64_t zero_clusters;
	uint64_t file_bytes;
	bool reading;
};

/**
 * psnap_qcow2_fit() - the smallest size of clusters with which QEMU can open it
 * @size_bytes:     of the disk
 * @options:        @changes and @backing count; @cluster_bytes: not less
 * @cluster_bytes:  out
 *
 * The tables of QEMU are limited, the more so the smaller the clusters; and the
 * name of the backing file stands in the first cluster.
 * Return: 0, or PSNAP_E_UNSUPPORTED: no size will do.
 */
PSNAP_API PSNAP_MUST_USE int
psnap_qcow2_fit(uint64_t size_bytes, const struct psnap_qcow2_options *options,
		uint64_t *cluster_bytes, struct psnap_error *err);

/**
 * psnap_qcow2_write() - make an image
 * @shown:     what it is to show; only read
 * @to:        open for writing, empty, and as large as it may become
 * @progress:  told bytes of @shown; may be NULL
 * @result:    out
 *
 * The size of the disk is that of @shown, rounded up to sectors of 512 bytes,
 * as QEMU does with a raw image; what is added is zero. Clusters that are zero
 * are left out, or in an overlay noted to be zero. Holes are not read. Not
 * durable yet.
 * Memory: 32 MiB at most, and 8 bytes for each 512 MiB of the image at the usual
 * size of clusters; more where clusters are small, 40 MiB at the most.
 * Return: 0, PSNAP_E_IO, PSNAP_E_NOSPACE, PSNAP_E_NOMEM, PSNAP_E_INTERRUPTED,
 * PSNAP_E_UNSUPPORTED (clusters that are not fit).
 */
PSNAP_API PSNAP_MUST_USE int
psnap_qcow2_write(struct psnap_io *shown,
		  const struct psnap_qcow2_options *options,
		  struct psnap_io *to, const struct psnap_progress *progress,
		  struct psnap_qcow2_result *result, struct psnap_error *err);

PSNAP_END_DECLS

#endif
