#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""devgate inspect --text goes round, and the same source gives the same bytes anywhere."""

import glob
import os
import shutil
import sys

from verbs import HEAD, TOP, equal, expect, main

FILES = {
    "p.dgp": HEAD + '''import "sets/gpu.dgp"; # import "of no meaning";
import "rules.dgp";allow "last" on mmap; # "no end
test "import \\"x\\"" { device "fixtures/h100.json"; expect allow on bind by "gpu"; }
test "inline" { device { pci.id = 10de:2335; }; expect allow on bind; };
allow "behind" on lock where device.name == "test { device \\"x\\" }"''' + ";",
    "sets/gpu.dgp": '# test { import\nset gpus = { 10de:2330, 10de:2335 };\n'
                    'test "in a folder" { # device "none"\n\tdevice\n'
                    '"../fixtures/h100.json";\n\texpect deny on accept; }',
    "rules.dgp": 'allow "gpu" on bind where pci.id in gpus;\nimport "deep.dgp";\n',
    "deep.dgp": "# only a comment, and no line end",
    "fixtures/h100.json": '{"name":"h","pci.id":"10de:2330","usb.serial":"a\\"\\n;}",'
                          '"usb.interfaces":[],"acpi.ids":["B","A"],"pci.external":false,'
                          '"spdm.meas.7":"sha256:' + "0f" * 32 + '","tdi.state":"run",'
                          '"pci.revision":18446744073709551615,"device.path":null}',
}


def make(folder, prefix=""):
    for name, text in FILES.items():
        folder.write(prefix + name, text)


def build(folder, policy, output, **keys):
    result = folder.devgate("compile", policy, "-o", output, **keys)
    equal(result.status, 0, result)
    return folder.read(output)


def test_round(folder):
    make(folder)
    first = build(folder, "p.dgp", "first.o")
    text = folder.devgate("inspect", "--text", "first.o")
    equal(text.status, 0, text)
    # Nothing else is needed: the text is compiled alone, from another folder, by another name.
    os.mkdir(os.path.join(folder.path, "other"))
    folder.write("other/q.dgp", text.out)
    equal(build(folder, "other/q.dgp", "second.o"), first)
    result = folder.devgate("compile", "-", "-o", "third.o", stdin=text.out.encode())
    equal(result.status, 0, result)
    equal(folder.read("third.o"), first)
    # Its tests came along, and still test.
    result = folder.devgate("test", "other/q.dgp")
    expect("3 of 3 tests passed" in result.out, result)


def test_one_file_is_its_own_text(folder):
    for text in (HEAD, HEAD + "# no line end", HEAD.replace("\n", "\r\n"),
                 HEAD + 'allow "a" on bind where device.name == "\\xff";\n'):
        build(folder, folder.write("p.dgp", text), "p.o")
        equal(folder.devgate("inspect", "--text", "p.o").out, text)


def test_the_cookbook_goes_round(folder):
    policies = sorted(glob.glob(os.path.join(TOP, "examples", "*.dgp")))
    expect(len(policies) > 1)
    for policy in policies:
        result = folder.devgate("compile", policy, "-o", "first.o")
        equal(result.status, 0, result)
        folder.write("again.dgp", folder.devgate("inspect", "--text", "first.o").out)
        equal(build(folder, "again.dgp", "second.o"), folder.read("first.o"), policy)


def test_json(folder):
    make(folder)
    build(folder, "p.dgp", "p.o")
    text = folder.devgate("inspect", "--text", "p.o").out
    equal(folder.devgate("inspect", "--text", "--json", "p.o").objects()[0]["text"], text)
    expect("text" not in folder.devgate("inspect", "--json", "p.o").objects()[0])


def test_the_same_bytes_on_any_machine(folder):
    make(folder, "one/")
    make(folder, "two/a folder/\u00e9/")
    two = os.path.join(folder.path, "two", "a folder", "\u00e9")
    first = build(folder, "one/p.dgp", "first.o",
                  env={"LC_ALL": "C", "TZ": "UTC", "HOME": "/", "USER": "a"}, umask=0o077)
    shutil.rmtree(os.path.join(folder.path, "one"))
    os.rename(os.path.join(two, "p.dgp"), os.path.join(two, "renamed.dgp"))
    for number, (locale, zone, mask) in enumerate((
            ("C.UTF-8", "Asia/Kathmandu", 0), ("tr_TR.UTF-8", "America/St_Johns", 0o022),
            ("POSIX", ":/nonexistent", 0o077))):
        result = folder.devgate("compile", "./renamed.dgp", "-o", f"{number}.o", cwd=two,
                                umask=mask, env={
                                    "LC_ALL": locale, "TZ": zone, "LANG": locale, "HOME": two,
                                    "USER": "b", "SOURCE_DATE_EPOCH": str(number), "EXTRA": "x" * 99})
        equal(result.status, 0, result)
        with open(os.path.join(two, f"{number}.o"), "rb") as file:
            equal(file.read() == first, True, (locale, zone))
    # Positive control: another text gives other bytes.
    folder.write("other.dgp", HEAD + "# a comment\n")
    folder.write("same.dgp", HEAD)
    expect(build(folder, "other.dgp", "o.o") != build(folder, "same.dgp", "s.o"))


def test_no_place_of_this_machine_in_the_object(folder):
    make(folder)
    data = build(folder, os.path.join(folder.path, "p.dgp"), "p.o")
    expect(folder.path.encode() not in data)
    expect(os.path.basename(folder.path).encode() not in data)
    # Positive control: what is in the text is in the object.
    expect(b"in a folder" in data)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
