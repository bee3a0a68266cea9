#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""devgate sim: what it reads and what becomes of its output."""

import sys

from verbs import HEAD, equal, expect, main

POLICY = HEAD + 'allow "a" on bind where pci.external;\n'


def test_a_full_disk_is_said_once(folder):
    folder.write("p.dgp", POLICY)
    folder.write("device.json", '{"pci.external":false}\n')
    with open("/dev/full", "wb") as full:
        result = folder.devgate("sim", "p.dgp", "--inventory", "device.json", stdout=full)
    equal(result.status, 4, result)
    equal(result.err.count("\n"), 1, result)
    expect("No space left on device" in result.err, result)


def test_lines_behind_one_that_is_no_json_are_read(folder):
    folder.write("p.dgp", POLICY)
    folder.write("lines", '{"pci.revision":1}\n{"a":1,"a":2}\n{"pci.revision":1.0}\n'
                          '{"pci.revision":"x"}\n')
    result = folder.devgate("sim", "p.dgp", "--inventory", "lines")
    equal(result.status, 1, result)
    for place in ("lines:2:", "lines:3:", "lines:4:"):
        expect(place in result.err, (place, result))


def test_what_is_denied_can_be_the_status(folder):
    folder.write("p.dgp", POLICY)
    outside, inside = '{"pci.external":true}\n', '{"pci.external":false}\n'
    for words in ((), ("--json",), ("--engine", "table")):
        for devices, op, status in ((outside, "bind", 0), (inside, "bind", 1),
                                    (outside + inside, "bind", 1), (inside + outside, "bind", 1),
                                    (outside, "mmio", 1), (outside, "bind,mmio", 1)):
            what = (words, devices, op)
            folder.write("devices", devices)
            command = ("sim", "p.dgp", "--inventory", "devices", "--op", op, *words)
            plain = folder.devgate(*command)
            equal(plain.status, 0, (what, plain))
            result = folder.devgate(*command, "--fail-on-deny")
            equal((result.status, result.out), (status, plain.out), (what, result))


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
