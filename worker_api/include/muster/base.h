/* SPDX-License-Identifier: MIT
 *
 * muster/base.h: what every header of libmuster needs; included by them.
 */
#ifndef MUSTER_BASE_H
#define MUSTER_BASE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define MUSTER_API __attribute__((visibility("default")))
#else
#define MUSTER_API
#endif

#ifdef __cplusplus
#define MUSTER_BEGIN extern "C" {
#define MUSTER_END   }
#else
#define MUSTER_BEGIN
#define MUSTER_END
#endif

MUSTER_BEGIN

/* A set of ranks that do things together: all ranks of the job, or what muster_split made of them. */
typedef struct muster_world muster_world;

/* Time limits are in milliseconds. 0 only looks; MUSTER_FOREVER, as any negative number, waits as long as it takes, but
 * never for a rank that is gone. */
enum { MUSTER_FOREVER = -1 };

/* For muster_recv and its like: a message of any rank, of any tag. */
enum { MUSTER_ANY = -1 };

MUSTER_END

#endif
