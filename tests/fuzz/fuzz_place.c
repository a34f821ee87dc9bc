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

__attribute__((weak)) void __sanitizer_set_report_fd(void *fd);

static char place[PATH_MAX];
static int spoken[2] = {-1, -1}, nowhere = -1;

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

void fuzz_hush(void)
{
	if (nowhere < 0) {
		nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
		spoken[0] = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		spoken[1] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
		EXPECT(nowhere >= 0 && spoken[0] >= 0 && spoken[1] >= 0);
		if (__sanitizer_set_report_fd != NULL)
			__sanitizer_set_report_fd((void *)(intptr_t)spoken[1]);
	}
	fflush(stdout);
	EXPECT(dup2(nowhere, STDOUT_FILENO) >= 0 && dup2(nowhere, STDERR_FILENO) >= 0);
}

void fuzz_speak(void)
{
	fflush(stdout);
	EXPECT(dup2(spoken[0], STDOUT_FILENO) >= 0 && dup2(spoken[1], STDERR_FILENO) >= 0);
}
