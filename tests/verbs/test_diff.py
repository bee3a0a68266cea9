#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""devgate diff --inventory"""

import json
import sys

from verbs import HEAD, equal, expect, main

OLD = HEAD + '''allow "nvme" on bind, dma where pci.class in 01:08:*;
allow "gpu" on bind where pci.id == 10de:2330;
allow "soon" on bind where pci.id == 8086:10d3 from 2030-01-01;
'''
NEW = HEAD + '''deny "no-external" on bind where pci.external;
allow "disks" on bind, dma where pci.class in 01:08:*;
allow "gpu" on bind where pci.id in 10de:*;
'''
DEVICES = [
    {"name": "ssd", "pci.class": "01:08:02", "pci.external": False},
    {"name": "usb4 ssd", "pci.class": "01:08:02", "pci.external": True},
    {"name": "gpu", "pci.id": "10de:2331", "pci.external": False},
    {"name": "unknown place", "pci.id": "10de:2330"},
    {"name": "nic", "pci.id": "8086:10d3", "pci.external": False},
]


def prepare(folder):
    folder.write("old.dgp", OLD)
    folder.write("new.dgp", NEW)
    folder.write("i.json", "".join(json.dumps(device) + "\n" for device in DEVICES))


def diff(folder, *words, old="old.dgp", new="new.dgp"):
    return folder.devgate("diff", old, new, "--inventory", "i.json", *words)


WANTED = [("usb4 ssd", "bind", "allow nvme", "deny no-external"),
          ("gpu", "bind", "deny None", "allow gpu"),
          ("unknown place", "bind", "allow gpu", "deny no-external")]


def seen(result):
    return [(o["device"], o["op"], f"{o['old']['verdict']} {o['old']['rule']}",
             f"{o['new']['verdict']} {o['new']['rule']}") for o in result.objects()]


def test_devices_whose_verdict_changes(folder):
    prepare(folder)
    result = diff(folder, "--json", "--at", "2029-01-01")
    equal(result.status, 1, result)
    equal(seen(result), WANTED)
    equal(result.objects()[1]["old"]["default"], True)
    text = diff(folder, "--at", "2029-01-01").out
    expect('usb4 ssd  bind         allow by "nvme" -> deny by "no-external"' in text, text)
    expect("gpu  bind         deny by default -> allow by \"gpu\"" in text, text)
    expect("3 of 5 devices change" in text, text)


def test_another_time_and_fewer_operations(folder):
    prepare(folder)
    changes = seen(diff(folder, "--json", "--at", "2030-01-01"))
    expect(("nic", "bind", "allow soon", "deny None") in changes, changes)
    result = diff(folder, "--json", "--op", "dma,mmio")
    equal((result.status, result.out), (0, ""), result)


def test_objects_on_either_side(folder):
    prepare(folder)
    for name in "old", "new":
        equal(folder.devgate("compile", name + ".dgp", "-o", name + ".o").status, 0)
    for old, new in ("old.o", "new.dgp"), ("old.dgp", "new.o"), ("old.o", "new.o"):
        result = diff(folder, "--json", "--at", "2029-01-01", old=old, new=new)
        equal(seen(result), WANTED, (old, new))


def test_nothing_changes(folder):
    prepare(folder)
    result = diff(folder, new="old.dgp")
    equal((result.status, result.out), (0, "0 of 5 devices change\n"))
    # Another rule with the same verdict is no change.
    folder.write("new.dgp", OLD.replace('"nvme"', '"disks"'))
    equal(diff(folder).status, 0)


def test_the_same_as_two_simulations(folder):
    prepare(folder)
    sims = [folder.devgate("sim", name, "--inventory", "i.json", "--json").objects()
            for name in ("old.dgp", "new.dgp")]
    changed = [(a["device"], a["op"]) for a, b in zip(*sims) if a["verdict"] != b["verdict"]]
    equal([(c[0], c[1]) for c in seen(diff(folder, "--json"))], changed)


def test_bad_input(folder):
    prepare(folder)
    folder.write("i.json", json.dumps(DEVICES[1]) + "\n{\n")
    result = diff(folder)
    equal((result.status, result.out), (1, ""), "nothing is half said")
    prepare(folder)
    equal(diff(folder, new="missing.dgp").status, 4)
    equal(diff(folder, new=folder.write("bad.dgp", "allow;")).status, 1)
    equal(folder.devgate("diff", "old.dgp").status, 2)
    equal(diff(folder, "--op", "x").status, 2)
    equal(folder.devgate("diff", "old.dgp", "new.dgp", "--op", "bind").status, 2)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
