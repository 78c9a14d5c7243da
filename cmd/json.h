/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strings and the objects that dump and check have in common, as JSON. Keys
 * are documented in psnap-json(5); they may be added to, never changed.
 */
#ifndef PSNAP_CMD_JSON_H
#define PSNAP_CMD_JSON_H

#include "outbuf.h"

#include <psnap/io.h>
#include <psnap/store.h>
#include <psnap/usage.h>

#define PSNAP_JSON_SCHEMA_VERSION 1

/** psnap_json_string() - quoted; what is no UTF-8 becomes U+FFFD */
void psnap_json_string(struct psnap_outbuf *out, const char *text);

/** psnap_json_u64() - a number */
void psnap_json_u64(struct psnap_outbuf *out, uint64_t value);

/**
 * psnap_json_member() - ,"key":value
 * @known:  false: the value is null
 */
void psnap_json_member(struct psnap_outbuf *out, const char *key, bool known,
		       uint64_t value);

/** psnap_json_intro() - "psnap":"dump","schema_version":1,"psnap_version":.. */
void psnap_json_intro(struct psnap_outbuf *out, const char *command);

/** psnap_json_io() - {"name","size_bytes"} */
void psnap_json_io(struct psnap_outbuf *out, const struct psnap_io *io);

/**
 * psnap_json_file() - ,"key":{"file","size_bytes"} of a file that was written
 * @path:  NULL: none was, so null
 */
void psnap_json_file(struct psnap_outbuf *out, const char *key,
		     const char *path, uint64_t size_bytes);

/** psnap_json_header() - {"magic","valid","version","chunk_size_sectors"}; null
 * when it is too short or could not be read */
void psnap_json_header(struct psnap_outbuf *out,
		       const struct psnap_header *header);

/** psnap_json_geometry() - {"chunk_size_bytes",...}; NULL: null */
void psnap_json_geometry(struct psnap_outbuf *out,
			 const struct psnap_geometry *geo);

/** psnap_json_usage() - {"status","allocated_sectors",...}; NULL: null */
void psnap_json_usage(struct psnap_outbuf *out,
		      const struct psnap_header *header,
		      const struct psnap_usage *usage);

#define PSNAP_STATUS_BYTES 80

/**
 * psnap_status_text() - the figures as `dmsetup status` prints them
 * @text:  out: filled and returned
 */
const char *psnap_status_text(const struct psnap_header *header,
			      const struct psnap_usage *usage,
			      char text[PSNAP_STATUS_BYTES]);

#endif
