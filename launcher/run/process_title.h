/* SPDX-License-Identifier: MIT
 *
 * process_title: how ps, top and pkill show this process.
 */
#ifndef MUSTER_RUN_PROCESS_TITLE_H
#define MUSTER_RUN_PROCESS_TITLE_H

/* Name and command line both. The words of the command line are written over: nobody may need argv any more. At most 15
 * bytes are seen of the name. */
void process_title_set(const char *title);

#endif
