#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Policies, inventories and usbguard rule files of a size, all of one fixed mix.

    generate.py policy RULES [--faults] [--edited]     a devgate policy
    generate.py inventory RULES --devices COUNT        devices, a good half of which it speaks of
    generate.py usbguard RULES                         the peer: as many rules of id, serial and port

The same arguments and --seed give the same bytes. A policy has no finding, not even a warning, so
that it measures a policy that somebody keeps; with --faults every 50th rule is shadowed, dead,
redundant or has an unused set item. --edited is what a year of upkeep makes of the same policy: one
rule in a hundred gone, one in a hundred decides otherwise.

The mix, in hundredths of the rules (by largest remainders, so that ten rules are of many kinds):

    30  one PCI model by one driver          pci.id, driver.name
    15  one board of a model, inside         pci.id, pci.subsystem, pci.external
    20  one USB device by its serial         usb.id, usb.serial
     8  one USB model on one port            usb.id, usb.port, all usb.interfaces
    10  a set of eight PCI models            pci.id in SET, driver.name in { 2 }
     6  a platform driver                    bus, driver.name
     2  one slot passed through              pci.address, driver.name
     1  an accelerator that is accepted      bus, pci.id, spdm.verified, spdm.meas.1 in { 2 digests }
     2  a model for a time                   pci.id, driver.name, from, until
     2  a model, reported only               deny, mode permissive: pci.id
     2  a model not wanted                   deny: bus, usb.id
     2  a revision with a flaw               forbid: bus, pci.id, pci.revision

