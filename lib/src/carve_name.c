/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of carvings, read as people type them back: "a3", "a3.17-40".
 */
#include <psnap/carve.h>

#include "fail.h"

#include <inttypes.h>

/* Decimal digits and nothing else; the position behind them, or NULL. */
static const char *parse_number(const char *text, uint64_t *value)
{
	const char *p = text;

	*value = 0;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(*value, UINT64_C(10), value) ||
		    __builtin_add_overflow(*value, (uint64_t)(*p - '0'), value))
			return NULL;
	}
	return p == text ? NULL : p;
}

/* [first, last] of an area, or NULL. */
static const char *parse_part(const char *p, uint64_t *first, uint64_t *last)
{
	p = parse_number(p, first);
	if (!p || *p != '-')
		return NULL;
	return parse_number(p + 1, last);
}

int psnap_carve_parse_name(const char *name, const struct psnap_geometry *geo,
			   struct psnap_slots *slots, struct psnap_error *err)
{
	uint64_t area = 0;
	uint64_t first = 0;
	uint64_t last = geo->exceptions_per_area - 1;
	const char *p = NULL;

	*slots = (struct psnap_slots){ 0 };
	if (name[0] == 'a')
		p = parse_number(name + 1, &area);
	if (p && *p == '.')
		p = parse_part(p + 1, &first, &last);
	if (!p || *p != '\0')
		return psnap_fail(err, PSNAP_E_RANGE,
				  "\"%.64s\" is not the name of entries, such "
				  "as a3 or a3.17-40",
				  name);
	if (area >= geo->area_count)
		return psnap_fail(err, PSNAP_E_RANGE,
				  "%.64s: the store has room for areas 0 to "
				  "%" PRIu64,
				  name, geo->area_count - 1);
	if (first > last || last >= geo->exceptions_per_area)
		return psnap_fail(err, PSNAP_E_RANGE,
				  "%.64s: an area has entries 0 to %" PRIu32
				  ", the first one first",
				  name, geo->exceptions_per_area - 1);
	slots->area_index = area;
	slots->first = first;
	slots->count = last - first + 1;
	return 0;
}
