#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""devgate compile: what it writes to, and what it will not write over."""

import os
import sys

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


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