and, however many rules there are, 100 of them globs on driver.module, usb.product, device.name and
driver.name, 40 on ACPI nodes (any acpi.ids) and 24 on device tree nodes (any of.compatible); below 1000
rules a tenth, a 25th and a 40th of them. Every id, serial, address, digest and node name is a rule's own;
the drivers are one for 20 rules, at most 5,000 (Linux has about as many).
"""

import argparse
import json
import random
import sys

MIX = (
    (30, "model"), (15, "board"), (20, "serial"), (8, "port"), (10, "models"), (6, "platform"),
    (2, "slot"), (1, "accepted"), (2, "window"), (2, "reported"), (2, "unwanted"), (2, "flaw"),
)
FIXED = ((100, 10, "glob"), (40, 25, "acpi"), (24, 40, "tree"))	# so many, of fewer rules this part
CLOSING = 2	# rules at the end that hold for whole classes

STEMS = ("snd", "mlx", "iwl", "qla", "nvm", "ice", "amd", "hid", "usb", "ser", "mtd", "spi", "i2c",
         "can", "drm", "ata", "mmc", "rtw", "ath", "bnx", "cxl", "dma", "edac", "phy", "pwm", "rtc")
TAILS = ("core", "pci", "hda", "soc", "net", "eth", "gpu", "fc", "sas", "codec", "bridge", "touch",
         "host", "target", "plat", "acpi")


class Mix:
    """The facts that rules and devices draw from, each given out once."""

    def __init__(self, rules, seed):
        self.random = random.Random(f"devgate {seed} {rules}")
        self.rules = rules
        self.used = set()
        self.drivers = [self.word(i) for i in range(max(4, min(rules // 20, 5000)))]

    def word(self, number):
        pick = self.random.choice
        return f"{pick(STEMS)}_{pick(TAILS)}_{number:x}"

    def fresh(self, kind, bits):
        """A number of so many bits that no other call gets for this kind."""
        while True:
            number = self.random.getrandbits(bits)
            if (kind, number) not in self.used:
                self.used.add((kind, number))
                return number

    def id(self, kind):
        number = self.fresh(kind, 31) + 0x00010000
        return f"{number >> 16:04x}:{number & 0xffff:04x}"

    def driver(self):
        return self.random.choice(self.drivers)

    def address(self):
        number = self.fresh("address", 24)
        return f"{number >> 16:04x}:{number >> 8 & 0xff:02x}:{number >> 3 & 0x1f:02x}.{number & 7}"

    def digest(self):
        return f"sha384:{self.random.getrandbits(384):096x}"

    def port(self):
        pick = self.random.randrange
        return f"{1 + pick(4)}-{1 + pick(14)}.{1 + pick(4)}"


def shapes(rules):
    """The kinds of the rules in the order of the file: the same share everywhere in it."""
    kinds = [kind for most, part, kind in FIXED for _ in range(min(most, rules // part))]
    left = rules - len(kinds) - CLOSING
    exact = {kind: left * share for share, kind in MIX}	# in hundredths
    counts = {kind: count // 100 for kind, count in exact.items()}
    most = sorted(exact, key=lambda kind: -(exact[kind] % 100))
    for kind in most[:left - sum(counts.values())]:
        counts[kind] += 1
    kinds += [kind for kind, count in counts.items() for _ in range(count)]
    random.Random(rules).shuffle(kinds)
    return kinds


class Rule:
    """One rule, the set that it may need, and a device that it is about."""

    def __init__(self, effect, ops, where, facts, options="", before=""):
        self.effect, self.ops, self.where, self.options = effect, ops, where, options
        self.facts, self.before = facts, before

    def text(self, name):
        return (f'{self.before}{self.effect} "{name}" on {self.ops}\n'
                f"\twhere {self.where}{self.options};\n")


def pci(**more):
    return {"bus": "pci", **{key.replace("__", "."): value for key, value in more.items()}}


def make_rule(mix, kind, number):
    pick = mix.random.randrange
    use = "bind, mmio, dma"
    if kind == "model":
        a, d = mix.id("pci"), mix.driver()
        return Rule("allow", use, f'pci.id == {a} and driver.name == "{d}"',
                    pci(pci__id=a, driver__name=d))
    if kind == "board":
        a, b = mix.id("pci"), mix.id("subsystem")
        return Rule("allow", use + ", dma-relaxed",
                    f"pci.id == {a} and pci.subsystem == {b} and not pci.external",
                    pci(pci__id=a, pci__subsystem=b, pci__external=False))
    if kind == "serial":
        a, s = mix.id("usb"), f"{mix.fresh('serial', 48):012X}"
        return Rule("allow", "bind", f'usb.id == {a} and usb.serial == "{s}"',
                    {"bus": "usb", "usb.id": a, "usb.serial": s})
    if kind == "port":
        a, p = mix.id("usb"), mix.port()
        return Rule("allow", "bind", f'usb.id == {a} and usb.port == "{p}" and '
                    "all usb.interfaces in { 03:*:*, 0b:00:00 }",
                    {"bus": "usb", "usb.id": a, "usb.port": p,
                     "usb.interfaces": ["03:01:01", "03:00:00"]})
    if kind == "models":
        ids = [mix.id("pci") for _ in range(8)]
        d = mix.random.sample(mix.drivers, 2)
        return Rule("allow", use, f'pci.id in models-{number} and driver.name in '
                    f'{{ "{d[0]}", "{d[1]}" }}', pci(pci__id=ids[pick(8)], driver__name=d[pick(2)]),
                    before=f"set models-{number} = {{ {', '.join(ids)} }};\n")
    if kind == "platform":
        d = f"plat-{mix.word(number)}"
        return Rule("allow", "bind, mmio", f'bus == "platform" and driver.name == "{d}"',
                    {"bus": "platform", "driver.name": d})
    if kind == "acpi":
        a = f"{''.join(mix.random.choice('ABCDEFGHIJKLMNOPQRSTUVWXYZ') for _ in range(4))}" \
            f"{mix.fresh('acpi', 24):06X}"
        return Rule("allow", "bind, mmio", f'any acpi.ids == "{a}"',
                    {"bus": "platform", "acpi.ids": [a, "PNP0C02"]})
    if kind == "tree":
        c = f"vendor{pick(100)},{mix.word(number)}"
        return Rule("allow", "bind, mmio", f'any of.compatible == "{c}"',
                    {"bus": "platform", "of.compatible": [c, "simple-bus"]})
    if kind == "slot":
        a = mix.address()
        return Rule("allow", use + ", mmap", f'pci.address == {a} and driver.name == "vfio-pci"',
                    pci(pci__address=a, driver__name="vfio-pci"))
    if kind == "accepted":
        a, one, two = mix.id("pci"), mix.digest(), mix.digest()
        return Rule("allow", "bind, dma-private, accept",
                    f'bus == "pci" and pci.id == {a} and spdm.verified and '
                    f"spdm.meas.1 in {{ {one}, {two} }}",
                    pci(pci__id=a, spdm__verified=True, spdm__meas__1=two))
    if kind == "window":
        a, d, year = mix.id("pci"), mix.driver(), 2100 + pick(50)
        return Rule("allow", use, f'pci.id == {a} and driver.name == "{d}"',
                    pci(pci__id=a, driver__name=d),
                    f"\n\tfrom {year}-{1 + pick(12):02}-01 until {year + 1}-01-01 "
                    f'reason "CHG-{number}"')
    if kind == "reported":
        a = mix.id("pci")
        return Rule("deny", "bind", f'bus == "pci" and pci.id == {a}', pci(pci__id=a),
                    " mode permissive audit always")
    if kind == "unwanted":
        a = mix.id("usb")
        return Rule("deny", "bind", f'bus == "usb" and usb.id == {a}',
                    {"bus": "usb", "usb.id": a})
    if kind == "flaw":
        a, r = mix.id("pci"), 1 + pick(16)
        return Rule("forbid", "bind, dma", f'bus == "pci" and pci.id == {a} and '
                    f"pci.revision < {r}", pci(pci__id=a, pci__revision=r - 1))
    word = mix.word(number)
    attribute, pattern, value = (
        ("driver.module", f"{word}*", f"{word}_x"),
        ("usb.product", f"* {word} [0-9]??", f"Acme {word} 3xx"),
        ("device.name", f"{word}:*", f"{word}:00"),
        ("driver.name", f"*-{word}", f"acme-{word}"),
    )[pick(4)]
    return Rule("allow", "bind", f'{attribute} like "{pattern}"',
                {"bus": "usb" if attribute == "usb.product" else "platform", attribute: value})


HEAD = """policy "bench" version {version} abi 1;
default bind, mmio, mmap, dma, dma-relaxed, dma-private, connect, lock, accept = deny;
set inside = {{ 01:*:*, 02:*:*, 06:*:* }};
"""
# What denies and forbids take something from.
CLOSE = """allow "hid" on bind where bus == "usb" and usb.class in 03:*:*;
allow "inside" on bind, mmio, dma where bus == "pci" and pci.class in inside and not pci.external;
"""


def rules_of(mix):
    return [make_rule(mix, kind, number) for number, kind in enumerate(shapes(mix.rules))]


def faulty(mix, rule, number, previous):
    """What somebody could have written in place of the rule, with something wrong in it."""
    kind = number // 50 % 4
    if kind == 0:	# shadowed: narrower than one that stands before it
        return Rule("allow", previous.ops.split(",")[0],
                    f"({previous.where}) and driver.builtin", previous.facts)
    if kind == 1:	# dead
        a, b = mix.id("pci"), mix.id("pci")
        return Rule("allow", "bind", f"pci.id == {a} and pci.id == {b}", rule.facts)
    if kind == 2:	# redundant: "inside" would allow the same
        return Rule("allow", "bind, mmio, dma", f"bus == \"pci\" and pci.id == {mix.id('pci')} and "
                    "pci.class == 01:08:02 and not pci.external", rule.facts)
    a = mix.id("pci")	# unused item: covered by the pattern
    return Rule("allow", "bind", f"pci.id in {{ {a}, {a[:5]}* }} and driver.name == "
                f'"{mix.word(number)}"', rule.facts)


def write_policy(rules, seed, faults, edited, out):
    mix = Mix(rules, seed)
    made = rules_of(mix)
    previous, planted = None, 0	# an allow in force at any time
    if faults:
        for number, rule in enumerate(made):
            if number % 50 == 49 and previous and not rule.before:
                made[number] = faulty(mix, rule, number, previous)
                planted += 1
            elif rule.effect == "allow" and not rule.options:
                previous = rule
    out.write(HEAD.format(version=2 if edited else 1))
    if faults:
        out.write(f"# {planted} faults planted\n")
    for number, rule in enumerate(made):
        if edited and number % 100 == 7:
            continue
        if edited and number % 100 == 57 and not rule.options:
            rule.effect = "deny" if rule.effect == "allow" else "allow"
            rule.ops = "bind"
            rule.where = f'bus == "{rule.facts["bus"]}" and {rule.where}'
        out.write(rule.text(f"{number}"))
    out.write(CLOSE)


def device_of(mix, number, rule):
    """As `devgate snapshot` shows one: what the rule asks for, and all the rest besides."""
    pick = mix.random.randrange
    facts = dict(rule.facts) if rule else {"bus": ("pci", "usb", "platform")[pick(3)]}
    bus = facts["bus"]
    device = {"bus": bus, "device.name": facts.pop("device.name", None)}
    if bus == "pci":
        address = facts.pop("pci.address", f"0000:{pick(256):02x}:{pick(32):02x}.{pick(8)}")
        domain, where, slot = address.split(":")
        slot, function = slot.split(".")
        device["device.name"] = address
        device["device.path"] = f"/devices/pci0000:00/0000:00:1c.0/{address}"
        device["driver.name"] = mix.driver()
        device["driver.module"] = device["driver.name"]
        device["driver.builtin"] = False
        device["pci.id"] = f"{pick(65536):04x}:{pick(65536):04x}"
        device["pci.subsystem"] = f"{pick(65536):04x}:{pick(65536):04x}"
        device["pci.class"] = ("01:08:02", "02:00:00", "03:00:00", "0c:03:30")[pick(4)]
        device["pci.revision"] = pick(32)
        device["pci.address"] = address
        device["pci.segment"] = int(domain, 16)
        device["pci.bus"], device["pci.slot"] = int(where, 16), int(slot, 16)
        device["pci.function"] = int(function)
        device["pci.external"] = pick(4) == 0
        device["pci.virtfn"] = False
        device["iommu.domain"] = "dma"
    elif bus == "usb":
        port = facts.get("usb.port", mix.port())
        device["device.name"] = f"{port}:1.0"
        device["device.path"] = f"/devices/pci0000:00/0000:00:14.0/usb1/{port}/{port}:1.0"
        device["driver.name"] = ("usbhid", "usb-storage", "uvcvideo")[pick(3)]
        device["driver.builtin"] = False
        device["usb.id"] = f"{pick(65536):04x}:{pick(65536):04x}"
        device["usb.class"] = ("03:01:01", "08:06:50", "0e:01:00")[pick(3)]
        device["usb.interfaces"] = [device["usb.class"]]
        device["usb.serial"] = f"{mix.random.getrandbits(48):012X}"
        device["usb.product"] = f"Product {pick(1000)}"
        device["usb.manufacturer"] = "Acme"
        device["usb.port"] = port
    else:
        device["device.name"] = device["device.name"] or f"ACME{pick(65536):04X}:00"
        device["device.path"] = f"/devices/platform/{device['device.name']}"
        device["driver.name"] = mix.driver()
        device["driver.builtin"] = True
        device["acpi.ids"] = [f"ACME{pick(65536):04X}"]
    device.update(facts)
    return {"name": f"d{number}", **device}


def write_inventory(rules, seed, count, out):
    mix = Mix(rules, seed)
    made = rules_of(mix)
    for number in range(count):
        rule = made[mix.random.randrange(len(made))] if number % 8 < 5 else None
        out.write(json.dumps(device_of(mix, number, rule), separators=(",", ":")) + "\n")


def write_usbguard(rules, seed, out):
    mix = Mix(rules, seed)
    for _ in range(rules):
        out.write(f'allow id {mix.id("usb")} serial "{mix.fresh("serial", 48):012X}" '
                  f'via-port "{mix.port()}"\n')


def main():
    parser = argparse.ArgumentParser(description="policies and inventories of one fixed mix")
    parser.add_argument("what", choices=("policy", "inventory", "usbguard"))
    parser.add_argument("rules", type=int)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--edited", action="store_true")
    parser.add_argument("--devices", type=int, default=1000)
    arguments = parser.parse_args()
    if arguments.rules < 10:
        parser.error("at least 10 rules")
    if arguments.what == "policy":
        write_policy(arguments.rules, arguments.seed, arguments.faults, arguments.edited, sys.stdout)
    elif arguments.what == "inventory":
        write_inventory(arguments.rules, arguments.seed, arguments.devices, sys.stdout)
    else:
        write_usbguard(arguments.rules, arguments.seed, sys.stdout)


if __name__ == "__main__":
    main()
