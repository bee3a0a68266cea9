#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""--json: nothing but JSON lines on standard output, and what was found is in them."""

import sys

from verbs import HEAD, equal, expect, main

BAD = HEAD + 'allow "a" on bind where pci.x;\n'
FINDING = {"file", "line", "column", "end_column", "severity", "id", "message", "witness"}


def finds(folder, ident, *words):
    """The verb ends with findings as `check --json` prints them, and says nothing besides."""
    result = folder.devgate(*words, "--json")
    equal(result.status, 1, (words, result))
    equal(result.err, "", (words, result))
    found = result.objects()
    expect(found and all(set(line) == FINDING for line in found), (words, result))
    expect(ident in [line["id"] for line in found], (words, result))


def test_help_is_what_the_verb_help_prints(folder):
    for verb in folder.devgate("help", "--json").objects():
        name = verb["verb"]
        for option in ("--help", "-h"):
            result = folder.devgate(name, option, "--json")
            equal((result.status, result.objects()), (0, [verb]), result)
        expect(folder.devgate(name, "--help").out.startswith("usage: "), name)


def test_errors_of_a_policy(folder):
    folder.write("p.dgp", HEAD)
    folder.write("bad.dgp", BAD)
    folder.write("d.json", '{"bus":"pci"}\n')
    equal(len(folder.devgate("check", "bad.dgp", "--json").objects()), 1)
    for words in (["compile", "bad.dgp", "-o", "x.bpf.o"], ["test", "bad.dgp"],
                  ["sim", "bad.dgp", "--inventory", "d.json"],
                  ["explain", "bad.dgp", "--device", "d.json"], ["diff", "bad.dgp", "p.dgp"],
                  ["diff", "p.dgp", "bad.dgp", "--inventory", "d.json"],
                  ["suggest", "d.json", "--policy", "bad.dgp"]):
        finds(folder, "E050", *words)


def test_errors_of_devices(folder):
    folder.write("p.dgp", HEAD)
    folder.write("d.json", '{"bus":7}\n')
    folder.write("log.json", "{}\n")
    for words in (["sim", "p.dgp", "--inventory", "d.json"], ["explain", "p.dgp", "--device", "d.json"],
                  ["diff", "p.dgp", "p.dgp", "--inventory", "d.json"],
                  ["generate", "--inventory", "d.json"]):
        finds(folder, "E084", *words)
    finds(folder, "E090", "suggest", "log.json")


def test_a_failed_test_and_a_dead_rule(folder):
    folder.write("p.dgp", HEAD + 'allow "a" on bind where pci.external and not pci.external;\n'
                 'test "t" { device { bus = "pci"; }; expect allow on bind; }\n')
    finds(folder, "E071", "compile", "p.dgp", "-o", "x.bpf.o")


def test_warnings_stand_beside_the_answer(folder):
    folder.write("p.dgp", HEAD + 'allow "a" on bind until 2001-01-01;\n')
    folder.write("d.json", '{"bus":"pci","x":1}\n')
    for words in (["sim", "p.dgp", "--inventory", "d.json", "--op", "bind"],
                  ["explain", "p.dgp", "--device", "d.json", "--op", "bind"]):
        result = folder.devgate(*words, "--json")
        equal(result.status, 0, result)
        equal([line["verdict"] for line in result.objects()], ["deny"], result)
        expect("warning[E202]" in result.err and "warning[E205]" in result.err, result)


def test_no_control_character_comes_out_as_it_is(folder):
    folder.write("p.dgp", HEAD)
    folder.write("d.json", '{"bus":"pci","name":"a\\u0001\\u001f\\u007fb"}\n')
    result = folder.devgate("sim", "p.dgp", "--inventory", "d.json", "--op", "bind", "--json")
    equal(result.status, 0, result)
    expect("a\\u0001\\u001f\\u007fb" in result.out, result)
    expect(all(c == "\n" or " " <= c < "\x7f" for c in result.out), result)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
