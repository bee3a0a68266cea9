#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""devgate diff OLD NEW: every kind of device."""

import json
import os
import subprocess
import sys

from verbs import HEAD, TOP, equal, expect, main

GENERATE = os.path.join(TOP, "tests", "bench", "compiler", "generate.py")


def diff(folder, old, new, *words):
    folder.write("old.dgp", old)
    folder.write("new.dgp", new)
    return folder.devgate("diff", "old.dgp", "new.dgp", *words)


def sides(change):
    return tuple(f"{change[side]['verdict']} {change[side]['rule']}" for side in ("old", "new"))


def seen(result):
    """What is given: (op, old, new) and the witnesses; and what is said to be left out."""
    given, more = [], []
    for change in result.objects():
        (given if change["witness"] is not None else more).append(change)
    return ([(c["op"], *sides(c)) for c in given], [(c["op"], *sides(c)) for c in more], given)


def confirm(folder, changes):
    """Every witness, judged by both policies: that verdict by that rule, on either side."""
    times = sorted({change["time"] or "2026-01-01" for change in changes})
    for time in times:
        mine = [c for c in changes if (c["time"] or "2026-01-01") == time]
        folder.write("w.json", "".join(json.dumps(c["witness"]) + "\n" for c in mine))
        for side in "old", "new":
            result = folder.devgate("sim", side + ".dgp", "--inventory", "w.json", "--json",
                                    "--at", time)
            equal(result.status, 0, result)
            lines = iter(result.objects())
            for change in mine:
                verdicts = {line["op"]: line for line in (next(lines) for _ in range(9))}
                got = verdicts[change["op"]]
                equal({key: got[key] for key in ("verdict", "rule", "default")}, change[side],
                      change)


OLD = HEAD + '''allow "nvme" on bind, dma where pci.class in 01:08:*;
allow "gpu" on bind where pci.id == 10de:2330;
allow "soon" on bind where pci.id == 8086:10d3 from 2030-01-01;
'''
NEW = HEAD + '''deny "no-external" on bind where pci.external;
allow "disks" on bind, dma where pci.class in 01:08:*;
allow "gpu" on bind where pci.id in 10de:*;
'''
WANTED = [("bind", "allow nvme", "deny no-external"), ("bind", "allow gpu", "deny no-external"),
          ("bind", "allow soon", "deny no-external"), ("bind", "allow soon", "deny None"),
          ("bind", "deny None", "allow gpu")]


def test_every_pair_with_a_witness(folder):
    result = diff(folder, OLD, NEW, "--json")
    equal(result.status, 1, result)
    given, more, changes = seen(result)
    equal((given, more), (WANTED, []))
    confirm(folder, changes)
    equal([c["time"] is not None for c in changes], [False, False, True, True, False])
    text = diff(folder, OLD, NEW).out
    expect('bind: allow by "nvme" -> deny by "no-external"\n    witness: {' in text, text)


def test_what_says_the_same_is_no_change(folder):
    rules = [f'allow "{n}" on bind where pci.id == 10de:{n:04x};\n' for n in range(40)]
    grouped = "set few = { 10de:0000, 10de:0001 };\n" + \
        'allow "few" on bind where pci.id in few;\n' + "".join(rules[2:])
    for new in "".join(reversed(rules)), "".join(rules).replace('allow "', 'allow "x'), grouped:
        result = diff(folder, HEAD + "".join(rules), HEAD + new)
        equal((result.status, result.out, result.err), (0, "", ""))
    # A deny among them is where the order counts.
    deny = 'deny "no" on bind where pci.external;\n'
    result = diff(folder, HEAD + deny + "".join(rules), HEAD + "".join(rules) + deny, "--json")
    given = seen(result)[0]
    equal(given, [("bind", "deny no", f"allow {n}") for n in range(40)])


def test_other_defaults(folder):
    new = HEAD.replace("default bind, ", "default ") + "default bind = allow;\n"
    result = diff(folder, HEAD, new, "--json")
    given, more, changes = seen(result)
    equal((given, more), ([("bind", "deny None", "allow None")], []))
    confirm(folder, changes)


def test_one_rule_before_many(folder):
    rules = "".join(f'allow "{n}" on bind where pci.id == 10de:{n:04x};\n' for n in range(600))
    result = diff(folder, HEAD + rules, HEAD + 'deny "top" on bind where pci.external;\n' + rules,
                  "--json")
    given, more, changes = seen(result)
    equal((len(given), more), (500, [("bind", "allow None", "deny top")]))
    # The last line is no pair, and says so.
    equal([c["more"] for c in result.objects()], [False] * 500 + [True])
    equal(result.objects()[-1], {
        "op": "bind", "old": {"verdict": "allow", "rule": None, "default": False},
        "new": {"verdict": "deny", "rule": "top", "default": False}, "more": True, "time": None,
        "witness": None})
    confirm(folder, changes)
    text = folder.devgate("diff", "old.dgp", "new.dgp")
    equal(text.status, 1)
    expect(text.out.endswith('\nbind: allow by more than is listed -> deny by "top"; '
                             '--all lists every pair\n'), text.out[-500:])
    text = folder.devgate("diff", "new.dgp", "old.dgp")
    expect(text.out.endswith('\nbind: deny by "top" -> allow by more than is listed; '
                             '--all lists every pair\n'), text.out[-500:])
    result = folder.devgate("diff", "old.dgp", "new.dgp", "--json", "--all")
    equal({c["more"] for c in result.objects()}, {False})
    given, more, _ = seen(result)
    equal((given, more), ([("bind", f"allow {n}", "deny top") for n in range(600)], []))


def test_rules_that_take_the_place_of_one(folder):
    """What they leave of what is listed goes to the one before them."""
    for count in 30, 250, 499, 500, 501:
        old = HEAD + 'deny "top" on bind where pci.id in 10de:*;\n'
        new = HEAD + "".join(f'allow "{n}" on bind where pci.id == 10de:{n:04x};\n'
                             for n in range(count))
        given, more, changes = seen(diff(folder, old, new, "--json"))
        equal((given, more), ([("bind", "deny top", f"allow {n}") for n in range(min(count, 500))],
                              [("bind", "deny top", "allow None")] * (count > 500)))
        confirm(folder, changes)


def test_a_rule_that_became_another_is_named(folder):
    rules = "".join(f'allow "{n}" on bind where pci.id == 10de:{n:04x};\n' for n in range(300))
    result = diff(folder, HEAD + rules, HEAD + rules.replace("allow", "deny"), "--json")
    equal(seen(result)[0], [("bind", f"allow {n}", f"deny {n}") for n in range(300)])


def test_a_year_of_upkeep_of_a_large_policy(folder):
    old, new = (subprocess.run([sys.executable, GENERATE, "policy", "2000", *words],
                               capture_output=True, text=True, check=True).stdout
                for words in ((), ("--edited",)))
    result = diff(folder, old, new, "--json")
    equal((result.status, result.err), (1, ""), "all is decided")
    given, more, changes = seen(result)
    expect(len(given) > 100 and len(more) > 10, (len(given), len(more)))
    confirm(folder, changes[::7])
    # Every rule that is gone or decides otherwise makes a difference.
    expect({"7", "57", "107"} <= {c["old"]["rule"] for c in changes}, given[:20])


def test_bad_words(folder):
    folder.write("old.dgp", OLD)
    folder.write("i.json", "[]")
    result = folder.devgate("diff", "old.dgp", "old.dgp", "--inventory", "i.json", "--all")
    equal(result.status, 2, result)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
