/* SPDX-License-Identifier: MIT
 *
 * replay: runs a fuzz target over the files of directories, without a fuzzer: what was once found stays found, with
 * every compiler.
 */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

enum { INPUT_BYTES_MAX = 2 * 1024 * 1024 };

static void replay_file(const char *path)
{
	static uint8_t bytes[INPUT_BYTES_MAX];
	FILE *file = fopen(path, "rb");
	EXPECT(file != NULL);
	size_t size = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	LLVMFuzzerTestOneInput(bytes, size);
}

static size_t replay_directory(const char *directory)
{
	size_t count = 0;
	DIR *entries = opendir(directory);
	EXPECT(entries != NULL);
	for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
		char path[4096];
		struct stat status;
		snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
		if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
			continue;
		replay_file(path);
		count++;
	}
	closedir(entries);
	return count;
}

int main(int argc, char **argv)
{
	size_t count = 0;
	for (int i = 1; i < argc; i++)
		count += replay_directory(argv[i]);
	printf("%zu inputs\n", count);
	return count > 0 ? 0 : 1;
}
