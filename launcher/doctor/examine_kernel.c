/* SPDX-License-Identifier: MIT
 *
 * examine_kernel: what the kernel is, what this user may ask of it, and what reading the clock costs.
 */
#include "doctor/examine.h"

#include "base/named_line.h"
#include "base/text.h"
#include "machine/small_file.h"

#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OLDEST_MAJOR = 5, OLDEST_MINOR = 10, READINGS = 200, ROUNDS = 20, SLOW_CLOCK_NS = 150 };

static void examine_release(struct findings *findings, const char *root)
{
	char *release = small_file_read_line(root, "/proc/sys/kernel/osrelease");
	int major = 0, minor = 0;
	if (release == NULL)
		return;
	struct finding *finding = findings_add(findings, "kernel.release", "Linux %s", release);
	bool known = sscanf(release, "%d.%d", &major, &minor) == 2;
	if (known && (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR)))
		finding_grade_as(finding, FINDING_WARNING, "muster is made for Linux 5.10 and later", "a later kernel");
	free(release);
}

/* --- rights --- */

/* What root is expected to have, and jobs can ask for. */
static const struct {
	int number;
	const char *name;
	const char *without;
} capabilities[] = {
	{CAP_KILL, "KILL", "ranks of another user cannot be stopped"},
	{CAP_SETGID, "SETGID", "user: is refused"},
	{CAP_SETUID, "SETUID", "user: is refused"},
	{CAP_SYS_NICE, "SYS_NICE", "limits.nice cannot be negative"},
	{CAP_SYS_PTRACE, "SYS_PTRACE", "debuggers may not attach"},
	{CAP_SYS_RESOURCE, "SYS_RESOURCE", "no limit goes above its hard one"},
};

static void examine_capabilities(struct findings *findings, const char *status)
{
	static const char root[] = "\t0\t0\t"; /* real and effective */
	const char *user = named_line(status, "Uid:"), *mask = named_line(status, "CapEff:");
	bool is_root = user != NULL && strncmp(user, root, sizeof root - 1) == 0;
	uint64_t effective = mask != NULL ? strtoull(mask, NULL, 16) : 0;
	struct text missing = {0};
	for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++)
		if ((effective >> capabilities[i].number & 1) == 0)
			text_add_format(&missing, "%s%s (%s)", missing.length > 0 ? ", " : "", capabilities[i].name,
			                capabilities[i].without);
	if (!is_root)
		findings_add(findings, "kernel.capabilities", "not root, and jobs need no capabilities");
	else if (missing.length == 0)
		findings_add(findings, "kernel.capabilities", "root, with the capabilities that jobs can make use of");
	else
		finding_grade_as(findings_add(findings, "kernel.capabilities", "root without %s", missing.bytes),
		                 FINDING_NOTE,
		                 "jobs that ask for one of these are refused or go without; all others run",
		                 "docker run --cap-add, for what a job makes use of and nothing else");
	text_finish(&missing);
}

static void examine_filter(struct findings *findings, const char *status)
{
	if (named_line_number(status, "Seccomp:") <= 0)
		findings_add(findings, "kernel.seccomp", "no seccomp filter");
	else
		findings_add(
			findings, "kernel.seccomp",
			"a seccomp filter is in force; calls that it was seen to refuse have findings of their own");
	if (named_line_number(status, "NoNewPrivs:") > 0)
		finding_grade_as(findings_add(findings, "kernel.no_new_privileges", "no_new_privs is set"),
		                 FINDING_NOTE,
		                 "set-user-ID programs (sudo, ping, some MPI helpers) get no rights in ranks",
		                 "nothing, unless a rank needs one: then without --security-opt no-new-privileges");
}

/* --- the clock --- */

/* The quickest of some rounds: what others take from them is no cost of the clock. */
static double measure_reading_ns(void)
{
	double best = 1e9;
	for (int round = 0; round < ROUNDS; round++) {
		struct timespec begin, end, at;
		clock_gettime(CLOCK_MONOTONIC, &begin);
		for (int i = 0; i < READINGS; i++)
			clock_gettime(CLOCK_MONOTONIC, &at);
		clock_gettime(CLOCK_MONOTONIC, &end);
		double ns = (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
		best = ns / READINGS < best ? ns / READINGS : best;
	}
	return best;
}

static void examine_clock(struct findings *findings, const char *root)
{
	char *source = small_file_read_line(root, "/sys/devices/system/clocksource/clocksource0/current_clocksource");
	double ns = measure_reading_ns();
	struct finding *finding = findings_add(findings, "kernel.clock", "clock source %s, read in %.0f ns",
	                                       source != NULL ? source : "unknown", ns);
	finding_set_value(finding, ns);
	if (ns >= SLOW_CLOCK_NS)
		finding_grade_as(finding, FINDING_WARNING,
		                 "each reading enters the kernel or the host: barriers, messages with a time limit and "
		                 "programs that measure are slower",
		                 "make the host use tsc where it is reliable (clocksource=tsc)");
	free(source);
}

void examine_kernel(struct findings *findings, const char *root)
{
	char *status = small_file_read(root, "/proc/self/status");
	examine_release(findings, root);
	if (status != NULL) {
		examine_capabilities(findings, status);
		examine_filter(findings, status);
	}
	examine_clock(findings, root);
	free(status);
}
