#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Policies whose rules ask facts that hardly another asks: their tables have bitmaps."""

import json
import random
import sys

import verbs
from verbs import HEAD, equal, expect, main

NUMBERS = {"pci.bus": 255, "pci.slot": 31, "pci.function": 7, "pci.segment": 999,
           "pci.revision": 255}
NAMES = ("driver.name", "driver.module", "device.name", "usb.serial", "usb.product",
         "usb.manufacturer", "usb.port", "attest.result")


def condition(rng, name):
    if name in NUMBERS:
        low = rng.randrange(NUMBERS[name])
        return f"{name} in {low} .. {rng.randint(low, NUMBERS[name])}"
    return rng.choice((f'{name} == "v{rng.randrange(50)}"', f'{name} like "v{rng.randrange(9)}*"'))


def scattered(count, effect=("allow", "deny")):
    """So many rules; every fifth has the other effect where effect is turned round."""
    rng = random.Random(3)
    text = HEAD
    for number in range(count):
        asked = rng.sample([*NUMBERS, *NAMES], rng.randint(2, 4))
        where = " and ".join(condition(rng, name) for name in asked)
        pick = rng.randrange(2)
        kind = effect[pick] if number % 5 == 4 else ("allow", "deny")[pick]
        text += f'{kind} "{number}" on bind where {where};\n'
    return text


def devices(count):
    rng = random.Random(5)
    lines = []
    for number in range(count):
        facts = {"name": f"d{number}"}
        facts.update({name: rng.randrange(most) for name, most in NUMBERS.items()})
        facts.update({name: f"v{rng.randrange(50)}" for name in NAMES if rng.randrange(8)})
        lines.append(json.dumps(facts) + "\n")
    return "".join(lines)


def prepare(folder):
    folder.write("old.dgp", scattered(1500))
    folder.write("new.dgp", scattered(1500, ("deny", "allow")))
    folder.write("i.json", devices(120))


def verdicts(folder, policy, *words):
    result = folder.devgate("sim", policy, "--inventory", "i.json", "--op", "bind", "--json",
                            "--at", "2030-01-01", *words)
    equal(result.status, 0, result)
    return {o["device"]: (o["verdict"], o["rule"]) for o in result.objects()}


def test_the_form_is_told(folder):
    prepare(folder)
    folder.write("small.dgp", HEAD + 'allow "a" on bind where pci.external;\n')
    for policy, form, told in (("small.dgp", "diagrams", False), ("old.dgp", "bitmaps", True)):
        result = folder.devgate("compile", policy, "-o", "p.o", "--allow-dead", "--stats")
        equal(result.status, 0, result)
        expect(f"form                   {form}\n" in result.out, result)
        equal("in bitmaps" in result.out, told, result)
        result = folder.devgate("compile", policy, "-o", "p.o", "--allow-dead", "--stats", "--json")
        stats = [o for o in result.objects() if "form" in o]
        equal(stats[0]["form"], form, result)
        equal(stats[0]["bitmap_rules"], 1500 if told else 0, result)


def test_the_tables_decide_as_the_text_says(folder):
    prepare(folder)
    wanted = verdicts(folder, "old.dgp", "--engine", "ref")
    expect(len({rule for _, rule in wanted.values()}) > 40, "the devices meet too few rules")
    equal(verdicts(folder, "old.dgp", "--engine", "table"), wanted)
    equal(folder.devgate("compile", "old.dgp", "-o", "old.o", "--allow-dead").status, 0)
    equal(verdicts(folder, "old.o", "--engine", "table"), wanted)


def test_diff_over_an_inventory(folder):
    prepare(folder)
    old = verdicts(folder, "old.dgp", "--engine", "ref")
    new = verdicts(folder, "new.dgp", "--engine", "ref")
    wanted = sorted(device for device in old if old[device][0] != new[device][0])
    expect(wanted, "nothing changes")
    result = folder.devgate("diff", "old.dgp", "new.dgp", "--inventory", "i.json", "--json",
                            "--at", "2030-01-01")
    equal(sorted(o["device"] for o in result.objects()), wanted, result)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
