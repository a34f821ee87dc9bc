/* SPDX-License-Identifier: MIT
 *
 * control: any lines as the messages of a client of a job's socket, through the real server. Each is answered by one
 * JSON object within the bound, or ends the connection, and the server takes the next client; nobody is signalled but
 * ranks that run, and only by a signal that exists.
 *
 * The first byte says whether the job is at its end, and how many ranks it has.
 */
#include "fuzz.h"
#include "fuzz_place.h"

#include "base/error.h"
#include "base/index_set.h"
#include "job/control_server.h"
#include "job/control_words.h"
#include "plan/launch_plan.h"
#include "plan/placement.h"
#include "run/job_result.h"
#include "run/supervisor_control.h"

#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { RANKS = 600, MANY = 128 };

/* --- a job, as far as the words look at it --- */

static struct job_result result;
static struct rank_result ranks[RANKS];
static struct rank_plan plans[RANKS];
static struct rank_placement places[RANKS];
static pid_t pids[RANKS];
static struct launch_plan plan = {.ranks = plans};

static void make_job(void)
{
	for (uint32_t r = 0; r < RANKS; r++) {
		ranks[r].end = r % 3 == 0 ? RANK_EXITED : r % 3 == 1 ? RANK_SIGNALED : RANK_NOT_STARTED;
		ranks[r].signal = (int)(r % 64) + 1;
		pids[r] = r % 50 == 0 ? getpid() : 0;
		for (uint32_t cpu = 0; cpu < 40; cpu++)
			index_set_add(&places[r].cpus, r + cpu * 2);
		plans[r] = (struct rank_plan){.rank = r, .place = &places[r]};
	}
	result.ranks = ranks;
}

struct job_state supervisor_look(const struct supervisor *s)
{
	EXPECT(s != NULL);
	return (struct job_state){.name = "running", .result = &result, .pids = pids, .running = 1};
}

struct rank_wait supervisor_rank_wait(const struct supervisor *s, uint32_t local_rank)
{
	EXPECT(s != NULL && local_rank < result.nprocs);
	return (struct rank_wait){.kind = local_rank % 5, .peer = 1, .for_ns = 7, .label = "\x01\x02\xff'\"\\"};
}

void supervisor_stop(struct supervisor *s, int64_t grace_ms)
{
	EXPECT(s != NULL && grace_ms >= -1 && grace_ms <= INT32_MAX);
}

uint32_t supervisor_signal(struct supervisor *s, int signal, const struct index_set *chosen)
{
	EXPECT(s != NULL && signal >= 1 && signal <= 64);
	if (chosen != NULL)
		for (index_set_each(chosen, rank))
			EXPECT(rank < result.nprocs);
	return 1;
}

/* --- the server, and a client --- */

static struct control_subject subject = {.plan = &plan};
static struct control_server *server;
static uv_loop_t loop;

static void begin(void)
{
	struct error err = {0};
	if (server != NULL)
		return;
	setenv("XDG_RUNTIME_DIR", fuzz_place(), 1);
	make_job();
	EXPECT(uv_loop_init(&loop) == 0);
	server = control_server_create("fuzz-1", &loop, control_words_answer, &subject, &err);
	EXPECT(server != NULL);
}

static void turn(void)
{
	for (int i = 0; i < 4; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
}

static int connect_client(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", control_server_path(server));
	EXPECT(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
	turn();
	return fd;
}

static void expect_answer(const char *bytes, size_t length)
{
	EXPECT(length < CONTROL_MESSAGE_BYTES);
	json_t *answer = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);
	const char *refused = json_string_value(json_object_get(answer, "error"));
	EXPECT(json_is_object(answer));
	EXPECT(refused == NULL || strcmp(refused, "no memory") != 0);
	json_decref(answer);
}

static void ask(int fd, const char *message, size_t length)
{
	static char bytes[CONTROL_MESSAGE_BYTES];
	if (send(fd, message, length, MSG_NOSIGNAL) != (ssize_t)length)
		return;
	turn();
	ssize_t got = recv(fd, bytes, sizeof bytes, 0);
	if (got > 0)
		expect_answer(bytes, (size_t)got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char good[] = "{\"do\":\"status\"}";
	static char supervisor; /* of which nothing is known here but where it is */
	if (size < 1)
		return 0;
	begin();
	subject.supervisor = data[0] % 2 == 0 ? NULL : (struct supervisor *)&supervisor;
	result.nprocs = plan.nprocs = 1 + data[0] * (RANKS - 1) / UINT8_MAX;
	char *text = fuzz_text(data + 1, size - 1), *next = text;
	int fd = connect_client();
	for (int i = 0; next != NULL && i < MANY; i++) {
		char *message = strsep(&next, "\n");
		ask(fd, message, next == NULL ? (size_t)(text + size - 1 - message) : (size_t)(next - 1 - message));
	}
	close(fd);
	turn();
	fd = connect_client();
	ask(fd, good, sizeof good - 1);
	close(fd);
	turn();
	free(text);
	return 0;
}
