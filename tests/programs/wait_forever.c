/* SPDX-License-Identifier: MIT
 *
 * wait_forever [LINE]: says that it is ready (and LINE on stdout), then does nothing until somebody ends it.
 */
#include "helper.h"

int main(int argc, char **argv)
{
	helper_begin();
	if (argc > 1) {
		puts(argv[1]);
		fflush(stdout);
	}
	helper_ready();
	helper_wait_forever();
}
