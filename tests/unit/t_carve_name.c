/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * carve_name.c: what is the name of a place in the table, and what is none.
 */
#include "test.h"

#include <psnap/carve.h>

static void test_names(void)
{
	static const struct {
		const char *name;
		uint64_t area;
		uint64_t first;
		uint64_t count;
	} rows[] = {
		{ "a0", 0, 0, 256 },
		{ "a7", 7, 0, 256 },
		{ "a3.17-40", 3, 17, 24 },
		{ "a0.255-255", 0, 255, 1 },
		{ "a0.0-0", 0, 0, 1 },
		{ "a8", 0, 0, 0 },
		{ "a0.0-256", 0, 0, 0 },
		{ "a0.5-4", 0, 0, 0 },
		{ "", 0, 0, 0 },
		{ "a", 0, 0, 0 },
		{ "3", 0, 0, 0 },
		{ "A3", 0, 0, 0 },
		{ "a3.", 0, 0, 0 },
		{ "a3.4", 0, 0, 0 },
		{ "a3.4-", 0, 0, 0 },
		{ "a3.-4", 0, 0, 0 },
		{ "a3.4-5 ", 0, 0, 0 },
		{ "a+3", 0, 0, 0 },
		{ "a 3", 0, 0, 0 },
		{ "a-1", 0, 0, 0 },
		{ "a3.1-2.3", 0, 0, 0 },
		{ "a0x1", 0, 0, 0 },
		{ "a18446744073709551616", 0, 0, 0 },
		{ "a18446744073709551615", 0, 0, 0 },
		{ "a0.18446744073709551616-18446744073709551617", 0, 0, 0 },
		{ "a0.0-18446744073709551615", 0, 0, 0 },
	};
	struct psnap_geometry geo;
	struct psnap_slots slots;
	struct psnap_error err;

	T_EQ_I64(psnap_geometry_init(&geo, 2000 * 4096, 4096, &err), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int rc = psnap_carve_parse_name(rows[i].name, &geo, &slots,
						&err);

		T_EQ_I64(rc, rows[i].count > 0 ? 0 : PSNAP_E_RANGE);
		T_OK(slots.area_index == rows[i].area &&
			     slots.first == rows[i].first &&
			     slots.count == rows[i].count,
		     "\"%s\"", rows[i].name);
	}
}

int main(void)
{
	test_names();
	return T_DONE();
}
