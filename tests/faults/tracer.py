# SPDX-License-Identifier: MIT
"""A tracer that holds a process, as a debugger at its prompt does."""

import contextlib
import ctypes
import os

from harness import Skip, eventually
import processes

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207


@contextlib.contextmanager
def hold(pid):
    """The thread that enters must be the one that leaves: tracing belongs to it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

    def ask(request):
        if libc.ptrace(request, pid, None, None) != 0:
            raise Skip(f"tracing is not allowed: {os.strerror(ctypes.get_errno())}")

    ask(PTRACE_SEIZE)
    ask(PTRACE_INTERRUPT)
    eventually(lambda: processes.state(pid) == "t", "the tracer holds it", 2)
    try:
        yield
    finally:
        if libc.ptrace(PTRACE_DETACH, pid, None, None) != 0:  # it is dead: the tracer takes note, or it was reaped
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
