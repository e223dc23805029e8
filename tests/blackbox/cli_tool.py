"""Running the program ucpki in tests: in a pipe, or on a terminal of its own."""
import atexit
import fcntl
import functools
import os
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import time

import harness
from harness import PROGRAM, SANITIZER_EXIT, SANITIZER_WORDS

SECONDS = 120
# ioctl_tty(2); the termios module of Python 3.11 does not have them.
TIOCGPTN, TIOCSPTLCK = 0x80045430, 0x40045431


def environment(home, **other):
    return harness.environment(HOME=home, TERM="vt100", **other)


def run(*words, socket=None, home="/nonexistent", stdin=b"", **env):
    """Runs a command in pipes, whatever its exit status; returns a Result of the harness."""
    options = ["--socket", socket] if socket else []
    return harness.run(PROGRAM, *options, *words, input=stdin, check=False, env=environment(home, **env))


@functools.cache
def own_devpts():
    """A devpts of our own: a bare chroot or container may have none at /dev/pts."""
    folder = tempfile.mkdtemp(prefix="ucpki-pts-")
    subprocess.run(["mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0666,mode=0600", "devpts", folder], check=True, timeout=20)
    atexit.register(lambda: (subprocess.run(["umount", "-l", folder], check=False, timeout=20), os.rmdir(folder)))
    return folder


def open_terminal():
    """A pseudo-terminal: (the test's side, the program's side)."""
    try:
        return pty.openpty()
    except OSError:
        folder = own_devpts()
    master = os.open(f"{folder}/ptmx", os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(master, TIOCSPTLCK, struct.pack("i", 0))
    number = struct.unpack("I", fcntl.ioctl(master, TIOCGPTN, bytes(4)))[0]
    return master, os.open(f"{folder}/{number}", os.O_RDWR | os.O_NOCTTY)


class Terminal:
    """The program on a pseudo-terminal: expect() waits for text, send() types, close() gives the exit status."""

    def __init__(self, *words, socket=None, home="/nonexistent", **env):
        options = ["--socket", socket] if socket else []
        self.seen, self.all = "", ""
        self.fd, other = open_terminal()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self.fd)
                os.login_tty(other)
                os.execve(PROGRAM, [str(word) for word in (PROGRAM, *options, *words)], environment(home, **env))
            finally:
                os._exit(126)
        os.close(other)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def _read(self, until):
        if not select.select([self.fd], [], [], max(0, until - time.monotonic()))[0]:
            raise AssertionError(f"nothing more came; so far: {self.all!r}")
        try:
            data = os.read(self.fd, 4096)
        except OSError:  # the other side is closed
            data = b""
        text = data.decode(errors="replace").replace("\r\n", "\n")
        self.seen += text
        self.all += text
        return bool(data)

    def expect(self, pattern):
        """Waits until the pattern (a regular expression) has appeared since the last time; returns what came up to its end."""
        until = time.monotonic() + SECONDS
        while True:
            m = re.search(pattern, self.seen)
            if m:
                before, self.seen = self.seen[:m.end()], self.seen[m.end():]
                return before
            if not self._read(until):
                raise AssertionError(f"ended without {pattern!r}: {self.all!r}")

    def send(self, text):
        os.write(self.fd, text.encode())

    def close(self):
        """Reads to the end; returns the exit status."""
        until = time.monotonic() + SECONDS
        while self._read(until):
            pass
        _, status = os.waitpid(self.pid, 0)
        self.pid = None
        code = os.waitstatus_to_exitcode(status)
        assert code != SANITIZER_EXIT and not SANITIZER_WORDS.search(self.all), self.all
        return code
