/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * error.c: the record is complete, never overflows, and may be absent.
 */
#include "fail.h"
#include "test.h"

#include <errno.h>

int main(void)
{
	struct psnap_error err;
	char text[2000];
	int code;

	T_EQ_I64(psnap_fail(NULL, PSNAP_E_RANGE, "x"), PSNAP_E_RANGE);
	T_EQ_I64(psnap_fail_at(NULL, PSNAP_E_RANGE, 1, "x"), PSNAP_E_RANGE);
	T_EQ_I64(psnap_fail_io(NULL, EIO, 1, "x"), PSNAP_E_IO);
	T_EQ_I64(psnap_fail_errno(NULL, PSNAP_E_BUSY, EBUSY, "x"),
		 PSNAP_E_BUSY);
	psnap_fail(&err, PSNAP_E_CORRUPT, "chunk %d", 7);
	T_EQ_STR(err.message, "chunk 7");
	T_OK(!err.has_offset && err.os_errno == 0, "nothing that is not so");
	psnap_fail_io(&err, EIO, 4096, "cannot read");
	T_EQ_STR(err.message,
		 "byte 4096: cannot read: the device reported an error");
	T_EQ_I64(err.os_errno, EIO);
	T_OK(err.has_offset && err.offset_bytes == 4096, "offset");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	psnap_fail_io(&err, EIO, UINT64_MAX, "%s", text);
	T_EQ_U64(strlen(err.message), PSNAP_ERROR_TEXT_BYTES - 1);
	for (code = PSNAP_E_API; code < 0; code++)
		T_OK(strcmp(psnap_err_text(code), "unknown error") != 0, "%s",
		     psnap_err_text(code));
	T_EQ_STR(psnap_err_text(-999), "unknown error");
	T_EQ_STR(psnap_errno_text(12345), "refused by the system");
	T_EQ_STR(psnap_version(), PSNAP_VERSION);
	return T_DONE();
}
