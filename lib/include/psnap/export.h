/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is visible outside the shared library, and attributes that let the
 * compiler check promises made in the doc comments.
 */
#ifndef PSNAP_EXPORT_H
#define PSNAP_EXPORT_H

#define PSNAP_API		 __attribute__((visibility("default")))
#define PSNAP_MUST_USE		 __attribute__((warn_unused_result))
#define PSNAP_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

/* The library is C; C++ programs may call it. */
#ifdef __cplusplus
#	define PSNAP_BEGIN_DECLS extern "C" {
#	define PSNAP_END_DECLS	  }
#else
#	define PSNAP_BEGIN_DECLS
#	define PSNAP_END_DECLS
#endif

#endif
