/* SPDX-License-Identifier: MIT
 *
 * job_strays: what the ranks of a lost job had started, when nobody of muster's is left who could find it below itself.
 * Such a process is known by the job's id in the environment that it was started with, as its own or as that of a job
 * that it is in.
 */
#ifndef MUSTER_JOB_JOB_STRAYS_H
#define MUSTER_JOB_JOB_STRAYS_H

struct error;

/* Kills them, and those that they start meanwhile; returns how many are alive all the same, seconds later. Negative:
 * nobody can tell, for want of descriptors or of /proc. */
int job_strays_end(const char *id, struct error *err);

#endif
