/* SPDX-License-Identifier: MIT
 *
 * measure_options: see the header.
 */
#include "measure_options.h"

#include <err.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned read_number(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || number < 1 || number > 100000)
		errx(125, "not a number from 1 to 100000: %s", text);
	return (unsigned)number;
}

void measure_options_read(struct measure_options *options, int argc, char **argv)
{
	int letter;

	*options = (struct measure_options){.timeout_s = 60, .ranks = 1};
	while ((letter = getopt(argc, argv, "+t:o:e:n:f:")) != -1) {
		switch (letter) {
		case 't':
			options->timeout_s = read_number(optarg);
			break;
		case 'o':
			options->command.stdout_path = optarg;
			break;
		case 'e':
			options->command.stderr_path = optarg;
			break;
		case 'n':
			options->ranks = read_number(optarg);
			break;
		case 'f':
			options->fifo_path = optarg;
			break;
		default:
			exit(125);
		}
	}
	if (optind == argc)
		errx(125, "usage: %s [-t SECONDS] [-o STDOUT] [-e STDERR] [-n RANKS] [-f FIFO] COMMAND [ARG...]",
		     argv[0]);
	options->command.argv = argv + optind;
}
