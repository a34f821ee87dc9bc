/* SPDX-License-Identifier: MIT
 *
 * command_guess: see command_guess.h.
 */
#include "run/command_guess.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *ending_of(const char *command)
{
	const char *ending = strrchr(command, '.');
	return ending == NULL ? "" : ending;
}

const char *command_interpreter(const char *command)
{
	static const struct {
		const char *ending, *interpreter;
	} known[] = {{".py", "python3"}, {".jl", "julia"}, {".R", "Rscript"}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(ending_of(command), known[i].ending) == 0)
			return known[i].interpreter;
	return NULL;
}

/* muster run takes for a spec what ends in .yaml or .yml. */
static bool is_nearly_a_spec(const char *command)
{
	static const char *const endings[] = {".yaml", ".yml", ".json", ".toml"};
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (strcasecmp(ending_of(command), endings[i]) == 0)
			return true;
	return false;
}

/* "OMP_NUM_THREADS=2", as a shell takes it before a command. */
static bool is_variable(const char *command)
{
	size_t name = strspn(command, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
	return name > 0 && command[name] == '=';
}

/* What a shell does itself, because no program can do it for another. */
static bool is_of_a_shell(const char *command)
{
	static const char *const words[] = {"cd", "export", "source", ".", "ulimit", "umask", "alias", "set", "exec"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(command, words[i]) == 0)
			return true;
	return false;
}

void command_guess(const char *command, int permission, char *hint, size_t size)
{
	bool is_here = permission == 0 || permission == EACCES;
	const char *interpreter = permission == EACCES ? command_interpreter(command) : NULL;
	bool is_for_a_shell = command[strcspn(command, " \t\n;|&<>$")] != '\0';
	const char *quote = is_for_a_shell ? "'" : "";
	hint[0] = '\0';
	if (is_variable(command))
		snprintf(hint, size, ": a variable is set by env in a spec, or by -x %s before the command", command);
	else if (!is_here && is_for_a_shell)
		snprintf(hint, size, ": no shell splits it; write sh -c '...'");
	else if (is_of_a_shell(command))
		snprintf(hint, size, ": it is a part of shells; write sh -c '%s ...'", command);
	else if (is_nearly_a_spec(command))
		snprintf(hint, size, ": a spec's name ends in .yaml or .yml");
	else if (is_here && interpreter != NULL)
		snprintf(hint, size, ": write %s %s%s%s", interpreter, quote, command, quote);
	else if (is_here)
		snprintf(hint, size, ": write %s./%s%s", quote, command, quote);
}
