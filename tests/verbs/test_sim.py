#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""devgate sim: what it reads and what becomes of its output."""

import sys
from hashlib import sha256

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


def test_the_engine_asked_for_decides(folder):
    # What the tables have no room for is nothing to the reference.
    folder.write("p.dgp", HEAD + 'allow "a" on bind where device.name like "*a????????????????????";\n')
    folder.write("device.json", '{"device.name":"b","bus":"pci"}\n')

    def sim(policy, *words):
        return folder.devgate("sim", policy, "--inventory", "device.json", "--op", "bind", "--json",
                              *words)

    for words, status in (((), 0), (("--engine", "ref"), 0), (("--engine", "table"), 1)):
        result = sim("p.dgp", *words)
        equal((result.status, "E101" in result.out), (status, status == 1), (words, result))

    # An object whose text is not what its tables were made of.
    folder.write("q.dgp", HEAD + 'allow "a" on bind where bus == "pci";\n')
    equal(folder.devgate("compile", "q.dgp", "-o", "q.o").status, 0)
    text = folder.devgate("inspect", "q.o", "--text").out.encode()
    other = text.replace(b'"pci"', b'"usb"')
    whole = folder.read("q.o")
    for old, new in ((text, other), (sha256(text).digest(), sha256(other).digest())):
        equal(whole.count(old), 1)
        whole = whole.replace(old, new)
    folder.write("q.o", whole)
    for words, verdict in (((), "allow"), (("--engine", "ref"), "deny"),
                           (("--engine", "table"), "allow")):
        result = sim("q.o", *words)
        equal((result.status, [line["verdict"] for line in result.objects()]), (0, [verdict]),
              (words, result))


def test_another_time_leaves_nothing_to_say_of_expired_rules(folder):
    folder.write("p.dgp", HEAD + 'allow "a" on bind where pci.external until 2020-01-01T00:00:00Z;\n')
    folder.write("device.json", '{"pci.external":true}\n')
    for verb, *words in (("sim", "--inventory"), ("explain", "--device")):
        command = (verb, "p.dgp", *words, "device.json", "--op", "bind")
        now, then = folder.devgate(*command), folder.devgate(*command, "--at", "2019-12-31")
        equal((now.status, "E202" in now.err, "deny" in now.out), (0, True, True), now)
        equal((then.status, then.err, "allow" in then.out), (0, "", True), then)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
