/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What --explain says about single entries, about reading, and about legal
 * states; finding_text.c has the header and the table as a whole, and the
 * rules that both files follow.
 */
#include "finding_text.h"

const char psnap_new_chunk_out_of_range_means[] =
	"An exception says that its data is in a chunk that the store does "
	"not have. The kernel does not check this, so it loads the store, but "
	"then takes the store to be full. The data of this chunk is not "
	"there.";
const char psnap_new_chunk_out_of_range_arises[] =
	"The area was damaged or overwritten, the chunk size is not the right "
	"one, or the end of the store is missing (see store-truncated).";
const char psnap_new_chunk_out_of_range_advice[] =
	"Do not activate it: the first copy would invalidate the snapshot. "
	"Check that the device has its full size, and that the chunk size is "
	"right. Everything else in the table can still be read; 'psnap dump "
	"STORE' lists it. For this one chunk the origin is the only other "
	"source.";

const char psnap_new_chunk_huge_means[] =
	"An exception has a new chunk of 2^56 or above. No device is that "
	"large, and the kernel keeps a count in the top 8 bits of the number: "
	"it can take the entry for a run of chunks, place the next chunk over "
	"the header or an area, or stop while it loads the table.";
const char psnap_new_chunk_huge_arises[] =
	"A healthy kernel never writes such a number. The area was damaged or "
	"overwritten, is read with a wrong chunk size, or was made to do "
	"harm.";
const char psnap_new_chunk_huge_advice[] =
	"Do not activate it, and be careful with a store from a source you do "
	"not trust: some of these numbers stop the kernel. psnap reads it "
	"without harm. If --chunk-size was given, try another size. 'psnap "
	"dump STORE' shows the other entries.";

const char psnap_new_chunk_in_metadata_means[] =
	"An exception says that its data is in a chunk that holds an area. "
	"What is there is metadata, so the data of this old chunk is lost. If "
	"the entry stands in the very area it points to, it is the kernel "
	"error CVE-2013-4299 for certain.";
const char psnap_new_chunk_in_metadata_arises[] =
	"A kernel without the correction (Linux 3.12 has it, some earlier "
	"ones by backport) gave out the chunk of an area for data, the first "
	"time it copied after an activation. That costs at most one chunk for "
	"each area. An entry that points to chunk 1 is other damage.";
const char psnap_new_chunk_in_metadata_advice[] =
	"Do not write to the snapshot: a write to this chunk overwrites the "
	"area, and with it the places of many others. Do not merge it: that "
	"would copy metadata into the origin. The content cannot be had back "
	"from the store; if this chunk was never changed in the origin, it is "
	"still there, at byte old chunk x chunk size. The other exceptions "
	"are not affected unless area-implausible is reported too.";

const char psnap_cve_2013_4299_imminent_means[] =
	"The store is sound, and nothing is lost. The next free chunk happens "
	"to be the place of an area. The kernel steps over it, except old "
	"ones, which after an activation would put data there.";
const char psnap_cve_2013_4299_imminent_arises[] =
	"Quite normal: it is the case whenever the last chunk in use is the "
	"last one before an area, for instance when all areas in use are "
	"exactly full.";
const char psnap_cve_2013_4299_imminent_advice[] =
	"Nothing to do on Linux 3.12 and later ('uname -r'), or on an earlier "
	"one that has the correction for CVE-2013-4299. On others, do not "
	"activate the snapshot, except to merge it: merging is safe, as it "
	"never allocates a chunk.";

const char psnap_old_chunk_out_of_range_means[] =
	"An exception is for a chunk that begins at or beyond the end of the "
	"origin. Nothing in the origin can have been saved there.";
const char psnap_old_chunk_out_of_range_arises[] =
	"The origin that was named is not the right one, or not complete. Or "
	"the area was damaged. LVM refuses to make an origin smaller, so it "
	"is not the result of a resize with LVM.";
const char psnap_old_chunk_out_of_range_advice[] =
	"Check the origin first: 'blockdev --getsize64 DEVICE' or 'stat -c %s "
	"FILE'. Do not let the kernel merge it: a merge would stop there with "
	"Merge failed, and everything before it in the table would stay "
	"behind. If the origin is right, 'psnap dump STORE' shows whether it "
	"is a single entry or a damaged area.";

const char psnap_duplicate_old_means[] =
	"Two exceptions say where the data of one old chunk is. Only one of "
	"them can be right. Which one is shown depends on the version of the "
	"kernel, and a merge may choose differently or stop.";
const char psnap_duplicate_old_arises[] =
	"A healthy kernel never writes this. One of the two was left behind "
	"the end of the table by a torn write and came back to life later "
	"(see entries-after-terminator), or an area was damaged.";
const char psnap_duplicate_old_advice[] =
	"Do not merge it before it is clear which is right. 'psnap dump "
	"--crc32 --old CHUNK STORE' shows both entries and whether their data "
	"differs; if it is the same, it does not matter which one stays. For "
	"the kernel, the first entry in the table counts since Linux 5.2, the "
	"last one before that, unless one of them is part of a run.";

