#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""devgate generate: the cookbook's inventories, and the command itself."""

import glob
import json
import os
import sys

from verbs import HEAD, TOP, equal, expect, main

INVENTORIES = sorted(glob.glob(os.path.join(TOP, "examples", "inventory", "*.json")))


def generate(folder, inventory, *words):
    result = folder.devgate("generate", "--inventory", inventory, *words)
    equal(result.status, 0, result)
    folder.write("p.dgp", result.out)
    return result.out


def devices(inventory):
    with open(inventory, encoding="utf-8") as file:
        text = file.read()
    if text.lstrip().startswith("["):
        return json.loads(text)
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def verdicts(folder, facts, ops="bind,mmio,dma"):
    folder.write("probe.json", json.dumps(facts))
    result = folder.devgate("sim", "p.dgp", "--inventory", "probe.json", "--op", ops, "--json")
    equal(result.status, 0, result)
    return [line["verdict"] for line in result.objects()]


def all_allowed(folder, inventory, ops, what=None):
    """By the verdicts and by the status; the policy without its rules denies them all."""
    count = len(devices(inventory)) * (ops.count(",") + 1)
    for policy, verdict, status in (("p.dgp", "allow", 0), (folder.write("none.dgp", HEAD), "deny", 1)):
        result = folder.devgate("sim", policy, "--inventory", inventory, "--op", ops, "--json",
                                "--fail-on-deny")
        equal(([line["verdict"] for line in result.objects()], result.status),
              ([verdict] * count, status), (what or inventory, verdict, result))


def test_real_inventories_have_no_finding(folder):
    expect(len(INVENTORIES) > 5, INVENTORIES)
    for inventory in INVENTORIES:
        for words in ((), ("--pin",)):
            generate(folder, inventory, *words)
            result = folder.devgate("check", "p.dgp")
            equal((result.status, result.out + result.err), (0, ""), inventory)


def test_what_is_there_is_allowed(folder):
    for inventory in INVENTORIES:
        for words in ((), ("--pin",)):
            generate(folder, inventory, *words)
            all_allowed(folder, inventory, "bind,mmio,dma")


def test_what_is_changed_is_refused(folder):
    changes = {"pci.id": "ffff:fffe", "usb.id": "ffff:fffe", "driver.name": "not-this-one",
               "bus": "other", "usb.serial": "another one"}
    for inventory in INVENTORIES:
        generate(folder, inventory)
        changed = []
        for device in devices(inventory):
            root_hub = device.get("usb.id", "").startswith("1d6b:000")
            for name, value in changes.items():
                if name in device and not (name == "usb.serial" and root_hub):
                    changed.append(dict(device, **{name: value}))
            if "pci.external" in device:
                changed.append(dict(device, **{"pci.external": not device["pci.external"]}))
            if "usb.interfaces" in device:
                changed.append(dict(device, **{"usb.interfaces": device["usb.interfaces"] +
                                               ["08:06:62"]}))
        got = verdicts(folder, changed, "bind")
        for device, verdict in zip(changed, got):
            equal(verdict, "deny", (inventory, device))


def test_what_may_change_is_allowed(folder):
    for inventory in INVENTORIES:
        generate(folder, inventory)
        moved = [dict(device, **{"device.path": "/devices/elsewhere"})
                 for device in devices(inventory)]
        expect("deny" not in verdicts(folder, moved), inventory)


def test_every_rule_is_tested(folder):
    for inventory in INVENTORIES:
        generate(folder, inventory)
        result = folder.devgate("test", "--coverage", "p.dgp")
        equal(result.status, 0, result)
        expect("rule" not in "".join(line for line in result.out.splitlines()
                                     if line.startswith("not covered")), result)
        expect('"refused: ' in result.out, inventory)


def test_pinned_to_its_slot(folder):
    card = {"bus": "pci", "pci.id": "8086:10d3", "pci.address": "0000:3b:00.0",
            "pci.external": False, "driver.name": "e1000e"}
    inventory = folder.write("i.json", json.dumps(card))
    moved = dict(card, **{"pci.address": "0000:3c:00.0"})
    generate(folder, inventory)
    equal(verdicts(folder, [card, moved], "bind"), ["allow", "allow"])
    generate(folder, inventory, "--pin")
    equal(verdicts(folder, [card, moved], "bind"), ["allow", "deny"])


