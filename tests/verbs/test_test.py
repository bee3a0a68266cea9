#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""devgate test"""

import sys

from verbs import HEAD, equal, expect, main

POLICY = HEAD + '''allow "a" on bind, mmio where pci.id == 10de:2330;
deny "never" on bind where pci.external;
deny "dock" on dma where true mode permissive;
allow "next" on mmap where pci.external mode permissive;
test "good" {
	device { pci.id = 10de:2330; };
	expect allow on bind, mmio by "a";
	expect deny on dma by default;
}
test "bad" {
	device { pci.id = 10de:2331; };
	expect allow on mmio;
	expect deny on lock;
}
'''


def test_what_passes(folder):
    good = POLICY[:POLICY.index('test "bad"')]
    result = folder.devgate("test", folder.write("p.dgp", good))
    equal(result.status, 0, result)
    expect("1 of 1 tests passed, 3 of 3 expectations" in result.out, result)


def test_failure_names_expected_actual_rule_and_place(folder):
    folder.write("p.dgp", POLICY)
    result = folder.devgate("test", "p.dgp")
    equal(result.status, 1, result)
    expect('passed "good" (p.dgp:7:1)' in result.out, result)
    expect('FAILED "bad" (p.dgp:12:1)' in result.out, result)
    expect("p.dgp:14:2: expected allow on mmio, but it is deny by default" in result.out, result)
    expect("p.dgp:15" not in result.out, result)


def test_json(folder):
    folder.write("p.dgp", POLICY)
    objects = folder.devgate("test", "--json", "p.dgp").objects()
    equal([o["passed"] for o in objects if o["kind"] == "expectation"],
          [True, True, True, False, True])
    equal(objects[0]["expected"], {"verdict": "allow", "rule": "a", "default": False})
    equal(objects[0]["actual"], {"verdict": "allow", "rule": "a", "default": False, "would": None})
    equal(objects[2]["actual"]["would"], {"verdict": "deny", "rule": "dock"})
    equal((objects[3]["file"], objects[3]["line"], objects[3]["column"]), ("p.dgp", 14, 2))
    equal(objects[-1]["tests_failed"], 1)
    equal(objects[-1]["expectations_failed"], 1)


def test_coverage(folder):
    folder.write("p.dgp", POLICY)
    result = folder.devgate("test", "--coverage", "p.dgp")
    expect('not covered: rule "never" (p.dgp:4:1)' in result.out, result)
    expect('rule "a"' not in result.out, result)
    # One that is permissive decides nothing, and is no rule that could.
    expect('permissive: rule "dock" (p.dgp:5:1) decides nothing; it is named in 1 expectation\n'
           in result.out, result)
    expect('not covered: permissive rule "next" (p.dgp:6:1) is named in no test\n' in result.out,
           result)
    expect("not covered: the default of bind, mmap, dma-relaxed, dma-private, connect, accept "
           "decides in no test" in result.out, result)
    expect("1 of 2 rules and 3 of 9 defaults decide in a test, 1 of 2 permissive rules would\n"
           in result.out, result)
    folder.write("q.dgp", HEAD + 'allow "a" on bind;\n')
    result = folder.devgate("test", "--coverage", "q.dgp")
    expect("0 of 1 rules and 0 of 9 defaults decide in a test\n" in result.out, result)


def test_coverage_json(folder):
    folder.write("p.dgp", POLICY)
    objects = folder.devgate("test", "--coverage", "--json", "p.dgp").objects()
    rules = {o["rule"]: o for o in objects if o["kind"] == "rule"}
    equal({name: rule["decided"] for name, rule in rules.items()},
          {"a": 2, "never": 0, "dock": 0, "next": 0})
    equal({name: rule.get("named") for name, rule in rules.items()},
          {"a": None, "never": None, "dock": 1, "next": 0})
    equal([name for name, rule in rules.items() if rule["permissive"]], ["dock", "next"])
    equal(rules["dock"]["ops"], {"dma": 1})
    equal(rules["a"]["ops"], {"bind": 1, "mmio": 1})
    defaults = {o["op"]: o["decided"] for o in objects if o["kind"] == "default"}
    equal((defaults["mmio"], defaults["lock"], defaults["bind"]), (1, 1, 0))
    equal({key: objects[-1][key] for key in ("rules", "rules_decided", "permissive",
                                             "permissive_named", "defaults_decided")},
          {"rules": 2, "rules_decided": 1, "permissive": 2, "permissive_named": 1,
           "defaults_decided": 3})


def test_without_a_test(folder):
    path = folder.write("p.dgp", HEAD)
    equal(folder.devgate("test", path).status, 0)
    result = folder.devgate("test", "--fail-on-empty", path)
    equal(result.status, 1, result)
    expect("no test" in result.err, result)
    folder.write("q.dgp", POLICY[:POLICY.index('test "bad"')])
    equal(folder.devgate("test", "--fail-on-empty", "q.dgp").status, 0)


def test_the_worst_of_several(folder):
    good = folder.write("good.dgp", HEAD)
    bad = folder.write("bad.dgp", POLICY)
    equal(folder.devgate("test", good, bad).status, 1)
    equal(folder.devgate("test", good, "missing.dgp", bad).status, 4)
    equal(folder.devgate("test").status, 2)
    equal(folder.devgate("test", folder.write("e.dgp", HEAD + "allow;")).status, 1)


def test_from_standard_input(folder):
    result = folder.devgate("test", "-", stdin=POLICY.encode())
    equal(result.status, 1, result)
    expect("<stdin>:14:2" in result.out, result)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
