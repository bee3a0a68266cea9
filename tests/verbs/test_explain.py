#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""devgate explain"""

import sys

from verbs import HEAD, equal, expect, main

POLICY = HEAD + '''set gpus = { 10de:2330, 10de:2335 };
forbid "no-external" on bind where pci.external and bus == "pci";
deny "audit" on bind where device.name like "x*" mode permissive;
allow "any-usb" on bind where bus == "usb" and driver.name in { "usb", "hub" };
allow "gpu" on bind, mmio where pci.id in gpus and tdi.state == run and not pci.virtfn;
allow "late" on bind where pci.id == 8086:10d3 from 2030-01-01;
allow "always" on mmap;
'''

GPU = ('{"name":"gpu","bus":"pci","pci.id":"10de:2330","pci.external":false,'
       '"pci.virtfn":false,"tdi.state":"locked"}')


def explain(folder, device, *words, policy=POLICY):
    folder.write("p.dgp", policy)
    folder.write("d.json", device)
    return folder.devgate("explain", "p.dgp", "--device", "d.json", *words)


def test_nearest_rule_and_the_clause_that_failed(folder):
    result = explain(folder, GPU, "--op", "bind")
    equal(result.status, 0, result)
    expect("gpu  bind: deny by default" in result.out, result)
    expect('nearest allow rule: "gpu" (p.dgp:7:1)' in result.out, result)
    expect("p.dgp:7:52  tdi.state == run" in result.out, result)
    expect("tdi.state is locked (verified through a TSM)" in result.out, result)
    expect("pci.id in gpus" not in result.out, "only what failed")


def test_why_unknown(folder):
    result = explain(folder, GPU.replace(',"tdi.state":"locked"', ""), "--op", "mmio")
    expect("tdi.state is unknown: " in result.out, result)
    result = explain(folder, '{"bus":"usb","usb.id":"1d6b:0002"}', "--op", "bind")
    expect('"any-usb"' in result.out and "no driver is named" in result.out, result)


def test_forbid_decided_by_unknown(folder):
    result = explain(folder, '{"name":"x","bus":"pci","pci.id":"10de:2330"}', "--op", "bind",
                     "--json")
    explanation = result.objects()[0]
    equal((explanation["rule"], explanation["by_unknown"]), ("no-external", True))
    decided = explanation["decided"]
    equal((decided["condition"], decided["effect"]), ("unknown", "forbid"))
    equal([c["attribute"] for c in decided["clauses"]], ["pci.external"])
    # Positive control: the same forbid on a known fact.
    known = explain(folder, '{"bus":"pci","pci.external":true}', "--op", "bind",
                    "--json").objects()[0]
    equal((known["rule"], known["by_unknown"]), ("no-external", False))
    equal([c["attribute"] for c in known["decided"]["clauses"]], ["pci.external", "bus"])


def test_why_allowed(folder):
    device = GPU.replace("locked", "run")
    allowed = explain(folder, device, "--op", "bind", "--json").objects()[0]
    equal((allowed["verdict"], allowed["rule"], allowed["nearest"]), ("allow", "gpu", None))
    equal([(c["clause"], c["wanted"], c["fact"]) for c in allowed["decided"]["clauses"]],
          [("pci.id in gpus", "true", "10de:2330"), ("tdi.state == run", "true", "run"),
           ("not pci.virtfn", "false", False)])
    expect("has no condition" in explain(folder, device, "--op", "mmap").out)


def test_matching_rule_behind_a_forbid(folder):
    result = explain(folder, '{"bus":"pci","pci.external":true,"pci.id":"10de:2330",'
                     '"tdi.state":"run","pci.virtfn":false}', "--op", "bind")
    expect('"gpu" (p.dgp:7:1) matches, but the forbid decides before it' in result.out, result)


def test_not_live(folder):
    device = '{"bus":"pci","pci.external":false,"pci.id":"8086:10d3"}'
    result = explain(folder, device, "--op", "bind", "--at", "2029-01-01")
    expect('"late"' in result.out and "not live at this time: from 2030-01-01" in result.out,
           result)
    result = explain(folder, device, "--op", "bind", "--at", "2030-01-01")
    expect('allow by "late"' in result.out, result)


def test_permissive_rule_passed_over(folder):
    result = explain(folder, '{"device.name":"x1","bus":"usb","driver.name":"hub"}', "--op",
                     "bind", "--json").objects()[0]
    equal((result["verdict"], result["would"]["rule"]), ("allow", "audit"))


def test_all_operations_and_no_rule(folder):
    result = explain(folder, GPU)
    equal(result.out.count("gpu  "), 9, result)
    expect("no rule allows this operation" in result.out, result)


def test_name_in_an_inventory(folder):
    folder.write("p.dgp", POLICY)
    folder.write("i.json", GPU + '\n{"device.name":"0000:00:02.0","bus":"pci"}\n')
    words = ("explain", "p.dgp", "--inventory", "i.json", "--op", "bind", "--device")
    expect(folder.devgate(*words, "gpu").out.startswith("gpu  bind"))
    expect(folder.devgate(*words, "0000:00:02.0").out.startswith("0000:00:02.0  bind"))
    missing = folder.devgate(*words, "gpv")
    equal(missing.status, 4)
    expect('no device "gpv"; did you mean "gpu"?' in missing.err, missing)


def test_object_carries_its_text(folder):
    folder.write("p.dgp", POLICY)
    folder.write("d.json", GPU)
    equal(folder.devgate("compile", "p.dgp", "-o", "p.bpf.o").status, 0)
    result = folder.devgate("explain", "p.bpf.o", "--device", "d.json", "--op", "bind", "--json")
    equal(result.objects()[0]["nearest"]["rule"], "gpu", result)


def test_usage(folder):
    folder.write("p.dgp", POLICY)
    equal(folder.devgate("explain", "p.dgp").status, 2)
    result = explain(folder, GPU, "--op", "bnid")
    equal(result.status, 2)
    expect('did you mean "bind"?' in result.err, result)
    equal(explain(folder, GPU, "--at", "yesterday").status, 2)
    equal(explain(folder, '{"bus":7}').status, 1)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
