/* SPDX-License-Identifier: MIT
 *
 * known: what was seen to elsewhere, said where it matters, for whoever reads one file alone: people, compilers,
 * analysers. The undefined-behaviour sanitizer holds it to be true.
 */
#ifndef MUSTER_LIBRARY_KNOWN_H
#define MUSTER_LIBRARY_KNOWN_H

#define KNOWN(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			__builtin_unreachable();                                                                       \
	} while (0)

#endif
