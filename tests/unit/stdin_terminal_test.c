/* SPDX-License-Identifier: MIT
 *
 * stdin_feed where standard input is a terminal: muster reads it in the foreground only.
 */
#include "run_fixture.h"
#include "stdin_fixture.h"

#include "run/stdin_feed.h"

#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <uv.h>

static void wait_for_bytes(struct feeding *t, int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	while (poll(&ready, 1, 10) == 0) /* the test's alarm ends it */
		feeding_pump(t);
}

/* muster is in the background, and somebody has typed for the shell: the test is muster, in a session of its own. */
struct background {
	struct feeding t;
	int master; /* the typing end of the terminal */
	pid_t shell;
};

static void begin_in_background(struct background *b)
{
	int terminal;
	setsid();
	signal(SIGTTOU, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* at the end, when the terminal goes */
	child_must(openpty(&b->master, &terminal, NULL, NULL, NULL) == 0);
	child_must(ioctl(terminal, TIOCSCTTY, 0) == 0);
	b->shell = fork();
	if (b->shell == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		for (;;)
			pause();
	}
	setpgid(b->shell, b->shell);
	child_must(tcsetpgrp(terminal, b->shell) == 0);
	feeding_begin(&b->t, STDIN_RANK, terminal);
	feeding_start(&b->t);
	child_must(b->t.ends[0] == -1 && b->t.ends[1] >= 0);
	child_must(write(b->master, "ls\n", 3) == 3);
	wait_for_bytes(&b->t, STDIN_FILENO); /* on their way through the terminal */
	feeding_pump(&b->t);
	child_must(feeding_bytes_waiting(b->t.ends[1]) == 0 && feeding_bytes_waiting(STDIN_FILENO) == 3);
}

static void end_in_background(struct background *b)
{
	kill(b->shell, SIGKILL);
	fixture_wait(b->shell);
	close(b->master);
	feeding_end(&b->t);
}

static void come_to_the_foreground(void *unused)
{
	(void)unused;
	struct background b;
	char bytes[16];
	begin_in_background(&b);
	child_must(tcsetpgrp(STDIN_FILENO, getpgrp()) == 0);
	wait_for_bytes(&b.t, b.t.ends[1]);
	child_must(read(b.t.ends[1], bytes, sizeof bytes) == 3 && memcmp(bytes, "ls\n", 3) == 0);
	end_in_background(&b);
}

static void what_is_typed_is_not_read_until_muster_is_in_the_foreground(void **state)
{
	(void)state;
	fixture_in_child(come_to_the_foreground, NULL);
}

static void end_the_ranks_meanwhile(void *unused)
{
	(void)unused;
	struct background b;
	begin_in_background(&b);
	child_must(uv_loop_alive(&b.t.loop) != 0);
	stdin_feed_close_ranks(b.t.feed);
	feeding_pump(&b.t);
	child_must(uv_loop_alive(&b.t.loop) == 0);
	end_in_background(&b);
}

static void without_ranks_nobody_waits_for_the_foreground(void **state)
{
	(void)state;
	fixture_in_child(end_the_ranks_meanwhile, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_typed_is_not_read_until_muster_is_in_the_foreground),
		cmocka_unit_test(without_ranks_nobody_waits_for_the_foreground),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
