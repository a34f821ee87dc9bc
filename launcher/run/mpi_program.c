/* SPDX-License-Identifier: MIT
 *
 * mpi_program: see mpi_program.h. The file may be anything, and may change while it is read: each place that it names
 * is one to read from, and no more.
 */
#include "run/mpi_program.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { PARTS_MAX = 64, ENTRIES_MAX = 512 };

/* As the linker names them: Open MPI, MPICH and its kin, in Debian's words and in their own. */
static const char *const libraries[] = {"libmpi.so",     "libmpich.so",   "libmpi_mpifh.so", "libmpichfort.so",
                                        "libmpifort.so", "libmpi_cxx.so", "libmpicxx.so"};

struct program {
	int fd;
	ElfW(Phdr) parts[PARTS_MAX];
	size_t part_count;
	ElfW(Dyn) entries[ENTRIES_MAX];
	size_t entry_count;
};

static bool read_at(int fd, void *into, size_t bytes, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, into, bytes, (off_t)offset) == (ssize_t)bytes;
}

static bool read_parts(struct program *program)
{
	ElfW(Ehdr) header;
	if (!read_at(program->fd, &header, sizeof header, 0) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_phentsize != sizeof *program->parts || header.e_phnum > PARTS_MAX)
		return false;
	program->part_count = header.e_phnum;
	return read_at(program->fd, program->parts, header.e_phnum * sizeof *program->parts, header.e_phoff);
}

static bool read_entries(struct program *program)
{
	for (size_t i = 0; i < program->part_count; i++) {
		const ElfW(Phdr) *part = &program->parts[i];
		if (part->p_type != PT_DYNAMIC)
			continue;
		program->entry_count = part->p_filesz / sizeof *program->entries;
		if (program->entry_count > ENTRIES_MAX)
			program->entry_count = ENTRIES_MAX;
		return read_at(program->fd, program->entries, program->entry_count * sizeof *program->entries,
		               part->p_offset);
	}
	return false;
}

/* Where in the file the names are, which the entries know by their place in memory. */
static bool find_names(const struct program *program, uint64_t *offset)
{
	uint64_t address = 0;
	for (size_t i = 0; i < program->entry_count; i++)
		if (program->entries[i].d_tag == DT_STRTAB)
			address = program->entries[i].d_un.d_ptr;
	for (size_t i = 0; i < program->part_count && address != 0; i++) {
		const ElfW(Phdr) *part = &program->parts[i];
		if (part->p_type == PT_LOAD && address >= part->p_vaddr && address - part->p_vaddr < part->p_filesz) {
			*offset = part->p_offset + (address - part->p_vaddr);
			return true;
		}
	}
	return false;
}

/* "libmpi.so" and "libmpi.so.40", but not "libmpi.sound". */
static bool is_mpi_library(const char *name)
{
	for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
		size_t length = strlen(libraries[i]);
		if (strncmp(name, libraries[i], length) == 0 && (name[length] == '\0' || name[length] == '.'))
			return true;
	}
	return false;
}

static bool find_library(const struct program *program, char library[MPI_NAME_BYTES])
{
	uint64_t names;
	if (!find_names(program, &names))
		return false;
	for (size_t i = 0; i < program->entry_count && program->entries[i].d_tag != DT_NULL; i++) {
		if (program->entries[i].d_tag != DT_NEEDED)
			continue;
		uint64_t place = names + program->entries[i].d_un.d_val;
		ssize_t got = place <= INT64_MAX ? pread(program->fd, library, MPI_NAME_BYTES - 1, (off_t)place) : -1;
		library[got > 0 ? got : 0] = '\0';
		if (is_mpi_library(library))
			return true;
	}
	return false;
}

bool mpi_program_is(const char *path, char library[MPI_NAME_BYTES])
{
	struct program program = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
	bool is = program.fd >= 0 && read_parts(&program) && read_entries(&program) && find_library(&program, library);
	if (program.fd >= 0)
		close(program.fd);
	return is;
}