def test_evidence_admits_to_the_tcb(folder):
    gpu = {"bus": "pci", "pci.id": "10de:2331", "driver.name": "nvidia", "spdm.verified": True,
           "spdm.meas.1": "sha256:" + "ab" * 32}
    generate(folder, folder.write("i.json", json.dumps(gpu)))
    other = dict(gpu, **{"spdm.meas.1": "sha256:" + "ac" * 32})
    equal(verdicts(folder, [gpu, other], "bind,accept"), ["allow", "allow", "allow", "deny"])


def test_the_same_bytes_and_json(folder):
    text = generate(folder, INVENTORIES[0])
    equal(generate(folder, INVENTORIES[0]), text)
    result = folder.devgate("generate", "--inventory", INVENTORIES[0], "--json").objects()
    equal(len(result), 1)
    equal(result[0]["policy"], text)
    equal(result[0]["devices"], len(devices(INVENTORIES[0])))


# What fuzzing, and people who wished it ill, made of inventories.
HOSTILE = {
    "likes of which one runs relaxed": [
        {"bus": "pci", "pci.id": "8086:5af0", "pci.external": False, "iommu.domain": domain}
        for domain in ("dma", "dma-fq")],
    "one that shows less than its like": [
        {"bus": "pci", "pci.id": "8086:5af0", "pci.class": "06:00:00", "pci.external": False},
        {"bus": "pci", "pci.id": "8086:5af0", "iommu.domain": "identity"}],
    "the same twice": [{"bus": "usb", "usb.id": "0781:5567", "usb.serial": "4C53"}] * 2,
    "strings that would be code": [
        {"bus": "acpi", "device.name": name} for name in
        ('";\nallow "all" on accept;\n#', "\\", "*", "a\tb\n", "\u202e\u0007", "x" * 255, "")],
    "a name too long to be known": [{"bus": "acpi", "device.name": "x" * 256, "acpi.ids": ["A"]}],
    "sets over the limits": [
        {"bus": "usb", "usb.id": "0781:5567",
         "usb.interfaces": [f"03:{i:02x}:00" for i in range(33)]},
        {"bus": "acpi", "acpi.ids": [f"A{i}" for i in range(17)], "usb.port": "1-1"}],
    "an element over and over": [
        {"bus": "acpi", "acpi.ids": ["A", "A", "B", "A"]},
        {"bus": "acpi", "acpi.ids": ["B", "A"]}],
    "nulls": [{"bus": "pci", "pci.id": "8086:0001", "pci.class": None, "driver.name": None}],
    "evidence of which one shows less": [
        {"bus": "pci", "pci.id": "10de:2331", "spdm.verified": True, "spdm.meas.1": digest, **more}
        for digest in ("sha256:" + "ab" * 32, "sha256:" + "ac" * 32)
        for more in ({}, {"spdm.root": "sha384:" + "cd" * 48}, {"spdm.meas.239": digest})],
}


def test_hostile_inventories(folder):
    for what, facts in HOSTILE.items():
        inventory = folder.write("i.json", json.dumps(facts))
        for words in ((), ("--pin",)):
            generate(folder, inventory, *words)
            result = folder.devgate("check", "p.dgp")
            equal((result.status, result.out + result.err), (0, ""), (what, result))
            all_allowed(folder, inventory, "bind", what)


def test_who_is_left_out_is_refused(folder):
    vague = [{"bus": "acpi"}, {"bus": "pci", "driver.name": "nvme", "driver.module": "nvme"},
             {"bus": "pci", "pci.bus": 3, "pci.external": True}, {"acpi.ids": []},
             {"device.path": "/devices/x"}]
    result = folder.devgate("generate", "--inventory", folder.write("i.json", json.dumps(vague)))
    expect("5 of 5 devices left out" in result.err, result)
    folder.write("p.dgp", result.out)
    expect("allow" not in verdicts(folder, vague), result.out)
    # One that can be told from others does not admit them.
    named = {"bus": "acpi", "device.name": "PNP0A08:00"}
    result = folder.devgate("generate", "--inventory",
                            folder.write("i.json", json.dumps(vague + [named])))
    folder.write("p.dgp", result.out)
    equal(verdicts(folder, vague + [named], "bind"), ["deny"] * 5 + ["allow"])


def test_bad_input(folder):
    equal(folder.devgate("generate", "--inventory", "missing.json").status, 4)
    equal(folder.devgate("generate", "--inventory", folder.write("b.json", "{")).status, 1)
    equal(folder.devgate("generate", "x").status, 2)
    result = folder.devgate("generate", "--inventory", "-", stdin=b'{"name":"ghost"}')
    equal(result.status, 0, result)
    expect("1 of 1 devices left out" in result.err and "left out" in result.out, result)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
