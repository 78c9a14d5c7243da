/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What --explain says about the header and the table as a whole. Written for
 * people on a bad day: plain words, the calm states calm, exact commands.
 * Every statement about the kernel is in psnap-store(5). Each text is one
 * paragraph without line breaks; the caller wraps it. finding_text_entry.c has
 * the other half.
 */
#include "finding_text.h"

const char psnap_magic_zero_means[] =
	"The first four bytes of the store are zero. The kernel judges by "
	"these four bytes alone and takes such a device for one that was "
	"never used. If the areas behind them still hold exceptions, this is "
	"a store that lost its header, and activating it would destroy what "
	"is left of its table. On a blank device this is only a note.";
const char psnap_magic_zero_arises[] =
	"A new device looks like this until it is activated for the first "
	"time. A store comes to look like it when its start is zeroed: by "
	"'lvconvert --type snapshot' without -Zn, by resetting the overlay of "
	"a live USB system (its first 64 KiB), by a wipe, or in a rescue copy "
	"whose first sectors could not be read.";
const char psnap_magic_zero_advice[] =
	"If the device is meant to be new, there is nothing to do. Otherwise "
	"do not activate it: neither the snapshot, nor its volume group, nor "
	"the live system. Make a copy first and work on that, attached with "
	"'losetup -r' if a block device is needed. 'psnap check --chunk-size "
	"4K STORE' reads the table without the header; 4K is the default of "
	"LVM and of live systems, 16K that of the kernel, 128K is used by "
	"Qubes OS. Where area 0 was zeroed as well, 'psnap dump --all "
	"--chunk-size 4K STORE' shows what is left in the later areas.";

const char psnap_magic_bad_means[] =
	"The device begins neither with the letters SnAp nor with zeros. "
	"Either it is no persistent snapshot store, or its header was "
	"overwritten.";
const char psnap_magic_bad_arises[] =
	"Perhaps the wrong device was named: the origin instead of the store, "
	"or a whole disk instead of a partition. The store of a transient "
	"snapshot has no header either, and nothing can be read from it. A "
	"header can also be overwritten by another program, and kernels "
	"before about 2.6.32 could write exceptions over it when a snapshot "
	"overflowed.";
const char psnap_magic_bad_advice[] =
	"Look what it is: 'blkid -p STORE' says DM_snapshot_cow for a store "
	"(and nothing at all for the devices that LVM keeps to itself). If "
	"the device is the right one, copy it, and read the table without the "
	"header: 'psnap check --chunk-size 4K STORE'. Other sizes in use are "
	"16K (the kernel's default), 128K (Qubes OS) and, with LVM, every "
	"power of two from 4K to 512K. The right size is the one under which "
	"the table makes sense.";

const char psnap_version_unknown_means[] =
	"The header says that the format is of another version than 1. There "
	"is only version 1, so the number is wrong, or this is not a store.";
const char psnap_version_unknown_arises[] =
	"The header was damaged or overwritten, or something else happens to "
	"begin with the same four bytes.";
const char psnap_version_unknown_advice[] =
	"Copy the store before anything else. Look at the header with 'psnap "
	"dump --header-only STORE'. If the chunk size in it looks right, read "
	"the table with it: 'psnap check --chunk-size SIZE STORE'. If the "
	"table makes sense, only the header is damaged.";

const char psnap_chunk_size_bad_means[] =
	"The chunk size in the header cannot be right. It must be a power of "
	"two from 1 to 2097152 sectors, and a multiple of the logical block "
	"size of the store's and of the origin's device. Everything else in "
	"the store is found by the chunk size, so without it the table cannot "
	"be read.";
const char psnap_chunk_size_bad_arises[] =
	"The header was damaged or overwritten. Kernels before about 2.6.32 "
	"could leave a chunk size of 0 when a snapshot overflowed. A store "
	"that was moved to a disk with larger sectors can have chunks that "
	"are too small for it.";
const char psnap_chunk_size_bad_advice[] =
	"Copy the store before anything else, then try the sizes in use with "
	"'psnap check --chunk-size SIZE STORE': 4K (LVM and live systems), "
	"16K (the kernel's default), 128K (Qubes OS), with LVM every power of "
	"two from 4K to 512K; LVM also records it in its metadata. The right "
	"size is the one under which the table makes sense.";

const char psnap_snapshot_invalid_means[] =
	"The kernel gave this snapshot up: it shows it as Invalid and fails "
	"every access. Only the header was changed. Every exception in the "
	"table is still exact, and so is its data. The chunks without an "
	"exception come from the origin, and are right only as far as the "
	"origin was not written since; when that began is not recorded.";
const char psnap_snapshot_invalid_arises[] =
	"The store was full when one more chunk had to be copied; or a copy, "
	"or a write of the table, failed with an I/O error. An error in "
	"reading the store, or in a merge, does not do this.";
