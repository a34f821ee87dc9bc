/* SPDX-License-Identifier: MIT
 *
 * foreign_keys: what people write into a spec who know compose files, manifests, batch scripts or other launchers, and
 * what muster has for it. Only consulted for a key that muster does not know, so that none of these takes a name from
 * it.
 */
#ifndef MUSTER_SPEC_FOREIGN_KEYS_H
#define MUSTER_SPEC_FOREIGN_KEYS_H

#include "spec/foreign_words.h"

extern const struct foreign_row foreign_keys[];
extern const size_t foreign_key_count;

/* The path of the key that it is called here; or NULL. */
const char *foreign_key_path(const char *name);

/* "write ..." or "leave it out: ...", where it is not one key under another name; or NULL. */
const char *foreign_key_advice(const char *name);

/* The same for a key in an exception, which has few: others are the job's, or are said otherwise for single ranks. */
const char *foreign_key_advice_in_exception(const char *name);

#endif
