#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The editors' files know every word of the language and no other; docs/editors.md matches."""

import json
import os
import re
import sys

from verbs import HEAD, TOP, equal, expect, main

# The one attribute of the table that is written with an index behind it: spdm.meas.7.
INDEXED = "spdm.meas"


def source(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def words():
    return set(re.findall(r'^WORD\(\w+,\s*"([^"]+)"', source("policy-compiler/words.def"), re.M))


def attributes():
    return set(re.findall(r'^ATTR\(\w+,\s*"([^"]+)"', source("policy-compiler/schema.def"), re.M))


def operations():
    return set(re.findall(r'\[DG_OP_\w+\] = "([^"]+)"', source("policy-compiler/schema.c")))


def vim():
    """Group -> words of its `syntax keyword` lines."""
    groups = {}
    for group, line in re.findall(r"^syntax keyword dgp(\w+) (.*)$",
                                  source("packaging/editors/devgate.vim"), re.M):
        groups.setdefault(group, []).extend(line.split())
    return groups


def grammar():
    return json.loads(source("packaging/editors/devgate.tmLanguage.json"))["patterns"]


def scope(text):
    """The scope that the grammar gives the word @text."""
    for pattern in grammar():
        match = re.match(pattern.get("match") or pattern["begin"], text)
        if match and match.end() == len(text):
            return pattern["name"].rsplit(".", 1)[0]
    return None


def test_tables_are_found(_folder):
    expect(len(words()) > 30 and "forbid" in words(), words())
    expect(len(attributes()) > 30 and INDEXED in attributes(), attributes())
    equal(len(operations()), 9, operations())


def test_vim_words(_folder):
    groups = vim()
    for names in groups.values():
        equal(len(names), len(set(names)), names)
    equal(set(groups.pop("Operation")), operations())
    equal(set(groups.pop("Attribute")), attributes() - {INDEXED})
    rest = [name for names in groups.values() for name in names]
    equal(len(rest), len(set(rest)), "a word in two groups")
    equal(set(rest), words())
    expect(r"spdm\.meas\.\d" in source("packaging/editors/devgate.vim"))


def test_vim_groups_are_linked(_folder):
    text = source("packaging/editors/devgate.vim")
    used = set(re.findall(r"^syntax (?:keyword|match|region) (\w+)", text, re.M))
    equal(set(re.findall(r"^highlight default link (\w+)", text, re.M)), used)


def test_grammar_words(_folder):
    for name in operations():
        equal(scope(name), "support.function.operation", name)
    for name in attributes() - {INDEXED} | {"spdm.meas.1", "spdm.meas.239"}:
        equal(scope(name), "variable.language.attribute", name)
    for name in words():
        expect((scope(name) or "").startswith(("keyword.", "constant.language")), name)
    for name in ("pci.idx", "pci", "binds", "dma-other", "foo.bar", "allow-it", "spdm.meas"):
        equal(scope(name), None, name)
    equal(scope("# allow"), "comment.line.number-sign")
    equal(scope("sha256:" + "0f" * 32), "constant.other.digest")


def test_grammar_has_no_other_words(_folder):
    known = words() | operations() | attributes()
    for pattern in grammar():
        if not pattern["name"].startswith(("keyword", "support", "variable", "constant.language")):
            continue
        inside = re.search(r"\(\?:(.*)\)\(\?!", pattern["match"]).group(1)
        for name in inside.split("|"):
            name = name.replace("\\.", ".")
            expect(name in known or name == INDEXED + r".\d+", name)


def findings(folder):
    folder.write("p.dgp", HEAD + 'allow "x" on bind where foo.bar == 1;\n'
                 'allow "a: b" on bind where pci.id == 1:;\n')
    text = folder.devgate("check", "p.dgp")
    equal(text.status, 1, text)
    objects = folder.devgate("check", "--json", "p.dgp").objects()
    expect(len(objects) >= 2, objects)
    return text.err + text.out, objects


def test_problem_matcher(folder):
    text, objects = findings(folder)
    (block,) = re.findall(r"```json\n(.*?)```", source("docs/editors.md"), re.S)
    pattern = json.loads(block)["tasks"][0]["problemMatcher"]["pattern"]
    matches = [match for match in map(re.compile(pattern["regexp"]).match, text.splitlines())
               if match]
    names = dict(file="file", line="line", column="column", severity="severity", code="id",
                 message="message")
    equal([{json_name: match.group(pattern[name]) for name, json_name in names.items()}
           for match in matches],
          [{name: str(one[name]) for name in names.values()} for one in objects], text)


def test_errorformat(folder):
    """Vim's errorformat, for the items that the page uses."""
    text, objects = findings(folder)
    (value,) = re.findall(r"^setlocal errorformat=(.*)$", source("docs/editors.md"), re.M)
    items = value.replace("\\ ", " ").split(",")
    equal(items.pop(), "%-G%.%#")
    expressions = []
    for item in items:
        item = re.escape(item)
        for code, group in (("f", r"(?P<file>.+?)"), ("l", r"(?P<line>\d+)"),
                            ("c", r"(?P<column>\d+)"), ("t", "(?P<severity>.)"),
                            ("n", r"(?P<id>\d+)"), ("m", "(?P<message>.+)")):
            item = item.replace("%" + code, group)
        expressions.append(re.compile(item + "$"))
    got = [match.groupdict() for line in text.splitlines() for match in
           [next(filter(None, (one.match(line) for one in expressions)), None)] if match]
    equal(got, [dict({name: str(one[name]) for name in ("file", "line", "column", "message")},
                     severity=one["severity"][0], id=one["id"][1:]) for one in objects], text)


def test_fields_of_the_page(folder):
    _text, objects = findings(folder)
    for name in objects[0]:
        expect(f"`{name}`" in source("docs/editors.md"), name)
    for name in re.findall(r"\\\(\.(\w+)\)", source("docs/editors.md")):
        expect(name in objects[0], name)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