const char psnap_snapshot_invalid_advice[] =
	"Keep the store and copy it; nothing that was committed to it is "
	"gone. If the origin is never written (a live USB system, a zero "
	"device, a read-only disk) the view has all that was committed. "
	"Otherwise stop writing to the origin: each chunk that is overwritten "
	"there now is a chunk of the old state lost. 'psnap dump STORE' shows "
	"which chunks are safe; an active LVM snapshot can be read at "
	"/dev/mapper/VG-SNAP-cow even now. Extending the store with lvextend "
	"does not bring the snapshot back, and the kernel does not merge it: "
	"it would serve the origin as it is.";

const char psnap_valid_odd_means[] =
	"The header field valid is neither 0 nor 1. The kernel writes 1, but "
	"takes every number other than 0 for valid, so the store works.";
const char psnap_valid_odd_arises[] =
	"The store was made or edited by something other than the kernel, or "
	"bits of the header were changed.";
const char psnap_valid_odd_advice[] =
	"Nothing to do if nothing else is reported. Together with other "
	"findings about the header it is one more sign that the header was "
	"damaged.";

const char psnap_header_tail_nonzero_means[] =
	"Behind the 16 bytes of the header, the first chunk is not all zero. "
	"The kernel always fills it with zeros, and never reads it.";
const char psnap_header_tail_nonzero_arises[] =
	"The store was written by another program, or by a kernel before "
	"about 2.6.32, which could write exceptions into the header when a "
	"snapshot overflowed.";
const char psnap_header_tail_nonzero_advice[] =
	"Nothing to do as long as the header itself is right. If the chunk "
	"size or the magic number is reported as well, the header was "
	"overwritten: see there.";

const char psnap_device_tail_partial_means[] =
	"The size of the device is not a multiple of the chunk size. The "
	"piece at the end is smaller than a chunk, and the kernel never uses "
	"it.";
const char psnap_device_tail_partial_arises[] =
	"The device has just such a size. A copy that was cut off can look "
	"the same, but then other findings say what is missing.";
const char psnap_device_tail_partial_advice[] = "Nothing to do.";

const char psnap_store_truncated_means[] =
	"Exceptions point past the end of the device: a part of the store is "
	"missing. The finding names the smallest size that would hold all of "
	"them. What lies inside the device is not affected.";
const char psnap_store_truncated_arises[] =
	"An image that was not copied to its end, a logical volume that was "
	"reduced below what the snapshot used (older LVM permits it), or a "
	"loop device or partition that is smaller than what it should show.";
const char psnap_store_truncated_advice[] =
	"Do not activate it like this: the first copy would invalidate the "
	"snapshot. Compare the size ('blockdev --getsize64 DEVICE', 'stat -c "
	"%s FILE') with the one in the finding, and copy again from a source "
	"that is complete. Give a loop device its new size with 'losetup -c'. "
	"For a reduced logical volume, LVM's metadata from before is in "
	"/etc/lvm/archive and says which extents belong to it; lvextend gives "
	"back the length, but not necessarily the same extents. If the end is "
	"lost, 'psnap dump STORE' shows which chunks were in it.";

const char psnap_area_missing_successor_means[] =
	"The last area of the table is full, and the device ends before the "
	"next one. The kernel needs that next area, all zero, to know that "
	"the table is at its end. What lies before the end of the device is "
	"intact.";
const char psnap_area_missing_successor_arises[] =
	"The kernel never creates this: it zeroes the next area before it "
	"fills the one before. The device was made shorter, or the copy is "
	"not complete.";
const char psnap_area_missing_successor_advice[] =
	"If the store used to be longer, get that length back first, because "
	"the missing part may hold more of the table. Otherwise a copy can be "
	"made loadable by one more chunk of zeros at its end; for a file, "
	"'truncate -s +SIZE STORE' with the chunk size as SIZE. If "
	"device-tail-partial is reported, that piece of a chunk must be zero "
	"too. On a logical volume, what lvextend adds is not zeroed, and the "
	"kernel would take old data in it for exceptions: zero it before "
	"anything is activated.";

const char psnap_area_implausible_means[] =
	"The kernel would read this area as part of the table, but what is in "
	"it cannot be exceptions: numbers beyond the devices, or the same "
	"ones again and again. It is other data, or an area of an earlier "
	"store. The exceptions that belong here are unknown.";
const char psnap_area_implausible_arises[] =
	"Some kernels before 3.12 could put data into an area, and a write to "
	"the snapshot then overwrites the mapping (CVE-2013-4299). Kernels of "
	"the time of 2.6.23 could leave old content behind a full area in a "
	"power cut. A power cut right after the creation of a store can leave "
	"the area 0 of an earlier one. A wrong chunk size makes every area "
	"look like this.";
const char psnap_area_implausible_advice[] =
	"Do not activate and do not merge it: the kernel would believe every "
	"entry. If --chunk-size was given, try another size. 'psnap dump "
	"--all STORE' shows what is in the area; the areas before it can be "
	"relied on. If the next area begins with the last chunk of the group "
	"before it, it was CVE-2013-4299, and the store goes on as usual from "
	"there.";
