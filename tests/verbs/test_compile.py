#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""devgate compile: what it writes to, and what it will not write over."""

import os
import subprocess
import sys

import verbs
from verbs import HEAD, equal, expect, main

POLICY = HEAD + '''import "more.dgp";
test "t" { device "device.json"; expect deny on bind; }
'''


def make(folder):
    folder.write("p.dgp", POLICY)
    folder.write("more.dgp", 'allow "a" on bind where pci.external;\n')
    folder.write("device.json", '{"pci.external":false}\n')


def test_no_source_is_written_over(folder):
    make(folder)
    os.symlink("p.dgp", os.path.join(folder.path, "link"))
    for name in ("p.dgp", "more.dgp", "device.json", "link"):
        before = folder.read(name)
        result = folder.devgate("compile", "p.dgp", "-o", name)
        equal(result.status, 2, result)
        expect("is not written over" in result.err, result)
        equal(folder.read(name), before, name)
    expect(os.path.islink(os.path.join(folder.path, "link")))


def test_objects_and_empty_files_are_replaced(folder):
    make(folder)
    folder.write("empty", "")
    for name in ("new", "empty", "new"):
        result = folder.devgate("compile", "p.dgp", "-o", name)
        equal(result.status, 0, result)
        expect(folder.read(name).startswith(b"\x7fELF"), name)


def test_slips_of_the_pen(folder):
    make(folder)
    for words, said in (
            (("compile", "p.dgp", "-o", "-"), "/dev/stdout"),
            (("compile", "p.dgp", "-o", "a", "-o", "b"), "--output is given twice"),
            (("sim", "p.dgp", "--inventory", "device.json", "--op", "bind", "--op", "mmio"),
             "--op is given twice"),
            (("check", "-", "-"), "once only")):
        result = folder.devgate(*words, stdin=POLICY.encode())
        equal(result.status, 2, (words, result))
        expect(said in result.err, (said, result))
    expect(not os.path.exists(os.path.join(folder.path, "-")))


def test_an_object_is_no_text(folder):
    make(folder)
    equal(folder.devgate("compile", "p.dgp", "-o", "p.o").status, 0)
    for verb in ("check", "test", "fmt"):
        result = folder.devgate(verb, "p.o")
        equal(result.status, 1, (verb, result))
        expect(len(result.err) < 4000, (verb, result))


# Run what follows with no huge page for anybody, as a kernel with transparent_hugepage=never does.
NO_HUGE_PAGES = """import ctypes, os, sys
if ctypes.CDLL(None).prctl(41, 1, 0, 0, 0):
    sys.exit(77)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_the_heap_changes_no_byte(folder):
    """A large policy has its heap laid out ahead (loader/cli/heap.c): where it may, and only there."""
    rules = "".join(f'allow "r{n}" on bind, mmio where pci.id == {n:04x}:{n * 7 % 65536:04x} and '
                    f'driver.name == "driver-{n % 97}";\n' for n in range(4000))
    path = folder.write("p.dgp", HEAD + rules)
    expect(os.path.getsize(path) > 256 << 10)
    compile_to = [verbs.DEVGATE, "compile", "p.dgp", "-o"]
    ways = {
        "laid out": compile_to,
        "no huge pages": [sys.executable, "-c", NO_HUGE_PAGES, *compile_to],
        # With a limit nothing is laid out: the room would count against it.
        "limited": ["sh", "-c", 'ulimit -v 4000000 && exec "$@"', "sh", *compile_to],
        "any memory": ["env", "MALLOC_PERTURB_=90", *compile_to],
        "limited, any memory": ["sh", "-c",
                                'ulimit -v 4000000 && MALLOC_PERTURB_=165 exec "$@"', "sh",
                                *compile_to],
    }
    objects = {}
    for way, words in ways.items():
        done = subprocess.run([*words, "o"], cwd=folder.path, capture_output=True, check=False,
                              timeout=300)
        if done.returncode == 77 and way == "no huge pages":
            continue
        equal((done.returncode, done.stderr), (0, b""), way)
        objects[way] = folder.read("o")
        os.remove(os.path.join(folder.path, "o"))
    equal([way for way in objects if objects[way] != objects["limited"]], [])
    # Standard input is no file whose size is known.
    text = folder.read("p.dgp")
    for stdin in (text, b"# nothing\n" * 40000):
        result = folder.devgate("check", "-", stdin=stdin)
        equal(result.status, 0 if stdin is text else 1, result)
    folder.write("few.dgp", b"# nothing\n" * 40000)
    equal(folder.devgate("check", "few.dgp").status, 1)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
