#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a finding says: the form that is wanted there, and no form that is not."""

import os
import sys

from verbs import HEAD, equal, expect, main

CLASS = "a class (01:08:02) is wanted"
DIGEST = "a digest (sha256:, sha384: or sha512: and hex digits) is wanted"
OPERATION = "an operation (bind, mmio, "
MEASUREMENTS = "measurements are spdm.meas.1 to spdm.meas.239"
QUOTES = "write it without the quotes"
NO_COMMA = "behind the last one stands none"

# Statement, id and column, what is said, what is not.
POLICIES = [
    ('allow "a" on bind && mmio;', "E004", 19, "',' between operations is wanted", "`and`"),
    ('allow "a" on bind where pci.external && pci.virtfn;', "E004", 38, "write `and`", "wanted"),
    ('allow "a" on * where pci.external;', "E009", 14, OPERATION, "?"),
    ('assert "a" never * where pci.external;', "E009", 18, OPERATION, "?"),
    ('allow "a" on bind, * where pci.external;', "E009", 20, OPERATION, "?"),
    ("default bind: deny;", "E009", 9, "write '='", "an id"),
    ("set x: { 1 };", "E009", 5, "write '='", "an id"),
    ("set x = [ 10de:2330 ];", "E004", 9, "a set stands between '{' and '}'", "?"),
    ('allow "a" on bind where pci.id in [10de:2330];', "E004", 35, "between '{' and '}'", "?"),
    ('allow "a" on bind where pci.class == 0108;', "E008", 38, CLASS, "?"),
    ('allow "a" on bind where pci.class in { 01:*:*, 0108 };', "E008", 48, CLASS, "?"),
    ('allow "a" on bind where pci.id == 0108;', "E008", 35, "an id (10de:2330) is wanted", "?"),
    ('allow "a" on bind where pci.revision == 08;', "E008", 41, "no leading zero", "wanted"),
    ('allow "a" on mmio where spdm.root == 9f2c;', "E008", 38, DIGEST, "?"),
    ('allow "a" on bind where usb.serial like abc*;', "E009", 41, "a glob in double quotes", "?"),
    ('allow "a" on bind where usb.serial == abc*;', "E009", 39, "a string (in double quotes)", "?"),
    ('allow "a" on bind where pci.id == dead:;', "E009", 35, "an id is two fields", "'='"),
    ('allow "a" on mmio where spdm.meas is known;', "E050", 25, MEASUREMENTS, "did you mean"),
    ('allow "a" on mmio where spdm.meas.240 is known;', "E050", 25, MEASUREMENTS, "did you mean"),
    ('allow "a" on bind where pci.id == "10de:2330";', "E051", 35, QUOTES, "?"),
    ('allow "a" on bind where pci.external == "true";', "E051", 41, QUOTES, "?"),
    ('allow "a" on mmio where tdi.state == "run";', "E051", 38, QUOTES, "?"),
    ('allow "a" on bind where pci.id == "10de";', "E051", 35, "an id (10de:2330)", QUOTES),
    ('test "t" { device { pci.id = "10de:2330"; }; expect deny on bind; }', "E051", 30, QUOTES, "?"),
    ('allow "a" on bind where pci.ext;', "E050", 25, 'did you mean "pci.external"', "pci.bus"),
    ('allow "a" on bind where p.e;', "E050", 25, 'did you mean "pci.external"', "pci.id"),
    ('allow "a" on bind where usb.i == 1:2;', "E050", 25, 'did you mean "usb.id"', "usb.interfaces"),
    ('allow "a" on bind where pci.xternal;', "E050", 25, 'did you mean "pci.external"', "pci.id"),
    ('allow "a" on bind until 2037-01-01T00:00:00+02:00;', "E009", 25, "a time is in UTC", "+\""),
    ('allow "a" on bind until 2037-01;', "E009", 25, "a time is in UTC", "range"),
    ('allow "a" on bind where pci.bus in 1-5;', "E009", 36, "two dots in it, as 1..5", "time"),
    ('allow "a" on bind where pci.bus in { 0x10-0x1f };', "E009", 38, "as 1..5", "time"),
    ('allow "a" on bind where pci.bus === 5;', "E004", 33, "write ==", "!="),
    ('allow "a" on bind where pci.bus !== 5;', "E004", 33, "write !=", "not"),
    ('allow "a" on bind where pci.bus <> 5;', "E004", 33, "write !=", "=="),
    ('allow "a" on bind where pci.bus => 5;', "E004", 33, "write >=", "=="),
    ('allow "a" on bind where pci.bus =< 5;', "E004", 33, "write <=", "=="),
    ('test "t" { device { pci.class = 0108; }; expect deny on bind; }', "E008", 33, CLASS, "?"),
    ('set gpus = { 10de:2331 10de:2330 };allow "a" on bind where pci.id in gpsu;', "E042", 70,
     'did you mean "gpus"?', "defined"),
    ('set gpus { 10de:2330 };allow "a" on bind where pci.id in gpsu;', "E042", 58,
     'did you mean "gpus"?', "defined"),
    ('set gpus = { };allow "a" on bind where pci.id in gpsu;', "E042", 50, 'did you mean "gpus"?', "defined"),
    ('allow "a" on bind where pci.id in gpus;set gpus = { 10de:2330 };', "E042", 35,
     "defined only at p.dgp:3, and a definition comes before any use: move it up", "import"),
    ('allow "a" on bind where pci.id in gpus; import "later.dgp";', "E042", 35,
     "defined only at later.dgp:1, and a definition comes before any use: move it up, or the import",
     "no set"),
    ('allow "a" on bind where pci.id in gpsu;set gpus = { 10de:2330 };', "E042", 35,
     'did you mean "gpus"? It is defined only at p.dgp:3', "move"),
    ('set gpus = { 10de:2330, gpus };', "E042", 25, "in its own definition", "move"),
    ('set gpus = { 10de:2330, gpsu };', "E042", 25, "define it before this place", "gpus"),
    ('set dma = { 1 };allow "a" on bind where pci.id in dmas;', "E042", 51, 'no set is called', 'mean "dma"'),
]

