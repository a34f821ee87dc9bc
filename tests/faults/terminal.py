# SPDX-License-Identifier: MIT
"""A real terminal for the tests: a pseudo terminal whose other end the test holds, with or without a shell in it."""

import os
import pty
import re
import select
import subprocess
import termios
import time

from harness import TIME_FACTOR, Failure, check, eventually


class Terminal:
    """The keyboard and the screen of a terminal; `path` is what a program opens."""

    def __init__(self, t):
        self.test = t
        self.keyboard, self.line = pty.openpty()
        self.path = os.ttyname(self.line)
        self.screen = b""
        self.shell = None
        t.at_end.append(self.close)

    def close(self):
        for end in ("keyboard", "line"):
            fd = getattr(self, end)
            if fd is not None:
                os.close(fd)
                setattr(self, end, None)
        if self.shell and self.shell.poll() is None:
            self.shell.kill()
            self.shell.wait()

    def hang_up(self):
        """What closing the window does: the last descriptor of the other end goes away, and the shell with it."""
        self.release_line()
        if self.shell:
            self.test.own_pids.discard(self.shell.pid)
        os.close(self.keyboard)
        self.keyboard = None

    def release_line(self):
        if self.line is not None:
            os.close(self.line)
            self.line = None

    def press(self, keys):
        os.write(self.keyboard, keys)

    def read(self):
        """Takes what has come to the screen; never waits."""
        while self.keyboard is not None and select.select([self.keyboard], [], [], 0)[0]:
            try:
                got = os.read(self.keyboard, 65536)
            except OSError:  # EIO: nobody has the other end
                return self.screen
            if not got:
                return self.screen
            self.screen += got
        return self.screen

    def wait_for(self, pattern, within_s=10):
        """Waits until the screen shows the pattern behind what was waited for before; returns the match."""
        deadline = time.monotonic() + within_s * TIME_FACTOR
        while True:
            found = re.search(pattern.encode(), self.read(), re.S)
            if found:
                self.screen = self.screen[found.end() :]
                return found
            if time.monotonic() > deadline:
                raise Failure(f"the terminal does not show /{pattern}/ but {self.screen[-600:]!r}")
            time.sleep(0.005)

    def foreground(self):
        """The process group that the keyboard's signals go to."""
        return os.tcgetpgrp(self.keyboard)

    def stop_background_writers(self):
        """As `stty tostop`."""
        attributes = termios.tcgetattr(self.keyboard)
        attributes[3] |= termios.TOSTOP
        termios.tcsetattr(self.keyboard, termios.TCSANOW, attributes)

    def start_shell(self):
        """An interactive bash in this terminal, with job control."""
        environment = self.test.environment({"PS1": "% ", "TERM": "dumb", "HISTFILE": ""})
        words = self.test.program("start_with", f"terminal={self.path}", "--", "bash", "--norc", "--noprofile", "-i")
        self.shell = subprocess.Popen(words, env=environment, cwd=self.test.dir)
        self.test.own_pids.add(self.shell.pid)
        self.wait_for("% ")
        self.type("stty -echo; bind 'set enable-bracketed-paste off' 2>/dev/null; echo up $((1+1))")
        self.wait_for("up 2\r\n.*% ")
        self.release_line()
        return self.shell

    def type(self, line):
        self.press(line.encode() + b"\n")

    def expect_exit_code(self, wanted):
        """Asks the shell what its last command ended with."""
        self.type("echo code=$?")
        found = self.wait_for(r"code=(\d+)\r\n")
        seen = int(found.group(1))
        check(seen == wanted, f"the shell saw the exit code {seen}, not {wanted}; {self.screen[-400:]!r}")

    def wait_for_prompt(self, within_s=10):
        eventually(lambda: self.foreground() == self.shell.pid, "the shell has its terminal back", within_s)
