/* SPDX-License-Identifier: MIT
 *
 * start_word: any bytes as what the job of `muster run -d` tells the command that started it. The first four are the
 * exit code, what follows is what is to be printed; less is no word.
 */
#include "fuzz.h"

#include "base/error.h"
#include "base/text.h"
#include "job/start_word.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct start_word word = START_WORD_NONE;
	struct error err = {0};
	struct text text = {0};
	int32_t code = -1;
	EXPECT(start_word_open(&word, &err) == 0);
	EXPECT(write(word.speaking, data, size) == (ssize_t)size);
	int said = start_word_await(&word, getpid(), &text);
	EXPECT(word.listening < 0 && word.speaking < 0);
	if (size < sizeof code) {
		EXPECT(said == -EPIPE && text.length == 0);
	} else {
		memcpy(&code, data, sizeof code);
		EXPECT(said == code);
		EXPECT(code == 0 || text.length == size - sizeof code);
		EXPECT(text.length == 0 || memcmp(text.bytes, data + sizeof code, text.length) == 0);
	}
	text_finish(&text);
	return 0;
}
