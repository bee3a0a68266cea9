# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of the author-side verbs share: running the command, and TAP."""

import json
import os
import pty
import shutil
import subprocess
import sys
import tempfile
import traceback

TOP = os.environ.get("DG_TOP") or os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
DEVGATE = os.environ.get("DEVGATE") or os.path.join(TOP, "build", "devgate")

HEAD = ('policy "test" version 7 abi 1;\n'
        "default bind, mmio, mmap, dma, dma-relaxed, dma-private, connect, lock, accept = deny;\n")


class Result:
    """What one run of the command gave."""

    def __init__(self, process):
        self.status = process.returncode
        self.out = (process.stdout or b"").decode("utf-8", "surrogateescape")
        self.err = process.stderr.decode("utf-8", "surrogateescape")

    def objects(self):
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    def __str__(self):
        return f"status {self.status}\nout: {self.out[:2000]}\nerr: {self.err[:2000]}"


class Folder:
    """A folder of its own for each test; files are made by name."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="devgate-verbs-")

    def write(self, name, text):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def read(self, name):
        with open(os.path.join(self.path, name), "rb") as file:
            return file.read()

    def devgate(self, *words, stdin=b"", stdout=subprocess.PIPE, env=None, cwd=None, umask=-1):
        environment = dict(os.environ, LC_ALL="C", NO_COLOR="1")
        environment.update(env or {})
        return Result(subprocess.run([DEVGATE, *words], input=stdin, stdout=stdout,
                                     stderr=subprocess.PIPE, cwd=cwd or self.path,
                                     env=environment, check=False, timeout=120, umask=umask))

    def on_terminal(self, *words, env=None):
        """As devgate(), with a terminal as standard error."""
        environment = dict(os.environ, LC_ALL="C")
        environment.pop("NO_COLOR", None)
        environment.update(env or {})
        ours, theirs = pty.openpty()
        with tempfile.TemporaryFile() as out, subprocess.Popen(
                [DEVGATE, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=theirs,
                cwd=self.path, env=environment) as process:
            os.close(theirs)
            err = b""
            try:
                while part := os.read(ours, 65536):
                    err += part
            except OSError:  # EIO: the other end is closed
                pass
            os.close(ours)
            process.wait()
            out.seek(0)
            return Result(subprocess.CompletedProcess(words, process.returncode, out.read(),
                                                      err.replace(b"\r\n", b"\n")))


def expect(truth, what=""):
    """Fails the test that it stands in."""
    if not truth:
        raise AssertionError(str(what))


def equal(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}\nexpected: {want!r}\ngot:      {got!r}")


def main(module):
    """Every function test_*(folder) of the module, as TAP."""
    tests = [(name, function) for name, function in vars(module).items()
             if name.startswith("test_")]
    failed = 0
    print(f"1..{len(tests)}")
    for number, (name, function) in enumerate(tests, 1):
        folder = Folder()
        title = name[5:].replace("_", " ")
        try:
            function(folder)
            print(f"ok {number} - {title}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} - {title}")
            for line in traceback.format_exc().splitlines():
                print("#", line)
            sys.stdout.flush()
        finally:
            shutil.rmtree(folder.path, ignore_errors=True)
    return 1 if failed else 0
