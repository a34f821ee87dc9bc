/* SPDX-License-Identifier: MIT
 *
 * write_lines whole|stdio|halves|mixed COUNT: writes COUNT lines "<RANK:NUMBER:xxx...:NUMBER>" of changing length, each
 * in one write, through stdio's buffer (which cuts lines where it is full), or in two writes a line; `mixed` takes one
 * of the three by rank.
 */
#include "helper.h"

static int make_line(char *line, size_t size, int number)
{
	char padding[160];
	int length = 1 + (number * 37 + helper_rank() * 11) % 150;
	memset(padding, 'a' + number % 26, (size_t)length);
	padding[length] = '\0';
	return snprintf(line, size, "<%d:%d:%s:%d>\n", helper_rank(), number, padding, number);
}

static void write_one(const char *how, const char *line, size_t length)
{
	size_t first = how[0] == 'h' ? length / 2 : length;
	if (how[0] == 's') {
		fwrite(line, 1, length, stdout);
		return;
	}
	if (!helper_write_all(1, line, first) || !helper_write_all(1, line + first, length - first))
		helper_give_up("write");
}

int main(int argc, char **argv)
{
	static const char *const mixed[] = {"whole", "stdio", "halves"};
	helper_begin();
	if (argc < 3)
		helper_give_up("usage: write_lines whole|stdio|halves|mixed COUNT");
	const char *how = strcmp(argv[1], "mixed") == 0 ? mixed[helper_rank() % 3] : argv[1];
	for (int number = 0; number < atoi(argv[2]); number++) {
		char line[256];
		int length = make_line(line, sizeof(line), number);
		write_one(how, line, (size_t)length);
	}
	return fflush(stdout) == 0 ? 0 : HELPER_WRONG;
}
