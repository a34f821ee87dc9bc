/* SPDX-License-Identifier: MIT
 *
 * fuzz_hush: see fuzz_hush.h.
 */
#include "fuzz_hush.h"

#include "fuzz.h"

#include <fcntl.h>
#include <unistd.h>

__attribute__((weak)) void __sanitizer_set_report_fd(void *fd);

static int spoken[2] = {-1, -1}, nowhere = -1;

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
