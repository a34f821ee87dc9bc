/* SPDX-License-Identifier: MIT
 *
 * error: the message object that goes down while a return code goes up.
 *
 * Whoever first knows a cause words it: lower case, exact, with the value that was wrong and what to do.
 * It is printed once, by the command, at the top. Nothing below commands/ prints. The text is one printable line,
 * whatever the names and values hold that it shows. An error that is about a key of the spec carries its path, and
 * leaves it out of the text: the command says where the user wrote the key.
 *
 *     if (chdir(path) < 0)
 *             return error_set(err, -errno, "cannot enter %s: %s", path, strerror(errno));
 *     if (limit < needed)
 *             return error_set_key(err, -ENOMEM, "limits.memory", "%d bytes are too few", limit);
 */
#ifndef MUSTER_BASE_ERROR_H
#define MUSTER_BASE_ERROR_H

enum { ERROR_KEY_BYTES = 64 };

struct error {
	int code;                  /* 0, or a negative errno */
	char key[ERROR_KEY_BYTES]; /* "placement.cpu_set", "ranks[2].stdout"; "": of no key */
	char text[1024];
};

/* Words the error and returns `code`, which must be negative. `err` may be NULL. Longer text is cut, never overrun. */
#define error_set(err, code, ...)          error_negative(error_word((err), (code), "", __VA_ARGS__))
#define error_set_key(err, code, key, ...) error_negative(error_word((err), (code), (key), __VA_ARGS__))

int error_word(struct error *err, int code, const char *key, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* What error_word asserts, where compilers and analysers of a caller can see it: after `rc < 0` the outputs are set. */
static inline int error_negative(int code)
{
	if (code >= 0)
		__builtin_unreachable();
	return code;
}

/* Puts "context: " before the text that is there, for a caller that knows where; returns the code it already had. */
int error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The error that is there is about `key`, for a caller that knows for what something was wanted. */
void error_about(struct error *err, const char *key);

#endif