# A device as JSON, id and column, what is said, what is not.
DEVICES = [
    ('{"spdm.meas.240":"x"}', "E205", 2, MEASUREMENTS, "did you mean"),
    ('{"spdm.meas":"x"}', "E205", 2, MEASUREMENTS, "did you mean"),
    ('{"pci.id":"10de:23"}', "E084", 11, "4 hex digits (10de:2330)", "*"),
    ('{"pci.class":"1:8:2"}', "E084", 14, "2 hex digits (01:08:02)", "*"),
    ('{"pci.class":"0108"}', "E084", 14, CLASS, "zero"),
    ('{"pci.id":"bus:"}', "E084", 11, "an id (10de:2330) is wanted", "'='"),
    ('{"usb.interfaces":[null]}', "E084", 20, "this is null", "?"),
    ('{"usb.interfaces":[ "08:06:50" , [["]", 7], {"a":2}] ]}', "E084", 34, "this is an array", "?"),
    ('{"usb.interfaces":["08:06:50","03:01:01", "x"]}', "E084", 43, CLASS, "?"),
    ('{"bus":1}', "E084", 8, "this is an int", "?"),
    ('{"pci.external":"true"}', "E084", 17, "this is a string", "?"),
    ('{"usb.interfaces":true}', "E084", 19, "this is a bool", "?"),
    ('{"name":{}}', "E084", 9, "this is an object", "?"),
    ('\ufeff{"bus":"pci"}', "E080", 1, "begins with a byte-order mark", "decode"),
    ("{'bus':'pci'}", "E080", 2, "a string stands in double quotes", "expected"),
    ('{"bus":"pci",}', "E080", 14, NO_COMMA, "expected"),
    ('{"usb.interfaces":["03:01:01" , ]}', "E080", 33, NO_COMMA, "invalid token"),
    ("[{},]", "E080", 5, NO_COMMA, "invalid token"),
    ("[]", "E080", 1, "at least one object", "?"),
]


def judge(result, ident, place, said, unsaid):
    found = [line for line in result.objects() if line["id"] == ident]
    equal([(line["line"], line["column"]) for line in found], [place], result)
    expect(said in found[0]["message"] and unsaid not in found[0]["message"], (said, unsaid, result))


def test_policies(folder):
    folder.write("later.dgp", "set gpus = { 10de:2330 };\n")
    for text, ident, column, said, unsaid in POLICIES:
        folder.write("p.dgp", HEAD + text + "\n")
        judge(folder.devgate("check", "p.dgp", "--json"), ident, (3, column), said, unsaid)


def test_devices(folder):
    for text, ident, column, said, unsaid in DEVICES:
        folder.write("p.dgp", HEAD + 'test "t" { device "d.json"; expect deny on bind; }\n')
        folder.write("d.json", text + "\n")
        judge(folder.devgate("check", "p.dgp", "--json"), ident, (1, column), said, unsaid)


