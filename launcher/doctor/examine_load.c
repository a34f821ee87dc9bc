/* SPDX-License-Identifier: MIT
 *
 * examine_load: how busy the CPUs are while this process sleeps, and how fast they may go.
 */
#include "doctor/cpu_times.h"
#include "doctor/examine.h"

#include "base/text.h"
#include "machine/small_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOOK_MS = 250 };

#define LITTLE 0.05 /* of all CPUs: what every large machine has to do */

static void judge_load(struct findings *findings, const struct cpu_times *times)
{
	double a_cpu = (double)times->all / times->cpus;
	double busy = (double)times->busy / a_cpu, stolen = (double)times->stolen / a_cpu;
	struct finding *finding = findings_add(findings, "cpus.load",
	                                       "others keep %.1f of %" PRIu32 " CPUs busy now, the host takes %.1f",
	                                       busy, times->cpus, stolen);
	finding_set_value(finding, busy + stolen);
	if (busy + stolen < 0.5 || busy + stolen < LITTLE * times->cpus)
		return;
	finding_grade_as(finding, busy + stolen < 0.5 * times->cpus ? FINDING_NOTE : FINDING_WARNING,
	                 "ranks on these CPUs get what is left, and those that wait for them wait longer",
	                 "see top for who it is; what the host takes goes to other machines on it");
}

void examine_load(struct findings *findings, const struct index_set *cpus)
{
	const struct timespec look = {.tv_nsec = LOOK_MS * 1000000L};
	struct cpu_times before, after;
	if (!cpu_times_read(&before, "", cpus))
		return;
	nanosleep(&look, NULL);
	if (!cpu_times_read(&after, "", cpus))
		return;
	struct cpu_times between = cpu_times_between(&before, &after);
	if (between.all > 0)
		judge_load(findings, &between);
}

/* --- frequency --- */

static char *read_setting(const char *root, uint32_t cpu, const char *name)
{
	struct text path = {0};
	text_add_format(&path, "/sys/devices/system/cpu/cpu%" PRIu32 "/cpufreq/%s", cpu, name);
	char *value = small_file_read_line(root, path.bytes);
	text_finish(&path);
	return value;
}

/* With these drivers the processor chooses the frequency, and the word is a hint to it. */
static bool chooses_itself(const char *driver)
{
	return driver != NULL && (strcmp(driver, "intel_pstate") == 0 || strcmp(driver, "amd-pstate-epp") == 0);
}

void examine_frequency(struct findings *findings, const char *root, const struct index_set *cpus)
{
	uint32_t slow = 0;
	char *shown = NULL;
	for (index_set_each(cpus, cpu)) {
		char *governor = read_setting(root, cpu, "scaling_governor");
		char *driver = read_setting(root, cpu, "scaling_driver");
		slow += governor != NULL && strcmp(governor, "powersave") == 0 && !chooses_itself(driver);
		if (shown == NULL && governor != NULL)
			shown = governor;
		else
			free(governor);
		free(driver);
	}
	if (shown == NULL)
		return;
	struct finding *finding;
	if (slow == 0) {
		finding = findings_add(findings, "cpus.frequency", "frequency governor %s", shown);
	} else {
		finding = findings_add(findings, "cpus.frequency",
		                       "frequency governor powersave on %" PRIu32 " of %" PRIu32 " CPUs", slow,
		                       index_set_count(cpus));
		finding_grade_as(finding, FINDING_WARNING, "they stay at their lowest frequency, whatever runs on them",
		                 "cpupower frequency-set -g performance, on the host");
	}
	finding_set_value(finding, slow);
	free(shown);
}
