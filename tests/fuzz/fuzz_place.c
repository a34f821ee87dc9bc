/* SPDX-License-Identifier: MIT
 *
 * fuzz_place: see fuzz_place.h.
 */
#include "fuzz_place.h"

#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <unistd.h>

static char place[PATH_MAX];

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	(void)type;
	(void)at;
	return remove(path);
}

static void remove_place(void)
{
	nftw(place, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_place(void)
{
	const char *root = getenv("TMPDIR");
	if (place[0] != '\0')
		return place;
	if (root == NULL)
		root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(place, sizeof place, "%s/muster-fuzz-XXXXXX", root);
	EXPECT(mkdtemp(place) != NULL);
	EXPECT(atexit(remove_place) == 0);
	return place;
}

void fuzz_put(const char *name, const char *bytes, size_t length)
{
	char path[PATH_MAX];
	EXPECT(snprintf(path, sizeof path, "%s/%s", fuzz_place(), name) < (int)sizeof path);
	if (bytes == NULL) {
		unlink(path);
		return;
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	EXPECT(fd >= 0 && write(fd, bytes, length) == (ssize_t)length);
	close(fd);
}