def test_a_file_of_several_tests_is_said_once(folder):
    test = 'test "{}" {{ device "{}"; expect deny on bind; }}\n'
    folder.write("bad.json", '{"pci.id":1}\n')
    folder.write("warn.json", '{"pci.idd":1}\n')
    for names, found in ((("bad.json",), ["E084"]), (("bad.json", "bad.json"), ["E084"]),
                         (("warn.json", "warn.json"), ["E205"]),
                         (("bad.json", "./bad.json"), ["E084", "E084"]),
                         (("gone.json", "gone.json"), ["E086", "E086"])):
        folder.write("p.dgp", HEAD + "".join(test.format(i, name) for i, name in enumerate(names)))
        result = folder.devgate("check", "p.dgp", "--json")
        equal([line["id"] for line in result.objects()], found, (names, result))
    # Each of them is run.
    folder.write("good.json", '{"bus":"pci"}\n')
    folder.write("p.dgp", HEAD + test.format(1, "good.json") +
                 test.format(2, "good.json").replace("deny", "allow"))
    equal([line["id"] for line in folder.devgate("check", "p.dgp", "--json").objects()], ["E071"])


def test_what_is_no_regular_file(folder):
    os.mkfifo(os.path.join(folder.path, "fifo"))
    for text, ident, place in (('test "t" { device "fifo"; expect deny on bind; }', "E086", (3, 19)),
                               ('import "fifo";', "E034", (3, 8))):
        folder.write("p.dgp", HEAD + text + "\n")
        judge(folder.devgate("check", "p.dgp", "--json"), ident, place, "not a regular file",
              "argument")


def test_a_log_with_a_byte_order_mark(folder):
    folder.write("log", '\ufeff{"event":"policy"}\n')
    judge(folder.devgate("suggest", "log", "--json"), "E080", (1, 1), "byte-order mark", "expected")


def test_colour_only_on_a_terminal_that_wants_it(folder):
    folder.write("p.dgp", HEAD + 'allow "a" on bind where pci.externl;\n')
    command = ("check", "p.dgp")
    for result, colour in ((folder.on_terminal(*command), True),
                           (folder.on_terminal(*command, env={"NO_COLOR": ""}), True),
                           (folder.on_terminal(*command, env={"NO_COLOR": "1"}), False),
                           (folder.devgate(*command, env={"NO_COLOR": ""}), False),
                           (folder.devgate(*command), False)):
        equal((result.status, "E050" in result.err, "\033" in result.err), (1, True, colour), result)


def shown(result):
    """What stood on the one line of progress, in turn; all of it is erased."""
    *lines, rest = result.err.split("\r")
    expect("\n" not in "".join(lines) and all(line.endswith("\033[K") for line in lines[1:]), result)
    if lines:
        expect(rest.startswith("\033[K"), result)
    return [line.removesuffix("\033[K") for line in lines[1:]]


def test_progress_on_a_terminal(folder):
    rules = "".join(f'allow "r{i}" on bind where pci.bus == {i};\n' for i in range(1200))
    folder.write("p.dgp", HEAD + rules)
    folder.write("q.dgp", HEAD + rules.replace("== 7;", "== 7000;"))
    folder.write("devices.json", '{"bus":"pci","pci.id":"8086:10d3"}\n' * 1200)
    always = {"DEVGATE_PROGRESS": "always"}
    for verb, *words, last in (
            ("check", "p.dgp", "analysing rule 1,200 of 1,200"),
            ("compile", "p.dgp", "-o", "p.o", "analysing rule 1,200 of 1,200"),
            ("diff", "p.dgp", "q.dgp", "bind: comparing changed rule 2 of 2"),
            ("diff", "p.dgp", "q.dgp", "--inventory", "devices.json", "device 1,200"),
            ("sim", "p.dgp", "--inventory", "devices.json", "--op", "bind", "device 1,200"),
            ("generate", "--inventory", "devices.json", "device 1,200")):
        lines = shown(folder.on_terminal(verb, *words, env=always))
        expect(f"devgate {verb}: {last}" in lines, (verb, words, lines[-5:]))
        for result in (folder.on_terminal(verb, *words, env={"DEVGATE_PROGRESS": "never"}),
                       folder.on_terminal(verb, *words, "--json", env=always),
                       folder.devgate(verb, *words, env=always)):
            expect("\r" not in result.err and "\033[K" not in result.err, (verb, words, result))


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
