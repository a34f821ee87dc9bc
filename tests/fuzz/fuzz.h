/* SPDX-License-Identifier: MIT
 *
 * fuzz: what the fuzz targets share. A target looks at one input, expects what must hold for every input, and leaves
 * nothing behind.
 */
#ifndef MUSTER_TESTS_FUZZ_H
#define MUSTER_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EXPECT(condition)                                                                                              \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #condition);                       \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

/* The input as a text; free() it. */
char *fuzz_text(const uint8_t *data, size_t size);

#endif
