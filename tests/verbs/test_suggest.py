#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""devgate suggest"""

import json
import re
import sys

from verbs import HEAD, equal, expect, main

NVME = {"bus": "pci", "device.name": "0000:3b:00.0", "device.path": "/devices/a",
        "driver.name": "nvme", "pci.id": "144d:a80a", "pci.class": "01:08:02",
        "pci.external": False}


def event(device, op="bind", rule=None, verdict="deny", **more):
    """One line as `watch --json` writes it."""
    facts = dict({"name": device.get("device.name"), "path": device.get("device.path")}, **device)
    return json.dumps(dict({
        "time": "2026-11-28T05:00:00.000000001Z", "seq": 1, "event": "decision", "op": op,
        "verdict": verdict, "enforced": True, "rule": rule, "default": rule is None,
        "would": None, "generation": 2, "policy": "p", "version": 1, "device": facts,
        "driver": None, "context": "worker", "pid": None, "comm": None, "cpu": 0,
        "derived": False}, **more)) + "\n"


def test_its_rules_admit_what_was_denied(folder):
    log = event(NVME) + event(NVME, "dma", "no-dma") + event(dict(NVME, **{
        "pci.id": "144d:a808"}), "bind") + event(NVME, "mmio", "ok", "allow")
    folder.write("log.json", log)
    result = folder.devgate("suggest", "log.json")
    equal(result.status, 0, result)
    expect("# 3 denials among 4 decisions, of 2 devices." in result.out, result)
    expect('refused 1 time (dma) by "no-dma", last at 2026-11-28' in result.out, result)
    folder.write("p.dgp", HEAD + result.out)
    equal(folder.devgate("check", "p.dgp").err, "")
    folder.write("i.json", json.dumps(NVME))
    verdicts = folder.devgate("sim", "p.dgp", "--inventory", "i.json", "--op", "bind,dma,mmio",
                              "--json").objects()
    equal([v["verdict"] for v in verdicts], ["allow", "deny", "allow"])


def test_what_else_it_would_admit(folder):
    folder.write("log.json", event(NVME))
    folder.write("i.json", json.dumps([dict(NVME, **{"device.name": "0000:3c:00.0"}), NVME,
                                       dict(NVME, **{"pci.id": "144d:a808"})]))
    rule = folder.devgate("suggest", "log.json", "--inventory", "i.json", "--json").objects()[0]
    equal((rule["devices"], rule["also_admits"], rule["also_admits_count"]),
          (["0000:3b:00.0"], ["0000:3c:00.0"], 1))
    text = folder.devgate("suggest", "log.json", "--inventory", "i.json").out
    expect("it would also admit 0000:3c:00.0" in text, text)
    folder.write("i.json", json.dumps([NVME]))
    text = folder.devgate("suggest", "log.json", "--inventory", "i.json").out
    expect("it would admit nothing else" in text, text)
    # Not asked, not said.
    rule = folder.devgate("suggest", "log.json", "--json").objects()[0]
    equal(rule["also_admits"], None)


def test_which_rule_stands_in_the_way(folder):
    folder.write("p.dgp", HEAD + 'forbid "f" on bind, mmio where pci.id in 144d:*;\n'
                 'deny "d" on dma where pci.id in 144d:*;\n')
    log = event(NVME, "bind", "f") + event(NVME, "dma", "d")
    folder.write("log.json", log)
    text = folder.devgate("suggest", "log.json", "--policy", "p.dgp").out
    expect(" on dma where" in text and "on bind" not in text.replace("00.0 on bind", ""), text)
    expect("the new rule must stand before it" in text, text)
    expect("# No rule for 0000:3b:00.0 on bind: a forbid decides before every allow.\n"
           '#   refused 1 time (bind) by "f", last at 2026-11-28T05:00:00.000000001Z; a forbid: '
           "no allow rule helps, the forbid must change\n" in text, text)
    rule, none = folder.devgate("suggest", "log.json", "--policy", "p.dgp", "--json").objects()
    equal((rule["ops"], [r["effect"] for r in rule["refused_by"]]), (["dma"], ["deny"]))
    equal((none["rule"], none["ops"], none["devices"], none["denials"],
           [(r["rule"], r["effect"]) for r in none["refused_by"]]),
          (None, ["bind"], ["0000:3b:00.0"], 1, [("f", "forbid")]))
    # What was denied otherwise, too, may be allowed there; and without the policy nobody knows.
    folder.write("log.json", log + event(NVME))
    text = folder.devgate("suggest", "log.json", "--policy", "p.dgp").out
    expect(" on bind, dma where" in text and "the forbid must change" in text and
           "No rule" not in text, text)
    folder.write("log.json", log)
    text = folder.devgate("suggest", "log.json").out
    expect(" on bind, dma where" in text and "a forbid must change itself" in text, text)
    # Nothing but forbids: nothing but comments.
    folder.write("log.json", event(NVME, "bind", "f") + event(NVME, "mmio", "f"))
    lines = folder.devgate("suggest", "log.json", "--policy", "p.dgp").out.split("\n")
    expect(any("No rule" in line for line in lines) and
           all(not line or line.startswith("#") for line in lines), lines)


