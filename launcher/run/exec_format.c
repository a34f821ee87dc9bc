/* SPDX-License-Identifier: MIT
 *
 * exec_format: see exec_format.h.
 */
#include "run/exec_format.h"

#include "base/error.h"
#include "base/file_text.h"
#include "run/command_guess.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HEAD_BYTES = 4096,       /* a program says what it is within its first page */
	SCRIPT_HEAD_BYTES = 256, /* no more of a script's first line does the kernel look at */
};

/* Our own header, as the linker has put it into memory: what this machine executes. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* Machines by the names that uname -m has for them. One of a family may execute programs of the others. */
static const struct machine_name {
	uint16_t machine;
	uint16_t family;
	const char *name;
} machine_names[] = {
	{EM_X86_64, EM_X86_64, "x86_64"}, {EM_386, EM_X86_64, "i386"},   {EM_AARCH64, EM_AARCH64, "aarch64"},
	{EM_ARM, EM_AARCH64, "arm"},      {EM_PPC64, EM_PPC64, "ppc64"}, {EM_PPC, EM_PPC64, "ppc"},
	{EM_RISCV, EM_RISCV, "riscv"},    {EM_S390, EM_S390, "s390x"},   {EM_MIPS, EM_MIPS, "mips"},
};

static const struct machine_name *name_of(uint16_t machine)
{
	for (size_t i = 0; i < sizeof machine_names / sizeof *machine_names; i++)
		if (machine_names[i].machine == machine)
			return &machine_names[i];
	return NULL;
}

int exec_permission(const char *path)
{
	struct stat status;
	if (stat(path, &status) < 0)
		return errno == ENOTDIR ? ENOENT : errno;
	if (S_ISDIR(status.st_mode))
		return EISDIR;
	return access(path, X_OK) < 0 ? errno : 0;
}

static int check_script(const char *path, char *head, struct error *err)
{
	head[SCRIPT_HEAD_BYTES] = '\0';
	char *name = head + 2 + strspn(head + 2, " \t");
	name[strcspn(name, " \t\n")] = '\0';
	if (name[0] != '\0' && name[strlen(name) - 1] == '\r') /* the kernel would look for "sh\r" */
		return error_set(err, -ENOEXEC,
		                 "cannot execute %s: its first line ends in a carriage return (saved with Windows line "
		                 "ends? sed -i 's/\\r$//')",
		                 path);
	int code = exec_permission(name);
	if (code != 0)
		return error_set(err, -ENOEXEC, "cannot execute %s: its interpreter (first line) \"%s\": %s", path,
		                 name, strerror(code == EISDIR ? EACCES : code));
	return 0;
}

/* Only between machines that we know: of others the kernel is asked. */
static int check_machine(const char *path, const ElfW(Ehdr) * header, struct error *err)
{
	char number[32];
	const struct machine_name *theirs = name_of(header->e_machine), *ours = name_of(__ehdr_start.e_machine);
	bool same_order = header->e_ident[EI_DATA] == __ehdr_start.e_ident[EI_DATA];
	if (ours == NULL || !same_order || (theirs != NULL && theirs->family == ours->family))
		return 0;
	snprintf(number, sizeof number, "ELF machine %u", (unsigned)header->e_machine);
	return error_set(err, -ENOEXEC, "cannot execute %s: it is a program for another machine (%s; this one is %s)",
	                 path, theirs != NULL ? theirs->name : number, ours->name);
}

/* A program that is linked at run time names who does that; built for another C library, it names one that is not here.
 * Only what stands in the head is looked at. */
static int check_loader(const char *path, const char *head, size_t length, struct error *err)
{
	ElfW(Ehdr) header;
	memcpy(&header, head, sizeof header);
	if (header.e_ident[EI_CLASS] != __ehdr_start.e_ident[EI_CLASS] || header.e_phentsize != sizeof(ElfW(Phdr)))
		return 0;
	for (size_t i = 0; i < header.e_phnum; i++) {
		ElfW(Phdr) part;
		if (header.e_phoff > length || length - header.e_phoff < (i + 1) * sizeof part)
			return 0;
		memcpy(&part, head + header.e_phoff + i * sizeof part, sizeof part);
		if (part.p_type != PT_INTERP)
			continue;
		if (part.p_offset >= length || memchr(head + part.p_offset, '\0', length - part.p_offset) == NULL)
			return 0;
		const char *loader = head + part.p_offset;
		int code = loader[0] == '/' ? exec_permission(loader) : 0;
		return code == 0 ? 0
		                 : error_set(err, -ENOEXEC,
		                             "cannot execute %s: its loader %s: %s (was it built for another system?)",
		                             path, loader, strerror(code));
	}
	return 0;
}

static int check_program(const char *path, const char *head, size_t length, enum binfmt handlers, struct error *err)
{
	ElfW(Ehdr) header;
	if (length < sizeof header)
		return 0;
	memcpy(&header, head, sizeof header); /* e_machine stands at the same place in both classes */
	int rc = handlers == BINFMT_NONE ? check_machine(path, &header, err) : 0;
	return rc < 0 || header.e_machine != __ehdr_start.e_machine ? rc : check_loader(path, head, length, err);
}

int exec_format_check(const char *path, enum binfmt handlers, struct error *err)
{
	char head[HEAD_BYTES + 1];
	ssize_t got = file_text_read(path, head, sizeof head);
	if (got < 0)
		return 0;
	if (got >= 2 && head[0] == '#' && head[1] == '!')
		return check_script(path, head, err);
	if (got >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0)
		return check_program(path, head, (size_t)got, handlers, err);
	if (handlers == BINFMT_SOME)
		return 0; /* the administrator may have given this format an interpreter */
	const char *interpreter = command_interpreter(path);
	return error_set(err, -ENOEXEC,
	                 "cannot execute %s: exec format error: it is neither a program of this machine nor a script "
	                 "that begins with #!%s%s%s%s",
	                 path, interpreter != NULL ? "; write " : "", interpreter != NULL ? interpreter : "",
	                 interpreter != NULL ? " " : "", interpreter != NULL ? path : "");
}
