/* SPDX-License-Identifier: MIT
 *
 * job_id: see job_id.h.
 */
#include "job/job_id.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { NAME_MOST = 64, TIME_DIGITS = 8, RANDOM_DIGITS = 3, SUFFIX_BYTES = 1 + TIME_DIGITS + RANDOM_DIGITS };

#define BEGIN_2026_S INT64_C(1767225600)

/* Without i, l, o, u: nobody reads 1 for l, or meets words. */
static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

static void add_digits(char *at, uint64_t value, int count)
{
	for (int i = count - 1; i >= 0; i--, value /= 32)
		at[i] = digits[value % 32];
	at[count] = '\0';
}

static bool is_fine(char c)
{
	return isalnum((unsigned char)c) || strchr("._+-", c) != NULL;
}

void job_id_make(char id[static JOB_ID_SIZE], const char *name, int64_t ms, uint32_t random)
{
	snprintf(id, NAME_MOST + 1, "%s", name);
	for (char *at = id; *at != '\0'; at++)
		if (!is_fine(*at) || (at == id && (*at == '.' || *at == '-')))
			*at = '_';
	size_t length = strlen(id);
	id[length++] = '-';
	add_digits(id + length, ms > 0 ? (uint64_t)ms : 0, TIME_DIGITS);
	add_digits(id + length + TIME_DIGITS, random, RANDOM_DIGITS);
}

void job_id_make_now(char id[static JOB_ID_SIZE], const char *name)
{
	struct timespec now;
	uint32_t random;
	clock_gettime(CLOCK_REALTIME, &now);
	if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
		random = (uint32_t)now.tv_nsec;
	job_id_make(id, name, ((int64_t)now.tv_sec - BEGIN_2026_S) * 1000 + now.tv_nsec / 1000000, random);
}

const char *job_id_suffix(const char *id)
{
	size_t length = strlen(id);
	return length > SUFFIX_BYTES ? id + length - SUFFIX_BYTES : id;
}

bool job_id_is_one_of(const char *id, uint32_t many)
{
	const char *suffix = job_id_suffix(id);
	uint32_t random = 0;
	if (suffix == id)
		return false;
	for (const char *at = suffix + 1 + TIME_DIGITS; *at != '\0'; at++) {
		const char *digit = strchr(digits, *at);
		if (digit == NULL)
			return false;
		random = random * 32 + (uint32_t)(digit - digits);
	}
	return random % many == 0;
}

bool job_id_is_valid(const char *id)
{
	size_t length = strlen(id);
	if (length == 0 || length >= JOB_ID_SIZE || id[0] == '.' || id[0] == '-')
		return false;
	for (const char *at = id; *at != '\0'; at++)
		if (!is_fine(*at))
			return false;
	return true;
}
