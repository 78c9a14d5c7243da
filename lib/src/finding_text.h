/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The long texts of the findings, for --explain. Each id has three paragraphs:
 * what it means, how a store gets there, what to do. finding.c points its rows
 * at them; a text that is declared here and written nowhere does not link.
 */
#ifndef PSNAP_SRC_FINDING_TEXT_H
#define PSNAP_SRC_FINDING_TEXT_H

#define FINDING_TEXT(id)                         \
	extern const char psnap_##id##_means[];  \
	extern const char psnap_##id##_arises[]; \
	extern const char psnap_##id##_advice[]

/* finding_text.c: the header, and the table as a whole */
FINDING_TEXT(magic_zero);
FINDING_TEXT(magic_bad);
FINDING_TEXT(version_unknown);
FINDING_TEXT(chunk_size_bad);
FINDING_TEXT(snapshot_invalid);
FINDING_TEXT(valid_odd);
FINDING_TEXT(header_tail_nonzero);
FINDING_TEXT(device_tail_partial);
FINDING_TEXT(store_truncated);
FINDING_TEXT(area_missing_successor);
FINDING_TEXT(area_implausible);

/* finding_text_entry.c: entries, reading, legal states */
FINDING_TEXT(new_chunk_out_of_range);
FINDING_TEXT(new_chunk_huge);
FINDING_TEXT(new_chunk_in_metadata);
FINDING_TEXT(cve_2013_4299_imminent);
FINDING_TEXT(old_chunk_out_of_range);
FINDING_TEXT(duplicate_old);
FINDING_TEXT(duplicate_new);
FINDING_TEXT(duplicate_same);
FINDING_TEXT(entries_after_terminator);
FINDING_TEXT(read_error);
FINDING_TEXT(holes);
FINDING_TEXT(out_of_order);
FINDING_TEXT(stale_areas);
FINDING_TEXT(store_full);

#undef FINDING_TEXT

#endif