def test_a_rule_is_for_the_driver_that_was_denied(folder):
    bare = {"bus": "pci", "device.name": "0000:3b:00.0", "pci.id": "144d:a80a"}
    folder.write("log.json", event(bare, driver="nvme") + event(bare, driver="vfio-pci"))
    text = folder.devgate("suggest", "log.json").out
    for driver in ("nvme", "vfio-pci"):
        expect(f'pci.id == 144d:a80a and driver.name == "{driver}";' in text, text)
    folder.write("p.dgp", HEAD + text)
    folder.write("i.json", json.dumps([dict(bare, **{"driver.name": d}) for d in
                                       ("nvme", "vfio-pci", "other")]))
    verdicts = folder.devgate("sim", "p.dgp", "--inventory", "i.json", "--op", "bind",
                              "--json").objects()
    equal([v["verdict"] for v in verdicts], ["allow", "allow", "deny"])
    # The facts have the last word, and a derived device's driver is not its origin's.
    folder.write("log.json", event(dict(bare, **{"driver.name": "nvme"}), driver="else"))
    expect('driver.name == "nvme";' in folder.devgate("suggest", "log.json").out)
    for more in ({"origin.bus": "pci"}, {}):
        derived = dict(bare, **more, bus="virtio")
        folder.write("log.json", event(derived, driver="virtio_net", derived=True))
        text = folder.devgate("suggest", "log.json").out
        expect(" on bind where" in text and "driver" not in text.split("allow ")[1] and
               "virtio" not in text.split("allow ")[1], text)


def test_nothing_enters_the_tcb_on_its_word(folder):
    gpu = {"bus": "pci", "device.name": "0000:17:00.0", "pci.id": "10de:2331"}
    folder.write("log.json", event(gpu, "accept") + event(gpu, "lock"))
    text = folder.devgate("suggest", "log.json").out
    expect("No rule for 0000:17:00.0 on accept: its evidence was not verified." in text, text)
    expect(" on lock where " in text and "driver.name" not in text, text)
    folder.write("log.json", event(dict(gpu, **{"spdm.verified": True}), "accept"))
    text = folder.devgate("suggest", "log.json").out
    expect(" on accept where " in text and "spdm.verified;" in text, text)
    folder.write("p.dgp", HEAD + text)
    equal(folder.devgate("check", "p.dgp").status, 0)


def test_lost_events_and_none(folder):
    folder.write("log.json", '{"time":"T","seq":2,"event":"drop","count":5}\n')
    text = folder.devgate("suggest", "log.json").out
    expect("5 more events are lost" in text and "Nothing was denied" in text, text)
    equal(folder.devgate("suggest", "-", stdin=b"").status, 0)


def places(folder, text):
    """Line, column and id of what is said about a log."""
    folder.write("log.json", text)
    result = folder.devgate("suggest", "log.json")
    equal(result.status, 1, result)
    found = re.findall(r"^log\.json:(\d+):(\d+): \w+\[(E\d+)\]", result.err, re.MULTILINE)
    return [(int(line), int(column), number) for line, column, number in found]


def test_a_finding_stands_where_it_is(folder):
    good = event(NVME)
    # What is wrong, and the text in it that is to be pointed at.
    for bad, wanted, number in (
            (event({"pci.id": "x"}), '"x"', "E084"),
            (event({"bus": "pci", "pci.revision": "seven"}), '"seven"', "E084"),
            (event({"bus": "pci", "pci.revision": 1.5, "pci.id": "8086:0001"}), "1.5", "E083"),
            (event({"pci.revision": -4}), "-4", "E083"),
            (event({"usb.interfaces": ["08:06:50", "x"]}), '"x"]', "E084"),
            (event({"name": "d", "device.name": "a\0b"}), '"a\\u0000', "E082"),
            (event({"bus": "usb", "bux": 1}).replace("bux", "bus"), '"bus": 1', "E081"),
            (event({"bus": "virtio", "origin.bus": 7}), "7}", "E084"),
            (event({"bus": "usb"}, driver=False), "false, \"context", "E090"),
            (event({"bus": "usb"}, driver="d" * 256, op="lock").replace("lock", "look"),
             '"look"', "E090"),
            (event({"bus": "usb"})[:-3] + "\n", "fals", "E080"),
            (event({"bus": "usb"})[:-1] + " x\n", "x\n", "E080")):
        equal(places(folder, good + "\n\t" + bad + good),
              [(3, bad.rindex(wanted) + 2, number)], bad)
    # Members that are no facts have their places, too; every line is read.
    twice = event({"pci.id": "x", "device.path": "/", "bus": 1})
    equal(places(folder, twice + good + twice),
          [(line, twice.index(text) + 1, "E084") for line in (1, 3) for text in ('"x"', "1}")])


def test_large_numbers_are_facts(folder):
    one, two = (event({"bus": "pci", "pci.id": "8086:0001", "pci.revision": 2 ** 63 + n,
                       "device.name": "d"}) for n in (0, 1))
    folder.write("log.json", one + two + one + event(NVME, pid=-1, cpu=0.5))
    result = folder.devgate("suggest", "log.json")
    equal(result.status, 0, result)
    expect("# 4 denials among 4 decisions, of 3 devices." in result.out, result)


def test_bad_input(folder):
    result = folder.devgate("suggest", folder.write("log.json", "\n{}\n" + event(NVME)))
    equal(result.status, 1, result)
    expect("log.json:2:1: error[E090]" in result.err, result)
    equal(folder.devgate("suggest", folder.write("l.json", event({"pci.id": "x"}))).status, 1)
    equal(folder.devgate("suggest", "missing").status, 4)
    equal(folder.devgate("suggest").status, 2)
    equal(folder.devgate("suggest", "-", "--inventory", "-").status, 2)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