const char psnap_duplicate_new_means[] =
	"Two exceptions say that their data is in the same chunk of the "
	"store. The chunk can hold the data of one of them only; for the "
	"other it is lost.";
const char psnap_duplicate_new_arises[] =
	"A healthy kernel never writes this, and no power cut leaves it. An "
	"area was damaged or overwritten, or entries of an earlier store came "
	"back to life.";
const char psnap_duplicate_new_advice[] =
	"Look at both with 'psnap dump --new CHUNK STORE'. Compare the chunk "
	"with the origin at both places to find out where it belongs. Do not "
	"merge before that: the data would be written to both places.";

const char psnap_duplicate_same_means[] =
	"One exception stands in the table twice: both entries name the same "
	"old chunk and the same new chunk. Whichever is used, the same data "
	"is shown.";
const char psnap_duplicate_same_arises[] =
	"A merge of a part of the store (psnap merge --range, --exclude or "
	"--salvage) was cut while it moved entries to the front of the table; "
	"or an entry behind the end of the table came back to life.";
const char psnap_duplicate_same_advice[] =
	"If a merge was cut, run the same command again: it takes the second "
	"entry out. Merging everything with psnap merge is safe as well. The "
	"kernel's own merge may stop at such an entry.";

const char psnap_entries_after_terminator_means[] =
	"The table ends in the middle of an area, but behind its end there "
	"are entries that are not zero. Ignoring them is right, and both "
	"psnap and the kernel do. But the kernel keeps them, and as the table "
	"grows over its end they come back to life one by one, with old "
	"chunks mapped to the wrong data.";
const char psnap_entries_after_terminator_arises[] =
	"A write of the area reached the disk only in part, in a power cut or "
	"during a merge: harmless, those entries were never acknowledged or "
	"are merged already. Kernels 3.14-rc1 to -rc5 left garbage there too.";
const char psnap_entries_after_terminator_advice[] =
	"Nothing is lost. Before the snapshot is used again, clear the "
	"entries behind the terminator; until then do not activate it where "
	"its origin or the snapshot is written. 'psnap dump --all STORE' "
	"shows them, with the state after-terminator.";

const char psnap_read_error_means[] =
	"A part of the store, or of the origin, could not be read. If it is "
	"in the table, the exceptions in it are not known, and of those that "
	"follow it is not certain that they count. If it is data, only that "
	"chunk is affected.";
const char psnap_read_error_arises[] =
	"A failing disk, mostly. Also a broken connection, a device that was "
	"removed, or a file on a file system that has errors of its own. The "
	"kernel's log ('dmesg') tells more.";
const char psnap_read_error_advice[] =
	"Read it as little as possible from now on, and make a copy first: "
	"'ddrescue -d STORE store.img store.map', then the same with -r3 to "
	"try the bad places again. Check the copy, and keep the map: what "
	"could not be read is zero in the copy. Zeros in an area end the "
	"table there, and zeros at the very start make the kernel format the "
	"store, so never activate the copy before you know what is missing. "
	"'psnap dump --all' shows what stands behind such a gap.";

const char psnap_holes_means[] =
	"Below the highest chunk in use there are chunks that no exception "
	"names. The kernel does not look for free chunks, so they stay "
	"unused. Nothing is lost but a little room.";
const char psnap_holes_arises[] =
	"A crash or power cut on a kernel before 3.13, which did not commit "
	"exceptions in the order in which it gave out the chunks.";
const char psnap_holes_advice[] = "Nothing to do.";

const char psnap_out_of_order_means[] =
	"The chunks of the store are not named in ascending order. The order "
	"means nothing, and the table is right as it is.";
const char psnap_out_of_order_arises[] =
	"Kernels before 3.13 committed exceptions in the order in which the "
	"copies were completed.";
const char psnap_out_of_order_advice[] = "Nothing to do.";

const char psnap_stale_areas_means[] =
	"Behind the end of the table there are areas with old entries in "
	"them. The kernel does not read them, and zeroes an area before the "
	"table grows into it.";
const char psnap_stale_areas_arises[] =
	"They are left from an earlier use of the device: LVM wipes only the "
	"first 4 KiB of a new store, and resetting the overlay of a live USB "
	"system only the first 64 KiB.";
const char psnap_stale_areas_advice[] =
	"Nothing to do. Who looks for the earlier content finds the entries "
	"with 'psnap dump --all STORE'; whether their chunks still hold that "
	"data is not certain.";

const char psnap_store_full_means[] =
	"The store has no room for one more chunk. What is in it is complete "
	"and can be read and merged. But the next chunk that has to be copied "
	"finds no room, and then the kernel invalidates the snapshot.";
const char psnap_store_full_arises[] =
	"The snapshot kept more changes than the store was made for. A full "
	"store that is marked valid may also have been invalidated already: "
	"that mark is written without a flush and can be lost in a power cut. "
	"Then chunks without an exception may show what was written to the "
	"origin later.";
const char psnap_store_full_advice[] =
	"Lengthen the store before the origin or the snapshot is written "
	"again: 'lvextend -L +1G VG/SNAP' for LVM; for a file, 'truncate -s "
	"+1G STORE', and 'losetup -c' on its loop device. Nothing to do if it "
	"is only read or merged.";
