/* SPDX-License-Identifier: MIT
 *
 * start_word: what a detached job says of its start arrives whole and once, its silence is noticed, and signals reach
 * it while it is waited for.
 */
#include "run_fixture.h"

#include "base/text.h"
#include "job/start_word.h"
#include "run/signals.h"

#include <sys/resource.h>

enum { LONGEST = 32 * 1024 };

static struct start_word begin(void)
{
	struct start_word word = START_WORD_NONE;
	struct error err = {0};
	alarm(FIXTURE_LIFE_S);
	assert_int_equal(start_word_open(&word, &err), 0);
	return word;
}

/* A guard that says this and ends. */
static pid_t say_in_child(struct start_word *word, int exit_code, const char *text)
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		start_word_say(word, exit_code, text);
		start_word_say(word, 99, "what comes second");
		_exit(0);
	}
	return child;
}

static void reap(pid_t child)
{
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void the_code_and_the_words_of_a_failure_arrive_whole(void **state)
{
	(void)state;
	static const struct {
		int code;
		const char *text;
	} words[] = {{0, ""}, {3, "muster: rank 0 exited with code 3\n"}, {255, ""}, {125, "x"}};
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		struct start_word word = begin();
		struct text text = {0};
		pid_t guard = say_in_child(&word, words[i].code, words[i].text);
		assert_int_equal(start_word_await(&word, guard, &text), words[i].code);
		assert_string_equal(text.length > 0 ? text.bytes : "", words[i].text);
		assert_true(word.listening < 0 && word.speaking < 0);
		text_finish(&text);
		reap(guard);
	}
}

static void of_words_without_end_the_beginning_is_said_and_nobody_is_blocked(void **state)
{
	(void)state;
	struct start_word word = begin();
	struct text text = {0};
	char *much = calloc(1, 4 * LONGEST + 1);
	assert_non_null(much);
	memset(much, 'x', 4 * LONGEST);
	start_word_say(&word, 7, much); /* in this process: it would never return */
	assert_int_equal(start_word_await(&word, getpid(), &text), 7);
	assert_int_equal(text.length, LONGEST);
	text_finish(&text);
	free(much);
}

static void the_end_without_a_word_is_no_word(void **state)
{
	(void)state;
	for (size_t bytes = 0; bytes < sizeof(int32_t); bytes++) {
		struct start_word word = begin();
		struct text text = {0};
		assert_int_equal(write(word.speaking, "\0\0\0", bytes), bytes);
		assert_int_equal(start_word_await(&word, getpid(), &text), -EPIPE);
		assert_int_equal(text.length, 0);
	}
}

static void who_asked_may_be_gone_and_without_a_word_nobody_is_told(void **state)
{
	(void)state;
	struct start_word word = begin(), none = START_WORD_NONE;
	signal(SIGPIPE, SIG_IGN);
	close(word.listening);
	start_word_say(&word, 0, "");
	assert_true(word.speaking < 0);
	start_word_say(&none, 0, "");
	signal(SIGPIPE, SIG_DFL);
}

/* The guard is told of the signal, and of none before it. */
static void signals_are_handed_on_while_one_waits(void **state)
{
	(void)state;
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	sigset_t before;
	sigprocmask(SIG_SETMASK, NULL, &before);
	signals_block();
	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		struct start_word word = begin();
		struct text text = {0};
		pid_t guard = fork();
		if (guard == 0) {
			sigset_t one;
			int got = 0;
			sigemptyset(&one);
			sigaddset(&one, signals[i]);
			sigwait(&one, &got);
			start_word_say(&word, 128 + got, "");
			_exit(0);
		}
		kill(getpid(), signals[i]);
		assert_int_equal(start_word_await(&word, guard, &text), 128 + signals[i]);
		reap(guard);
		text_finish(&text);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void limit_files(struct rlimit *before, rlim_t most)
{
	assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
	const struct rlimit low = {most, before->rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
}

static void without_descriptors_there_is_no_word_and_it_is_said_why(void **state)
{
	(void)state;
	struct start_word word = START_WORD_NONE;
	struct error err = {0};
	struct rlimit before;
	limit_files(&before, 3);
	int rc = start_word_open(&word, &err);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(rc, -EMFILE);
	assert_non_null(strstr(err.text, "cannot make a pipe to the detached job"));
	assert_true(word.listening < 0 && word.speaking < 0);
}

static void without_a_descriptor_for_signals_the_word_is_still_heard(void **state)
{
	(void)state;
	struct start_word word = begin();
	struct text text = {0};
	struct rlimit before;
	start_word_say(&word, 4, "why");
	int lowest = dup(word.listening);
	close(lowest);
	limit_files(&before, (rlim_t)(lowest < word.listening ? lowest : word.listening));
	int code = start_word_await(&word, getpid(), &text);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(code, 4);
	assert_string_equal(text.bytes, "why");
	text_finish(&text);
}

/* What a process in the background has: 0 when all is as it should be. */
static int look_around(struct start_word *word, int log)
{
	char byte;
	if (start_word_become_background(word, log, NULL) != 0)
		return 1;
	if (word->listening >= 0 || getsid(0) != getpid())
		return 2;
	if (read(STDIN_FILENO, &byte, 1) != 0)
		return 3;
	if (write(STDOUT_FILENO, "out ", 4) != 4 || write(STDERR_FILENO, "err", 3) != 3)
		return 4;
	return open("/dev/tty", O_RDWR | O_CLOEXEC) >= 0 ? 5 : 0;
}

static void in_the_background_there_is_a_log_and_no_terminal(void **state)
{
	(void)state;
	struct start_word word = begin();
	char *place = test_directory_make(), path[PATH_MAX], said[16] = "";
	int status, log;
	snprintf(path, sizeof path, "%s/log", place);
	log = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(log >= 0);
	pid_t child = fork();
	if (child == 0)
		_exit(look_around(&word, log));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(pread(log, said, sizeof said - 1, 0), 7);
	assert_string_equal(said, "out err");
	close(log);
	close(word.listening);
	close(word.speaking);
	test_directory_remove(place);
}

static void without_a_log_there_is_no_background(void **state)
{
	(void)state;
	struct start_word word = begin();
	int status;
	pid_t child = fork();
	if (child == 0)
		_exit(-start_word_become_background(&word, -1, NULL));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), EBADF);
	close(word.listening);
	close(word.speaking);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_code_and_the_words_of_a_failure_arrive_whole),
		cmocka_unit_test(of_words_without_end_the_beginning_is_said_and_nobody_is_blocked),
		cmocka_unit_test(the_end_without_a_word_is_no_word),
		cmocka_unit_test(who_asked_may_be_gone_and_without_a_word_nobody_is_told),
		cmocka_unit_test(signals_are_handed_on_while_one_waits),
		cmocka_unit_test(without_descriptors_there_is_no_word_and_it_is_said_why),
		cmocka_unit_test(without_a_descriptor_for_signals_the_word_is_still_heard),
		cmocka_unit_test(in_the_background_there_is_a_log_and_no_terminal),
		cmocka_unit_test(without_a_log_there_is_no_background),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
