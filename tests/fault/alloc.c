/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wrappers behind alloc.h.
 */
#include "alloc.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t max);

struct alloc_fault alloc_fault;

void alloc_arm(uint64_t fail_at, bool sticky)
{
	alloc_fault = (struct alloc_fault){ fail_at, sticky, 0, 0 };
}

void alloc_disarm(void)
{
	alloc_fault.fail_at = 0;
}

static bool must_fail(void)
{
	alloc_fault.calls++;
	if (alloc_fault.fail_at == 0)
		return false;
	if (alloc_fault.calls != alloc_fault.fail_at &&
	    !(alloc_fault.sticky && alloc_fault.calls > alloc_fault.fail_at))
		return false;
	alloc_fault.faults++;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return must_fail() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	return must_fail() ? NULL : __real_reallocarray(old, count, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return must_fail() ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = must_fail() ? NULL : __real_malloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

char *__wrap_strndup(const char *text, size_t max)
{
	size_t len = strnlen(text, max);
	char *copy = must_fail() ? NULL : __real_malloc(len + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}
