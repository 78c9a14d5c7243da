/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ways in which a device fails; see how.h.
 */
#include "how.h"

#if defined(__has_feature)
#	define HAS_FEATURE(x) __has_feature(x)
#else
#	define HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
const bool how_is_slow = true;
#else
const bool how_is_slow = false;
#endif

const char *const how_op_names[IO_FAULT_OPS] = { "read", "write", "flush",
						 "announcement", "close" };

void how_arm(struct io_fault *fault, const struct how *how, enum io_fault_op op,
	     uint64_t n)
{
	fault->fail_op = op;
	fault->fail_at = n;
	fault->os_errno = how->os_errno;
	fault->sticky = how->sticky;
	fault->gone = how->gone;
	fault->torn = how->torn;
}

void how_drop(struct ram *to, const struct ram *before, const struct ram *log,
	      unsigned int device)
{
	size_t flushed = 0;
	size_t i;

	for (i = 0; i < log->event_count; i++)
		if (log->events[i].device == device &&
		    log->events[i].len_bytes == 0)
			flushed = i;
	ram_copy_bytes(to, before);
	for (i = 0; i < log->event_count; i++)
		if (log->events[i].len_bytes > 0 &&
		    (log->events[i].device != device || i < flushed))
			ram_apply(to, log, i, UINT64_MAX);
}
