#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The manual page and the completion that the build makes know every verb, option and diagnostic."""

import os
import re
import shutil
import subprocess
import sys

from verbs import DEVGATE, TOP, equal, expect, main


def made(kind):
    return subprocess.run([os.path.join(TOP, "packaging", "manual"), kind, DEVGATE], check=True,
                          capture_output=True).stdout.decode()


def table(path, expression):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        found = re.findall(expression, file.read(), re.M)
    expect(len(found) > 8, f"{path}: {found}")
    return found


def verbs():
    return table("loader/cli/verbs.def", r'^VERB\(\w+,\s*"([^"]+)"')


def options():
    return table("loader/cli/options.def", r'^OPTION\((\w+),\s*\w+,\s*"([^"]+)"')


def complete(folder, *words):
    script = folder.write("completion", made("bash"))
    code = ('. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _devgate; '
            'printf "%s\\n" "${COMPREPLY[@]}"')
    out = subprocess.run(["bash", "-c", code, "bash", script, "devgate", *words], check=True,
                         capture_output=True, cwd=folder.path)
    equal(out.stderr, b"")
    return set(out.stdout.decode().split())


def test_manual_is_whole(_folder):
    text = made("man").replace("\\-", "-")
    for verb in verbs():
        expect(re.search(rf"^\.SS devgate {verb}( |$)", text, re.M), verb)
    for verb, option in options():
        part = text.split(f".SS devgate {verb}", 1)[1].split(".SS", 1)[0]
        expect(f"--{option}" in part, (verb, option))
    for name in table("policy-compiler/diag.def", r"^DIAG\((E\d{3}),"):
        expect(f"\\fB{name}\\fR" in text, name)
    for name in table("policy-compiler/schema.def", r'^ATTR\(\w+,\s*"([^"]+)"'):
        expect(f"\\fB{name}\\fR" in text, name)


def test_manual_renders_without_a_warning(folder):
    text = made("man")
    expect(text.isascii(), [line for line in text.splitlines() if not line.isascii()][:3])
    if not shutil.which("groff"):
        return
    page = folder.write("devgate.1", text)
    result = subprocess.run(["groff", "-man", "-ww", "-Tutf8", page], cwd=folder.path, check=True,
                            capture_output=True)
    equal(result.stderr.decode(), "")
    expect("[ARGUMENT…]" in result.stdout.decode(), result.stdout[:500])


def test_completion(folder):
    equal(complete(folder, ""), set(verbs()) | {"--help", "--version"})
    for verb in verbs():
        equal(complete(folder, verb, "--"), {"--json", "--help"} |
              {"--" + option for other, option in options() if other == verb}, verb)
    equal(complete(folder, "sim", "--engine", ""), {"ref", "table", "bpf"})
    equal(complete(folder, "sim", "--op", "dma"), {"dma", "dma-relaxed", "dma-private"})
    expect("E012" in complete(folder, "help", "E01"))
    folder.write("one.dgp", "")
    equal(complete(folder, "check", "on"), {"one.dgp"})


def test_installed(folder):
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    subprocess.run(["make", "-C", TOP, "install", "PREFIX=/usr", "DESTDIR=" + folder.path,
                    "BUILD=" + os.path.dirname(os.path.abspath(DEVGATE))], check=True,
                   capture_output=True, env=environment)
    equal(folder.read("usr/share/man/man1/devgate.1").decode(), made("man"))
    equal(folder.read("usr/share/bash-completion/completions/devgate").decode(), made("bash"))


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
