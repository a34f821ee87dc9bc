/* SPDX-License-Identifier: MIT
 *
 * measure_options: the command line that the measuring programs share.
 *
 *     PROGRAM [-t SECONDS] [-o STDOUT] [-e STDERR] [-n RANKS] [-f FIFO] COMMAND [ARG...]
 */
#ifndef BENCHMARK_MEASURE_OPTIONS_H
#define BENCHMARK_MEASURE_OPTIONS_H

#include "process_tree.h"

struct measure_options {
	struct command command;
	unsigned timeout_s;    /* default 60 */
	unsigned ranks;        /* that report on the FIFO; default 1 */
	const char *fifo_path; /* NULL: no FIFO */
};

/* Ends the program with 125 and a line of usage when the options make no sense. */
void measure_options_read(struct measure_options *options, int argc, char **argv);

#endif
