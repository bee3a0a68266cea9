# SPDX-License-Identifier: GPL-2.0-only
"""Compares the code of two builds of the kernel, function by function.

What differs though the code is the same is taken out first: addresses become labels or names, what
a relocation points at becomes its name or its content. The jump table tells which branches are
patched at run time, and by which key.
"""

import bisect
import collections
import io
import os
import re
import subprocess
import tarfile

KEY = "devpolicy_key"


class Objects:
    """The object files of a build: a directory, or kernel/scripts/build's archive of them."""

    def __init__(self, kernel):
        self.directory = os.path.join(kernel, "objects")
        self.archive = None
        if not os.path.isdir(self.directory):
            with tarfile.open(self.directory + ".tar.gz") as archive:
                self.archive = {os.path.normpath(member.name): archive.extractfile(member).read()
                                for member in archive if member.isfile()}

    def read(self, name):
        """The bytes of an object, None where the build has none."""
        if self.archive is not None:
            return self.archive.get(name)
        try:
            with open(os.path.join(self.directory, name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None


def plain(name):
    """A symbol's name without what the compiler and BTF_ID() number."""
    name = re.sub(r"^(__BTF_ID__\w+?)__\d+$", r"\1", name)
    return re.sub(r"\.(\d+|constprop|isra|part)\b", "", name)


Instruction = collections.namedtuple("Instruction", "address text key")


class Code:
    """The functions of one object: name -> [Instruction], in normal form."""

    HEADER = re.compile(r"^([0-9a-f]+) <(.+)>:$")
    LINE = re.compile(r"^ *([0-9a-f]+):\t(.+?)\s*$")
    RELOCATION = re.compile(r"^\t\t\t([0-9a-f]+): (R_X86_64_\w+)\t(.+?)([+-]0x[0-9a-f]+)?$")
    TARGET = re.compile(r"\b([0-9a-f]+) <([^>]+)>")

    def __init__(self, data, scratch):
        self.path = os.path.join(scratch, "object.o")
        with open(self.path, "wb") as file:
            file.write(data)
        self.functions = {}
        self._read_symbols()
        self._read_strings()
        self._read_branches()
        self._read_code()

    def _tool(self, *words):
        return subprocess.run([*words, self.path], stdout=subprocess.PIPE, text=True, check=True,
                              errors="replace", env={**os.environ, "LC_ALL": "C"}).stdout

    def _read_symbols(self):
        """self.symbols: section -> sorted [(offset, name)]"""
        self.symbols = collections.defaultdict(list)
        for line in self._tool("objdump", "-t").splitlines():
            match = re.match(r"^([0-9a-f]{16}) (.{7}) (\S+)\t[0-9a-f]+ (?:\.hidden )?(.*)$", line)
            if match and match.group(3) != "*UND*" and not set("df") & set(match.group(2)):
                self.symbols[match.group(3)].append((int(match.group(1), 16), match.group(4)))
        for names in self.symbols.values():
            names.sort()

    def _read_strings(self):
        """self.strings: section -> its bytes, for the sections of constant strings"""
        self.strings = {}
        names = set(re.findall(r"^ *\d+ (\.rodata\S*\.str\S*)", self._tool("objdump", "-h"), re.M))
        for name in names:
            dump = bytearray()
            for line in self._tool("objdump", "-s", "-j", name).splitlines():
                match = re.match(r"^ [0-9a-f]+ ((?:[0-9a-f]+ ){1,4}) ", line)
                if match:
                    dump += bytes.fromhex(match.group(1).replace(" ", ""))
            self.strings[name] = bytes(dump)

    def _read_branches(self):
        """self.branches: (section, offset) of a branch patched at run time -> its key"""
        self.branches = {}
        where, inside = None, False
        for line in self._tool("objdump", "-r").splitlines():
            if line.startswith("RELOCATION RECORDS"):
                inside = "[__jump_table]" in line
            if not inside:
                continue
            match = re.match(r"^([0-9a-f]+) \S+ +(.+?)([+-]0x[0-9a-f]+)?$", line)
            if not match or line.startswith("OFFSET"):
                continue
            offset, symbol = int(match.group(1), 16), match.group(2)
            addend = int(match.group(3) or "0", 16)
            if offset % 16 == 0:
                where = self._locate(symbol, addend)
            elif offset % 16 == 8:
                # Bit 0 and 1 of the key hold flags.
                self.branches[where] = self._name(symbol, addend & ~3)

    def _locate(self, symbol, addend):
        """(section, offset) of symbol + addend, the symbol being a section's or one in it."""
        if symbol in self.symbols or symbol.startswith("."):
            return symbol, addend
        for section, names in self.symbols.items():
            for offset, name in names:
                if name == symbol:
                    return section, offset + addend
        return symbol, addend

    def _name(self, symbol, addend):
        """What lies at symbol + addend, in words that do not depend on where it is."""
        section, offset = self._locate(symbol, addend)
        if section in self.strings and 0 <= offset < len(self.strings[section]):
            return repr(self.strings[section][offset:].split(b"\0", 1)[0].decode(errors="replace"))
        names = self.symbols.get(section)
        if not names:
            return f"{section}+{offset:#x}" if offset else section
        place = bisect.bisect(names, (offset, "\U0010ffff")) - 1
        start, name = names[max(place, 0)]
        name = "constant" if name.startswith(".LC") else plain(name)
        return f"{name}{offset - start:+#x}" if offset != start else name

    def _read_code(self):
        section = name = None
        start, lines = 0, []
        for line in self._tool("objdump", "-dr", "--no-show-raw-insn", "-w").splitlines() + [""]:
            if line.startswith("Disassembly of section "):
                self._function(section, name, start, lines)
                section, name, lines = line.split()[-1].rstrip(":"), None, []
                continue
            header = self.HEADER.match(line)
            if header:
                self._function(section, name, start, lines)
                start, name, lines = int(header.group(1), 16), header.group(2), []
            elif name:
                lines.append(line)
        self._function(section, name, start, lines)

    def _function(self, section, name, start, lines):
        if not name or section.startswith((".altinstr", ".discard", ".init.altinstr")):
            return
        raw = []
        for line in lines:
            match = self.LINE.match(line)
            if match:
                text, *relocations = match.group(2).split("\t")
                raw.append([int(match.group(1), 16), " ".join(text.split()), []])
                text = match.group(2)
                # With -w the relocations follow on the same line.
                parts = re.split(r"\t+([0-9a-f]+): (R_X86_64_\w+)\t", text)
                raw[-1][1] = " ".join(parts[0].split())
                for i in range(1, len(parts), 3):
                    raw[-1][2].append((int(parts[i], 16), parts[i + 1], parts[i + 2].strip()))
        # Alignment after the end belongs to nobody.
        while raw and re.match(r"^(cs |data16 )*(nop|xchg %ax,%ax|int3)", raw[-1][1]) and \
                (section, raw[-1][0]) not in self.branches:
            raw.pop()
        if raw:
            self._normalise(section, name, start, raw)

    def _normalise(self, section, name, start, raw):
        inside = {entry[0] for entry in raw}
        targets = set()
        for address, text, relocations in raw:
            for match in self.TARGET.finditer(text):
                if not relocations and int(match.group(1), 16) in inside:
                    targets.add(int(match.group(1), 16))
        labels = {address: f"L{number}" for number, address in enumerate(sorted(targets))}
        result = []
        for place, (address, text, relocations) in enumerate(raw):
            following = raw[place + 1][0] if place + 1 < len(raw) else address + 5
            key = self.branches.get((section, address))
            if key is not None:
                # A branch that is patched: the assembler's jump or objtool's NOP.
                text, relocations = f"static-branch {key}", []
            text = re.sub(r"\s+#.*$", "", text)
            if not relocations:
                text = self.TARGET.sub(lambda m: labels.get(int(m.group(1), 16)) or
                                       self._name(section, int(m.group(1), 16)), text)
            else:
                text = re.sub(r"\b[0-9a-f]+ <[^>]*>", "", text)
                text = re.sub(r"-?0x0\(%rip\)", "(%rip)", text)
            for offset, kind, target in relocations:
                match = re.match(r"^(.+?)([+-]0x[0-9a-f]+)?$", target)
                addend = int(match.group(2) or "0", 16)
                if kind in ("R_X86_64_PC32", "R_X86_64_PLT32", "R_X86_64_GOTPCREL"):
                    addend += following - offset
                text += " {" + self._name(match.group(1), addend) + "}"
            prefix = labels[address] + ": " if address in labels else ""
            result.append(Instruction(address, prefix + text.strip(), key))
        base, number = plain(name), 0
        unique = base
        while unique in self.functions:
            number += 1
            unique = f"{base}#{number}"
        self.functions[unique] = result


def differences(old, new, same_line=lambda a, b: False):
    """[(function, why)] where two Codes differ. same_line tells whether two immediates are the same
    source line before and after."""
    result = []
    for name in sorted(set(old.functions) | set(new.functions)):
        if name not in old.functions or name not in new.functions:
            result.append((name, "only in one of them"))
            continue
        a, b = old.functions[name], new.functions[name]
        if len(a) != len(b):
            result.append((name, f"{len(a)} and {len(b)} instructions"))
            continue
        for x, y in zip(a, b):
            if x.text != y.text and not _only_line(x.text, y.text, same_line):
                result.append((name, f"'{x.text}' and '{y.text}'"))
                break
    return result


def _only_line(a, b, same_line):
    number = re.compile(r"\$0x([0-9a-f]+)")
    if number.sub("$", a) != number.sub("$", b):
        return False
    return all(x == y or same_line(int(x, 16), int(y, 16))
               for x, y in zip(number.findall(a), number.findall(b)))


class Cost:
    """What matters of a function's code beside what it does.

    The likely path is where execution goes when no condition holds: from the entry, past each
    conditional jump, along each plain one, to the return. Compilers lay code out so; what lies beside
    it may use the stack as it likes.
    """

    STACK = re.compile(r"\((%rsp|%rbp)[,)]")
    JUMP = re.compile(r"^jmpq? +(L\d+)$")
    END = re.compile(r"^(ret|jmp|ud2)")

    def __init__(self, instructions):
        self.branches = sum(1 for i in instructions if i.key == KEY)
        self.instructions = len(instructions)
        likely = self._likely(instructions)
        self.path = len(likely)
        self.pushes = sum(1 for text in likely if text.startswith("push"))
        self.frame = sum(int(m.group(1), 16) for m in
                         (re.match(r"^sub \$0x([0-9a-f]+),%rsp", text) for text in likely) if m)
        self.slots = sum(1 for text in likely
                         if self.STACK.search(text) and not text.startswith(("lea", "call")))

    def _likely(self, instructions):
        """The texts, without labels, of the likely path; up to a place where it was already."""
        labels, texts = {}, []
        for place, instruction in enumerate(instructions):
            label, colon, rest = instruction.text.partition(": ")
            if colon and re.fullmatch(r"L\d+", label):
                labels[label] = place
                texts.append(rest)
            else:
                texts.append(instruction.text)
        path, seen, place = [], set(), 0
        while place < len(texts) and place not in seen:
            seen.add(place)
            path.append(texts[place])
            jump = self.JUMP.match(texts[place])
            if jump and jump.group(1) in labels:
                place = labels[jump.group(1)]
            elif self.END.match(texts[place]):
                break
            else:
                place += 1
        return path

    def spills_over(self, other):
        """In words what this has more on the stack than the other, or nothing."""
        return ", ".join(f"{name} {getattr(other, name)} to {getattr(self, name)}"
                         for name in ("pushes", "frame", "slots")
                         if getattr(self, name) > getattr(other, name))


class LineMap:
    """Where the lines of the files that a series touches have gone."""

    def __init__(self, series):
        self.files = collections.defaultdict(list)	# path -> per patch [(old start, old, new)]
        with open(os.path.join(series, "series"), encoding="utf-8") as file:
            names = [line.strip() for line in file if line.strip() and not line.startswith("#")]
        for name in names:
            with open(os.path.join(series, name), encoding="utf-8") as file:
                self._patch(file.read())

    def _patch(self, text):
        path, shifts, line = None, None, 0
        left_old = left_new = 0
        for row in io.StringIO(text):
            if left_old > 0 or left_new > 0:
                if row.startswith("-"):
                    shifts.append((line, -1))
                    line += 1
                    left_old -= 1
                elif row.startswith("+"):
                    shifts.append((line, 1))
                    left_new -= 1
                elif not row.startswith("\\"):
                    line += 1
                    left_old -= 1
                    left_new -= 1
                continue
            match = re.match(r"^\+\+\+ b/(\S+)", row)
            if match:
                path, shifts = match.group(1), []
                self.files[path].append(shifts)
            match = re.match(r"^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@", row)
            if match:
                line = int(match.group(1))
                left_old = int(match.group(2) or "1")
                left_new = int(match.group(3) or "1")

    def touched(self):
        """The C files that the series changes or adds."""
        return sorted(path for path in self.files if path.endswith(".c"))

    def same_line(self, old, new):
        """Has line `old` of any touched file become line `new`?"""
        return old != new and any(self._moved(path, old) == new for path in self.files)

    def _moved(self, path, line):
        for shifts in self.files[path]:
            line += sum(by for at, by in shifts if at <= line)
        return line
