/* SPDX-License-Identifier: MIT
 *
 * isolated_load: see isolated_load.h. What comes through the pipe is a parcel, then the hardware threads, the nodes and
 * the description; it is checked like anything that comes from outside, for the child may have been damaged.
 */
#include "machine/isolated_load.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/whole_write.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CPU_SECONDS_MAX = 60 };

struct parcel {
	int32_t code; /* of the loader */
	uint32_t thread_count;
	uint32_t core_count;
	uint32_t l3cache_count;
	uint32_t package_count;
	uint32_t kind_count;
	uint32_t node_count;
	uint32_t text_length; /* of the description, or of the error */
};

static void send(int fd, const void *bytes, size_t size)
{
	if (whole_write(fd, bytes, size) < 0)
		_exit(1);
}

static void send_machine(int fd, const struct machine *machine, int code, const char *text)
{
	struct parcel parcel = {
		.code = code,
		.thread_count = machine->thread_count,
		.core_count = machine->core_count,
		.l3cache_count = machine->l3cache_count,
		.package_count = machine->package_count,
		.kind_count = machine->kind_count,
		.node_count = machine->node_count,
		.text_length = (uint32_t)strlen(text),
	};
	send(fd, &parcel, sizeof parcel);
	send(fd, machine->threads, machine->thread_count * sizeof *machine->threads);
	send(fd, machine->nodes, machine->node_count * sizeof *machine->nodes);
	send(fd, text, parcel.text_length);
}

/* Nothing of how this child ends shall be seen or kept: no words, no core, no handler of the program's. */
static void become_quiet(void)
{
	static const int deadly[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGXCPU};
	const struct rlimit no_core = {0, 0}, cpu_time = {CPU_SECONDS_MAX, CPU_SECONDS_MAX + 1};
	for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
		signal(deadly[i], SIG_DFL);
	setrlimit(RLIMIT_CORE, &no_core);
	setrlimit(RLIMIT_CPU, &cpu_time);
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (nowhere >= 0) {
		dup2(nowhere, STDOUT_FILENO);
		dup2(nowhere, STDERR_FILENO);
	}
}

static _Noreturn void run_child(int fd, machine_loader *load, const void *source)
{
	struct machine machine = {0};
	struct error err = {0};
	become_quiet();
	int rc = load(&machine, source, &err);
	send_machine(fd, &machine, rc, rc < 0 ? err.text : machine.description);
	_exit(0);
}

static void receive(int fd, struct text *received)
{
	char piece[4096];
	for (;;) {
		ssize_t got = read(fd, piece, sizeof piece);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return;
		text_add_bytes(received, piece, (size_t)got);
	}
}

static bool is_below(uint32_t number, uint32_t count)
{
	return number < count || number == NO_OBJECT;
}

static bool is_sound_thread(const struct parcel *parcel, const struct hardware_thread *thread)
{
	bool has_place = thread->core < parcel->core_count && thread->package < parcel->package_count;
	return thread->cpu <= INDEX_SET_MAX && thread->access <= THREAD_OUTSIDE_AFFINITY &&
	       thread->kind < parcel->kind_count && is_below(thread->l3cache, parcel->l3cache_count) &&
	       is_below(thread->numa, parcel->node_count) && (has_place || thread->access == THREAD_OFFLINE);
}

static bool is_whole(const struct parcel *parcel, size_t received)
{
	size_t size = sizeof *parcel + (size_t)parcel->thread_count * sizeof(struct hardware_thread) +
	              (size_t)parcel->node_count * sizeof(struct numa_node) + parcel->text_length;
	uint32_t most = parcel->thread_count; /* no object is without a hardware thread */
	return size == received && parcel->core_count <= most && parcel->l3cache_count <= most &&
	       parcel->package_count <= most && parcel->kind_count <= most;
}

/* false: what came is not a whole and sound parcel. */
static bool unpack(struct machine *machine, const struct parcel *parcel, const char *bytes)
{
	size_t threads_size = parcel->thread_count * sizeof *machine->threads;
	size_t nodes_size = parcel->node_count * sizeof *machine->nodes;
	*machine = (struct machine){
		.threads = memory_zeroed(threads_size + 1),
		.nodes = memory_zeroed(nodes_size + 1),
		.description = memory_zeroed((size_t)parcel->text_length + 1),
		.thread_count = parcel->thread_count,
		.core_count = parcel->core_count,
		.l3cache_count = parcel->l3cache_count,
		.package_count = parcel->package_count,
		.kind_count = parcel->kind_count,
		.node_count = parcel->node_count,
	};
	memcpy(machine->threads, bytes, threads_size);
	memcpy(machine->nodes, bytes + threads_size, nodes_size);
	memcpy(machine->description, bytes + threads_size + nodes_size, parcel->text_length);
	for (uint32_t i = 0; i < machine->thread_count; i++) {
		if (!is_sound_thread(parcel, &machine->threads[i])) {
			machine_finish(machine);
			return false;
		}
		if (machine->threads[i].access == THREAD_ALLOWED)
			index_set_add(&machine->allowed, machine->threads[i].cpu);
	}
	return true;
}

static int take(struct machine *machine, const struct text *received, struct error *err)
{
	struct parcel parcel;
	if (received->length >= sizeof parcel) {
		memcpy(&parcel, received->bytes, sizeof parcel);
		const char *rest = received->bytes + sizeof parcel;
		if (is_whole(&parcel, received->length)) {
			if (parcel.code < 0)
				return error_set(err, parcel.code, "%.*s", (int)parcel.text_length, rest);
			if (unpack(machine, &parcel, rest))
				return 0;
		}
	}
	return error_set(err, -EINVAL, "hwloc fails on this topology: it is damaged");
}

int isolated_load(struct machine *machine, machine_loader *load, const void *source, struct error *err)
{
	int ends[2];
	struct text received = {0};
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
	pid_t child = fork();
	if (child < 0) {
		int code = -errno;
		close(ends[0]);
		close(ends[1]);
		return error_set(err, code, "cannot start a process to read the topology in: %s", strerror(-code));
	}
	if (child == 0)
		run_child(ends[1], load, source);
	close(ends[1]);
	receive(ends[0], &received);
	close(ends[0]);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	int rc = take(machine, &received, err);
	text_finish(&received);
	return rc;
}
