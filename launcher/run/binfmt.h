/* SPDX-License-Identifier: MIT
 *
 * binfmt: whether the kernel was told of interpreters for formats that are not its own (binfmt_misc): programs of other
 * machines by an emulator, archives by their virtual machine. Which files one takes is the kernel's business.
 */
#ifndef MUSTER_RUN_BINFMT_H
#define MUSTER_RUN_BINFMT_H

#define BINFMT_DIRECTORY "/proc/sys/fs/binfmt_misc"

enum binfmt {
	BINFMT_NONE,
	BINFMT_UNKNOWN, /* it is not mounted here, as in most containers: the host's hold all the same */
	BINFMT_SOME,
};

enum binfmt binfmt_handlers(const char *directory);

#endif
