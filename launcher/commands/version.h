/* SPDX-License-Identifier: MIT
 *
 * version: `muster --version`.
 */
#ifndef MUSTER_COMMANDS_VERSION_H
#define MUSTER_COMMANDS_VERSION_H

void version_print(void); /* muster's version and those of the libraries that decide about its answers, on stdout */

#endif
