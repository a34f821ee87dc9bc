/* SPDX-License-Identifier: MIT
 *
 * muster.h: all of libmuster: what the ranks of a job do with one another. Each noun has a header of its own, which may
 * be included alone.
 *
 *     #include <muster.h>
 *
 *     int main(void)
 *     {
 *             muster_world *world;
 *             int rc = muster_init(&world);
 *             if (rc < 0) {
 *                     fprintf(stderr, "%s\n", muster_error_text());
 *                     return 1;
 *             }
 *             double mine = muster_rank(world), sum;
 *             rc = muster_allreduce(world, &mine, &sum, 1, MUSTER_DOUBLE, MUSTER_SUM, MUSTER_FOREVER);
 *             ...
 *             muster_finalize(world);
 *     }
 *
 * Compile with `cc program.c $(pkg-config --cflags --libs muster)`, start with `muster run -n 4 ./program`; started
 * alone, the program is a world of one rank.
 */
#ifndef MUSTER_H
#define MUSTER_H

#include <muster/barrier.h>
#include <muster/collective.h>
#include <muster/error.h>
#include <muster/mark.h>
#include <muster/memory.h>
#include <muster/message.h>
#include <muster/world.h>

#endif
