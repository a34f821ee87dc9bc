/* SPDX-License-Identifier: MIT
 *
 * nearly_spec: see nearly_spec.h. Only the beginning of the file is looked at.
 */
#include "commands/nearly_spec.h"

#include "base/error.h"
#include "base/file_text.h"

#include <stdbool.h>
#include <string.h>

enum { HEAD_BYTES = 4096 };

/* "version: 1" or "{", after comments and empty lines. */
static bool looks_like_spec(const char *text)
{
	while (*text != '\0' && (strchr("#\r\n", *text) != NULL || strncmp(text, "---", 3) == 0)) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyz_");
	return text[0] == '{' || (word > 0 && text[word] == ':' && strchr(" \r\n", text[word + 1]) != NULL);
}

static bool is_json(const char *name)
{
	size_t length = strlen(name);
	return length > 5 && strcmp(name + length - 5, ".json") == 0;
}

void nearly_spec_hint(const char *path, struct error *err)
{
	char head[HEAD_BYTES];
	if (path == NULL || file_text_read(path, head, sizeof head) < 0)
		return;
	if (strncmp(head, "#!", 2) == 0 || (!is_json(path) && !looks_like_spec(head)))
		return;
	const struct error before = *err;
	error_word(err, before.code, before.key, "%s; if this is a spec, its name must end in .yaml or .yml",
	           before.text);
}
