/* SPDX-License-Identifier: MIT
 *
 * write_text stdout|stderr|both TEXT [CODE]: writes TEXT, in which \n is a newline and \0 a NUL byte, in one write,
 * without adding a newline; then exits with CODE.
 */
#include "helper.h"

int main(int argc, char **argv)
{
	helper_begin();
	if (argc < 3)
		helper_give_up("usage: write_text stdout|stderr|both TEXT [CODE]");
	char bytes[65536];
	size_t length = 0;
	for (const char *at = argv[2]; *at && length < sizeof(bytes); at++) {
		char byte = *at;
		if (byte == '\\' && (at[1] == 'n' || at[1] == '0')) {
			at++;
			byte = *at == 'n' ? '\n' : '\0';
		}
		bytes[length++] = byte;
	}
	if (strcmp(argv[1], "stderr") != 0)
		helper_write_all(1, bytes, length);
	if (strcmp(argv[1], "stdout") != 0)
		helper_write_all(2, bytes, length);
	return argc > 3 ? atoi(argv[3]) : 0;
}
