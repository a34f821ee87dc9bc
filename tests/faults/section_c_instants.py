# SPDX-License-Identifier: MIT
"""C. muster itself is hit at random instants of its start and of its end."""

import signal
import time

import processes
from harness import TIME_FACTOR, check, test


def instants(t, count, numbers):
    """Starts a job `count` times and hits it once, at a random instant of its start; fails when anything is left."""
    for turn in range(count):
        delay_s = t.random.uniform(0, 0.010) * TIME_FACTOR
        number = t.random.choice(numbers)
        job = t.start("-n", 8 if turn % 2 else 64, "-k", "1s", *t.program("wait_forever"))
        time.sleep(delay_s)  # the random instant itself
        job.signal(number)
        words = f"turn {turn}, {signal.Signals(number).name} after {delay_s * 1000:.2f} ms"
        yield job, number, words
        t.drain_ready()


@test()
def a_stop_signal_at_100_random_instants_of_the_start_leaves_nothing(t):
    for job, number, words in instants(t, 100, [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]):
        code = job.wait(3)
        check(code in (128 + number, -number), f"{words}: exit code {code}\n{job.tail()}")
        check(not job.left_at_exit, f"{words}: {list(job.left_at_exit.values())[:3]} outlive muster")


@test()
def SIGKILL_of_muster_at_100_random_instants_of_the_start_leaves_nothing(t):
    for job, _, words in instants(t, 100, [signal.SIGKILL]):
        job.wait(3)
        try:
            t.expect_survivors(within_s=2)
        except Exception as problem:
            raise type(problem)(f"{words}: {problem}") from None


@test()
def SIGKILL_of_the_supervisor_at_50_random_instants_of_the_start_leaves_nothing(t):
    hit = 0
    for turn in range(50):
        job = t.start("-n", 16, "-k", "1s", *t.waiting())
        supervisor = job.supervisor()
        time.sleep(t.random.uniform(0, 0.015) * TIME_FACTOR)  # the random instant itself
        hit += processes.kill(supervisor, signal.SIGKILL)
        code = job.wait(3)
        check(code == 125, f"turn {turn}: exit code {code}\n{job.tail()}")
        check(not job.left_at_exit, f"turn {turn}: {list(job.left_at_exit.values())[:3]} outlive muster")
        t.drain_ready()
    check(hit == 50, f"only {hit} supervisors were hit")


@test()
def a_signal_at_100_random_instants_of_the_end_leaves_nothing(t):
    for turn in range(100):
        job = t.start("-n", 4, *t.program("exit_with", 0))
        time.sleep(t.random.uniform(0.004, 0.03) * TIME_FACTOR)  # the random instant itself
        job.signal(signal.SIGTERM)
        code = job.wait(3)
        check(code in (0, 143, -15), f"turn {turn}: exit code {code}\n{job.tail()}")
        check(not job.left_at_exit, f"turn {turn}: {list(job.left_at_exit.values())[:3]} outlive muster")
