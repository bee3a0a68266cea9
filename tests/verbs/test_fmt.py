#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""devgate fmt: one layout, comments kept, meaning kept."""

import glob
import os
import re
import stat
import sys

from verbs import HEAD, TOP, equal, expect, main

UGLY = '''# first
policy "p"   version 1
  abi 1;


# about the set
set gpus={10DE:2330,10de:*  , # the vendor's
 # and this one
 8086:1234};
default bind,mmio,mmap,dma,dma-relaxed,dma-private,connect,lock,accept=deny; # all of them
allow "a" on bind,mmio where (pci.id in gpus or not(pci.class==01:08:02))and driver.name=="Nvme # no comment" until 2026-12-01T08:00:00Z;
test "t" { device { pci.id=10DE:2330; driver.name="x"; };
# in a test
expect deny on bind by default; };
# last
'''
NEAT = '''# first
policy "p" version 1 abi 1;

# about the set
set gpus = {
	10de:2330, 10de:*, # the vendor's
	# and this one
	8086:1234
};
default bind, mmio, mmap, dma, dma-relaxed, dma-private, connect, lock, accept = deny; # all of them
allow "a" on bind, mmio
	where (pci.id in gpus or not (pci.class == 01:08:02)) and driver.name == "Nvme # no comment"
	until 2026-12-01T08:00:00Z;
test "t" {
	device { pci.id = 10de:2330; driver.name = "x"; };
	# in a test
	expect deny on bind by default;
};
# last
'''


def comments(text):
    """The comments of a text in order; strings are stepped over."""
    found = re.findall(r'"(?:\\.|[^"\\])*"|#[^\n]*', text)
    return [word.rstrip() for word in found if word.startswith("#")]


def policies():
    found = glob.glob(os.path.join(TOP, "tests", "corpus", "good", "**", "*.dgp"), recursive=True)
    found += glob.glob(os.path.join(TOP, "examples", "**", "*.dgp"), recursive=True)
    expect(len(found) > 100)
    return sorted(found)


def test_layout(folder):
    result = folder.devgate("fmt", "-", stdin=UGLY.encode())
    equal(result.status, 0, result)
    equal(result.out, NEAT)


def test_it_stays_as_it_is_and_keeps_comments(folder):
    for policy in policies():
        with open(policy, "rb") as file:
            text = file.read()
        once = folder.devgate("fmt", policy)
        equal(once.status, 0, f"{policy}\n{once}")
        twice = folder.devgate("fmt", "-", stdin=once.out.encode("utf-8", "surrogateescape"))
        equal(twice.out, once.out, policy)
        equal(comments(once.out), comments(text.decode("utf-8", "surrogateescape")), policy)


def test_meaning_is_kept(folder):
    """The verdicts of the cookbook are those of its laid out texts."""
    for policy in sorted(glob.glob(os.path.join(TOP, "examples", "*.dgp"))):
        name = os.path.basename(policy)
        inventory = os.path.join(TOP, "examples", "inventory", name.replace(".dgp", ".json"))
        if not os.path.exists(inventory):
            continue
        for part in glob.glob(os.path.join(TOP, "examples", "sets", "*.dgp")):
            folder.write("sets/" + os.path.basename(part), folder.devgate("fmt", part).out)
        folder.write(name, folder.devgate("fmt", policy).out)
        words = ("--inventory", inventory, "--at", "2041-06-10", "--json")
        before = folder.devgate("sim", policy, *words)
        after = folder.devgate("sim", name, *words)
        expect(before.out.count("\n") > 5, before)
        equal(after.out, before.out, policy)


def test_check_and_write(folder):
    ugly, neat = folder.write("ugly.dgp", UGLY), folder.write("neat.dgp", NEAT)
    os.chmod(ugly, 0o640)
    result = folder.devgate("fmt", "--check", "neat.dgp")
    equal((result.status, result.out), (0, ""), result)
    result = folder.devgate("fmt", "--check", "ugly.dgp", "neat.dgp")
    equal((result.status, result.out), (1, "ugly.dgp\n"), result)
    equal(folder.read("ugly.dgp").decode(), UGLY)
    before = os.stat(neat)
    result = folder.devgate("fmt", "-w", "ugly.dgp", "neat.dgp")
    equal((result.status, result.out, result.err), (0, "", ""), result)
    equal(folder.read("ugly.dgp").decode(), NEAT)
    equal(stat.S_IMODE(os.stat(ugly).st_mode), 0o640)
    equal(os.stat(neat).st_ino, before.st_ino, "a file that is right is not written")
    equal(sorted(os.listdir(folder.path)), ["neat.dgp", "ugly.dgp"], "nothing is left behind")
    equal(folder.devgate("fmt", "-w", "--check", "ugly.dgp").status, 2)
    equal(folder.devgate("fmt").status, 2)
    equal(folder.devgate("fmt", "none.dgp").status, 4)


