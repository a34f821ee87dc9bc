/* SPDX-License-Identifier: MIT
 *
 * control_client: asks a job that runs, over its socket (control_words.h). Whoever listens there must be this user or
 * root, and is not waited for for ever.
 */
#ifndef MUSTER_JOB_CONTROL_CLIENT_H
#define MUSTER_JOB_CONTROL_CLIENT_H

#include <jansson.h>

struct error;
struct job_view;

/* Takes `request` over. The answer is the caller's; NULL with the reason, which may be the job's own. Where nobody
 * listens, it is looked again whether the job lives. */
json_t *control_ask(struct job_view *view, json_t *request, struct error *err);

#endif
