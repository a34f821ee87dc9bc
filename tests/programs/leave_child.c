/* SPDX-License-Identifier: MIT
 *
 * leave_child plain|session|daemon THEN [ARG]: makes a descendant that resists SIGTERM and SIGHUP: a plain child, one
 * in a session of its own, or a daemon (forked twice, own session, stdio closed, in /). It says when the descendant
 * stands, then does THEN: `exit CODE`, `gate CODE` (exits once the gate opens) or `wait`.
 */
#include "helper.h"

#include <sys/wait.h>

static void stay(void)
{
	helper_begin();
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	helper_ready();
	helper_mark("descendant");
}

static void become_daemon(void)
{
	if (setsid() < 0)
		helper_give_up("setsid");
	if (fork() != 0)
		_exit(0);
	stay();
	if (chdir("/") < 0)
		helper_give_up("chdir");
	for (int fd = 0; fd < 256; fd++)
		close(fd);
	helper_wait_forever();
}

static void make_descendant(const char *kind, int said)
{
	if (strcmp(kind, "daemon") == 0)
		become_daemon();
	if (strcmp(kind, "session") == 0 && setsid() < 0)
		helper_give_up("setsid");
	stay();
	close(said);
	helper_wait_forever();
}

int main(int argc, char **argv)
{
	helper_begin();
	if (argc < 3)
		helper_give_up("usage: leave_child plain|session|daemon exit CODE|gate CODE|wait");
	int pipe_fds[2];
	char byte;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		helper_give_up("pipe");
	pid_t child = fork();
	if (child < 0)
		helper_give_up("fork");
	if (child == 0) {
		close(pipe_fds[0]);
		make_descendant(argv[1], pipe_fds[1]);
	}
	close(pipe_fds[1]);
	if (read(pipe_fds[0], &byte, 1) < 0)
		helper_give_up("read");
	if (strcmp(argv[1], "daemon") == 0)
		waitpid(child, NULL, 0);
	if (strcmp(argv[2], "wait") == 0) {
		helper_ready();
		helper_wait_forever();
	}
	if (strcmp(argv[2], "gate") == 0)
		helper_wait_gate();
	return argc > 3 ? atoi(argv[3]) : 0;
}