def test_write_through_a_link(folder):
    ugly = folder.write("real/ugly.dgp", UGLY)
    if os.geteuid() == 0:
        os.chown(ugly, 12345, 54321)
    owner = os.stat(ugly).st_uid, os.stat(ugly).st_gid
    os.symlink("real/ugly.dgp", os.path.join(folder.path, "link.dgp"))
    equal(folder.devgate("fmt", "-w", "link.dgp").status, 0)
    expect(os.path.islink(os.path.join(folder.path, "link.dgp")), "the link is still one")
    equal(folder.read("real/ugly.dgp").decode(), NEAT)
    equal((os.stat(ugly).st_uid, os.stat(ugly).st_gid), owner, "the owner is the same")


def test_no_other_file_is_read(folder):
    """What a policy names need not be there, and does not count when it is."""
    folder.write("part.dgp", "allow broken\n")
    text = 'import "part.dgp";\nimport "none.dgp";\nimport "/dev/zero";\n' \
           'test "t" {\n\tdevice "none.json";\n\texpect deny on bind;\n}\n'
    result = folder.devgate("fmt", "-", stdin=text.encode())
    equal((result.status, result.out, result.err), (0, text, ""), result)


def test_a_late_syntax_error_is_seen(folder):
    """However many other mistakes stand before it: those are not counted."""
    text = 'allow "a" on bind where nothing == 1;\n' * 12000 + 'allow "a" bind;\n'
    folder.write("bad.dgp", text)
    result = folder.devgate("fmt", "-w", "bad.dgp")
    equal(result.status, 1, result)
    expect(result.err.startswith("bad.dgp:12001:11: error[E011]"), result)
    equal(folder.read("bad.dgp").decode(), text)


def test_syntax_errors_leave_the_file(folder):
    for text, place in ((HEAD + 'allow "a" bind;\n', "E011"), (HEAD + 'allow "a\n', "E005"),
                        (HEAD + 'allow "a" on bind where pci.id == 1;\x00', "E002")):
        folder.write("bad.dgp", text)
        result = folder.devgate("fmt", "-w", "bad.dgp")
        equal(result.status, 1, result)
        expect(f"error[{place}]" in result.err, result)
        equal(folder.read("bad.dgp").decode(), text)


def test_other_mistakes_do_not_stand_in_the_way(folder):
    result = folder.devgate("fmt", "-", stdin=b'set a={1,2};allow "x" on bond where pci.id==nothing;')
    equal((result.status, result.out), (0, 'set a = { 1, 2 };\n'
                                        'allow "x" on bond where pci.id == nothing;\n'), result)


def test_names_of_nothing_do_not_stand_in_the_way(folder):
    """Nobody has looked them up, and no check may take them for known ones."""
    for where in ('usb.idd == 1d6b:0002 and usb.serial == "x"', "usb.id in nothing and usb.seriall == usb",
                  'usb.id in nothing and usb.serial == "x"', 'usb.id in { nothing } and usb.serial in sets',
                  "any spdm.nothing in nothing", "pci.id == nothing and pci.class in nothing"):
        text = f'allow "x" on bind, nothing where {where};\n'
        result = folder.devgate("fmt", "-", stdin=text.encode())
        equal((result.status, result.out.replace("\n\t", " ")), (0, text), result)


def test_any_broken_policy_is_laid_out_or_refused(folder):
    for name in sorted(glob.glob(os.path.join(TOP, "tests", "corpus", "bad", "**", "*.dgp"), recursive=True)):
        result = folder.devgate("fmt", "-", stdin=open(name, "rb").read())
        expect(result.status in (0, 1) and bool(result.out) == (result.status == 0), f"{name}\n{result}")


def test_json(folder):
    folder.write("ugly.dgp", UGLY)
    objects = folder.devgate("fmt", "--json", "--check", "ugly.dgp").objects()
    equal(objects, [{"file": "ugly.dgp", "changed": True}])
    objects = folder.devgate("fmt", "--json", "ugly.dgp").objects()
    equal(objects, [{"file": "ugly.dgp", "changed": True, "text": NEAT}])


def test_what_is_generated_is_laid_out(folder):
    for inventory in glob.glob(os.path.join(TOP, "examples", "inventory", "*.json")):
        text = folder.devgate("generate", "--inventory", inventory).out
        expect(text.count("\n") > 10)
        result = folder.devgate("fmt", "--check", "-", stdin=text.encode())
        equal((result.status, result.out), (0, ""), f"{inventory}\n{result}")


def test_the_examples_are_laid_out(folder):
    files = [name for name in policies() if "/examples/" in name]
    result = folder.devgate("fmt", "--check", *files)
    equal((result.status, result.out), (0, ""), result)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
