/* SPDX-License-Identifier: MIT
 *
 * use_terminal: says that it is ready, reads a line from stdin and prints "line: ..." or "no line".
 */
#include "helper.h"

int main(void)
{
	char line[256];
	helper_begin();
	helper_ready();
	if (fgets(line, sizeof(line), stdin))
		printf("line: %s", line);
	else
		puts("no line");
	return 0;
}
