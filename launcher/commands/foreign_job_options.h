/* SPDX-License-Identifier: MIT
 *
 * foreign_job_options: options that docker, kubectl, kill, tail and their like have for what they show or stop, and
 * what muster has for them; foreign_options.h is the same for jobs that are to be started.
 */
#ifndef MUSTER_COMMANDS_FOREIGN_JOB_OPTIONS_H
#define MUSTER_COMMANDS_FOREIGN_JOB_OPTIONS_H

/* What to do instead of the option, as it was typed, of this command; NULL: nobody's we know. */
const char *foreign_job_option_advice(const char *command, const char *typed);

#endif
