/* SPDX-License-Identifier: MIT
 *
 * signal_words: what the signals that end programs mean to somebody who meets one. Their names: spec/units.h.
 */
#ifndef MUSTER_REPORT_SIGNAL_WORDS_H
#define MUSTER_REPORT_SIGNAL_WORDS_H

/* "segmentation fault"; NULL: nothing to add to the name. */
const char *signal_meaning(int signal);

#endif
