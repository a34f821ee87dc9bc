/* SPDX-License-Identifier: MIT
 *
 * spec_values: nodes that are one word, read by the type of their key and stored where the table of keys says.
 *
 * A quoted scalar is a text, so it is no number, no flag and no null; what is not quoted is what YAML 1.2 takes it for,
 * and "yes" is a word. Where a text is wanted, an unquoted number is the text that it was written as.
 */
#include "spec/spec_reader.h"

#include "base/error.h"
#include "spec/choice_guess.h"
#include "spec/shown.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { NAME_BYTES_MAX = 64 };

bool node_is_null(const struct yaml_node *node)
{
	return node->kind == NODE_SCALAR && !node->quoted &&
	       (node->text[0] == '\0' || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

/* Stores a number in the member's own width; an enum and an int are alike here. */
static void store(const struct spec_key *key, void *member, int64_t value)
{
	if (key->size == sizeof(int64_t)) {
		memcpy(member, &value, sizeof value);
	} else if (key->size == sizeof(uint32_t)) {
		uint32_t narrow = (uint32_t)value;
		memcpy(member, &narrow, sizeof narrow);
	} else {
		assert(key->size == 0);
	}
}

static bool in_range(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node,
                     int64_t value)
{
	char form[160];
	if (value >= key->min && value <= key->max)
		return true;
	complain(reader, key, node, "%s is out of range: it must be %s", SHOWN(node->text),
	         spec_key_form(key, form, sizeof form));
	return false;
}

static bool is_number(const char *text, int64_t *value)
{
	int rc = number_parse(text, value, NULL);
	if (rc == -ERANGE)
		*value = text[0] == '-' ? INT64_MIN : INT64_MAX;
	return rc == 0 || rc == -ERANGE;
}

/* A word that stands for a number, like auto. */
static bool find_word(const struct spec_key *key, const char *text, int64_t *value)
{
	return key->words != NULL && choice_parse(text, key->words, value, NULL) == 0;
}

static bool read_number(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node,
                        void *member)
{
	int64_t value;
	char form[160], guess[CHOICE_GUESS_BYTES];
	if (find_word(key, node->text, &value)) {
		store(key, member, value);
		return true;
	}
	if (!is_number(node->text, &value)) {
		complain(reader, key, node, "\"%s\" is not %s%s", SHOWN(node->text),
		         spec_key_form(key, form, sizeof form), choice_guess(node->text, key->words, guess));
		return false;
	}
	if (node->quoted) {
		complain(reader, key, node, "\"%s\" is a text: write %s, without quotes", SHOWN(node->text),
		         SHOWN(node->text));
		return false;
	}
	if (!in_range(reader, key, node, value))
		return false;
	store(key, member, value);
	return true;
}

/* What YAML 1.1 and other formats take for true or false. */
static const char *flag_meant(const char *text)
{
	static const char *const yes[] = {"yes", "on", "y", "true", "1"};
	static const char *const no[] = {"no", "off", "n", "false", "0"};
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		if (strcasecmp(text, yes[i]) == 0)
			return "true";
		if (strcasecmp(text, no[i]) == 0)
			return "false";
	}
	return NULL;
}

static bool read_flag(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node,
                      void *member)
{
	const char *meant = flag_meant(node->text);
	bool exact = meant != NULL && strcmp(meant, node->text) == 0;
	if (exact && !node->quoted) {
		bool value = node->text[0] == 't';
		memcpy(member, &value, sizeof value);
		return true;
	}
	if (exact)
		complain(reader, key, node, "\"%s\" is a text: write %s, without quotes", meant, meant);
	else if (meant != NULL)
		complain(reader, key, node, "\"%s\" is not true or false: write %s", SHOWN(node->text), meant);
	else
		complain(reader, key, node, "\"%s\" is not true or false", SHOWN(node->text));
	return false;
}

/* Durations, sizes, choices, signals: a parser of units gives the number. */
static int parse_unit(const struct spec_key *key, const char *text, int64_t *value, struct error *err)
{
	int signal, rc;
	switch (key->type) {
	case KEY_DURATION:
		return duration_parse(text, value, err);
	case KEY_SIZE:
		return size_parse(text, value, err);
	case KEY_SIGNAL:
		rc = signal_parse(text, &signal, err);
		if (rc == 0)
			*value = signal;
		return rc;
	default:
		return choice_parse(text, key->words, value, err);
	}
}

static bool read_unit(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node,
                      void *member)
{
	struct error err;
	int64_t value = 0;
	if (parse_unit(key, node->text, &value, &err) < 0) {
		complain(reader, key, node, "%s", err.text);
		return false;
	}
	bool ranged = key->type == KEY_DURATION || key->type == KEY_SIZE;
	if (ranged && !in_range(reader, key, node, value))
		return false;
	if (key->scale > 1 && value % key->scale != 0) {
		char unit[UNIT_TEXT_BYTES];
		complain(reader, key, node, "%s is not a whole multiple of %s", SHOWN(node->text),
		         duration_format(key->scale, unit));
		return false;
	}
	store(key, member, key->scale > 1 ? value / key->scale : value);
	return true;
}

static bool read_umask(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node,
                       mode_t *member)
{
	struct error err;
	mode_t mask;
	if (umask_parse(node->text, &mask, &err) < 0) {
		complain(reader, key, node, "%s", err.text);
		return false;
	}
	if (!node->quoted && !reader->from_option) {
		complain(reader, key, node,
		         "write \"%s\", in quotes: without them some readers of YAML take it for another number",
		         SHOWN(node->text));
		return false;
	}
	*member = mask;
	return true;
}

static bool read_stdin(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node,
                       struct job_spec *spec)
{
	int64_t value;
	char guess[CHOICE_GUESS_BYTES];
	if (find_word(key, node->text, &value)) {
		spec->stdin_to = (enum stdin_to)value;
		return true;
	}
	if (!is_number(node->text, &value)) {
		complain(reader, key, node, "\"%s\" is not none, all or a rank%s", SHOWN(node->text),
		         choice_guess(node->text, key->words, guess));
		return false;
	}
	if (value < key->min || value > key->max) {
		complain(reader, key, node, "there can be no rank %s: ranks are 0 to %d", SHOWN(node->text),
		         (int)key->max);
		return false;
	}
	spec->stdin_to = STDIN_RANK;
	spec->stdin_rank = (uint32_t)value;
	return true;
}

/* The text of a scalar, in the spec's arena; NULL after a complaint. */
char *read_text(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node)
{
	if (node->kind == NODE_REFUSED)
		return NULL;
	if (node->kind != NODE_SCALAR) {
		complain(reader, key, node, "a text is wanted here, not a %s",
		         node->kind == NODE_LIST ? "list" : "mapping; if it is one with \": \" in it, quote it");
		return NULL;
	}
	if (node_is_null(node)) {
		complain(reader, key, node, "a text is wanted here, not null: quote it, \"%s\", if it is one",
		         node->text);
		return NULL;
	}
	return arena_copy(&reader->spec->arena, node->text);
}

static bool is_name(const char *text)
{
	static const char letters[] = "._-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	return text[0] != '.' && text[0] != '-' && text[strspn(text, letters)] == '\0';
}

static bool read_word(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node,
                      char **member)
{
	if (node->text[0] == '\0') {
		complain(reader, key, node, "the text must not be empty");
		return false;
	}
	if (key->type == KEY_NAME && (!is_name(node->text) || strlen(node->text) > NAME_BYTES_MAX)) {
		complain(reader, key, node,
		         "\"%s\" is not a name: at most %d letters, digits, \".\", \"_\" and \"-\", the first no \".\" "
		         "or \"-\"",
		         SHOWN(node->text), NAME_BYTES_MAX);
		return false;
	}
	*member = arena_copy(&reader->spec->arena, node->text);
	return true;
}

/* A CPU or rank list; `set` changes only on success. */
bool read_indices(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node,
                  struct index_set *set)
{
	struct error err;
	if (node->kind == NODE_REFUSED)
		return false;
	if (node->kind != NODE_SCALAR || node_is_null(node)) {
		complain(reader, key, node, "a list is written as a text here, like \"0-3,8\"");
		return false;
	}
	if (index_set_parse(set, node->text, INDEX_SET_MAX, &err) < 0) {
		complain(reader, key, node, "%s", err.text);
		return false;
	}
	return true;
}

bool read_scalar(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node, void *member)
{
	switch (key->type) {
	case KEY_NUMBER:
		return read_number(reader, key, node, member);
	case KEY_FLAG:
		return read_flag(reader, key, node, member);
	case KEY_UMASK:
		return read_umask(reader, key, node, member);
	case KEY_TEXT:
	case KEY_NAME:
		return read_word(reader, key, node, member);
	case KEY_CPUS:
	case KEY_RANKS:
		return read_indices(reader, key, node, member);
	case KEY_STDIN:
		return read_stdin(reader, key, node, reader->spec);
	default:
		return read_unit(reader, key, node, member);
	}
}
