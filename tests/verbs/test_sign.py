#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""devgate sign and verify, against each other and against the openssl command."""

import os
import ssl
import subprocess
import sys

from verbs import HEAD, equal, expect, main


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder.path, check=True, capture_output=True,
                   stdin=subprocess.DEVNULL, timeout=120)


def issue(folder, name, issuer=None, key=("ec", "ec_paramgen_curve:P-256"), extra=(), dates=()):
    """NAME.key and NAME.pem; without an issuer it signs itself. Dates: not before, not after."""
    openssl(folder, "genpkey", "-algorithm", key[0], "-pkeyopt", key[1], "-out", name + ".key")
    openssl(folder, "req", "-new", "-key", name + ".key", "-subj", "/CN=" + name,
            "-out", name + ".csr", "-config", folder.write("req.cnf", "[req]\n"
            "distinguished_name = name\n[name]\n"))
    folder.write(name + ".ext", "\n".join(extra) + "\n")
    folder.write("index.txt", "")
    folder.write("ca.cnf", "[ca]\ndefault_ca = d\n[d]\ndatabase = index.txt\nnew_certs_dir = .\n"
                 "rand_serial = yes\ndefault_md = sha256\ndefault_days = 30\npolicy = p\n"
                 "unique_subject = no\n[p]\ncommonName = supplied\n")
    words = ["ca", "-batch", "-config", "ca.cnf", "-notext", "-in", name + ".csr",
             "-out", name + ".pem", "-extfile", name + ".ext"]
    if issuer:
        words += ["-keyfile", issuer + ".key", "-cert", issuer + ".pem"]
    else:
        words += ["-selfsign", "-keyfile", name + ".key"]
    if dates:
        words += ["-startdate", dates[0], "-enddate", dates[1]]
    openssl(folder, *words)


# The object identifier of plain data, in DER.
DATA = bytes.fromhex("06092a864886f70d010701")
CA = ("basicConstraints = critical, CA:TRUE", "keyUsage = keyCertSign")


def make(folder, **keys):
    """A CA, a signer and an object."""
    issue(folder, "ca", extra=CA)
    issue(folder, "signer", "ca", **keys)
    folder.write("p.dgp", HEAD)
    result = folder.devgate("compile", "p.dgp", "-o", "p.o")
    equal(result.status, 0, result)


def sign(folder, *more, key="signer.key", cert="signer.pem"):
    return folder.devgate("sign", "p.o", "--key", key, "--cert", cert, *more)


def signed(folder, *more, **keys):
    result = sign(folder, *more, **keys)
    equal((result.status, result.err), (0, ""), result)


def refused(result, words):
    equal(result.status, 3, result)
    expect(words in result.err, result)


def unsigned(folder, words, **keys):
    refused(sign(folder, **keys), words)
    expect(not os.path.exists(os.path.join(folder.path, "p.o.p7s")), "a signature is left")


def verify(folder, *more, ca="ca.pem"):
    return folder.devgate("verify", "p.o", "--ca", ca, *more)


def by_openssl(folder, *more):
    openssl(folder, "cms", "-sign", "-binary", "-in", "p.o", "-signer", "signer.pem",
            "-inkey", "signer.key", "-outform", "DER", "-out", "p.o.p7s", *more)


def test_signed_and_verified(folder):
    make(folder)
    signed(folder)
    result = verify(folder)
    equal(result.status, 0, result)
    expect("signed by CN=signer" in result.out, result)
    openssl(folder, "cms", "-verify", "-binary", "-inform", "DER", "-in", "p.o.p7s",
            "-content", "p.o", "-CAfile", "ca.pem", "-out", "content")
    equal(folder.read("content"), folder.read("p.o"))
    text = subprocess.run(["openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "DER",
                           "-in", os.path.join(folder.path, "p.o.p7s")],
                          capture_output=True, check=True).stdout.decode()
    expect("algorithm: sha256" in text, text)
    expect("eContent: \n        <ABSENT>" in text or "eContent: <ABSENT>" in text, text)
    expect("signedAttrs:\n          <ABSENT>" in text, text)


def test_rsa(folder):
    make(folder, key=("RSA", "rsa_keygen_bits:2048"))
    signed(folder)
    equal(verify(folder).status, 0)


def test_signature_of_openssl(folder):
    make(folder)
    by_openssl(folder, "-noattr")
    equal(verify(folder).status, 0)
    by_openssl(folder, "-noattr", "-md", "sha1")
    refused(verify(folder), "weaker than SHA-256")
    by_openssl(folder)
    refused(verify(folder), "signed attributes")
    by_openssl(folder, "-noattr", "-nodetach")
    refused(verify(folder), "detached")
    by_openssl(folder, "-noattr", "-nocerts")
    refused(verify(folder), "certificate is not in the signature")
    issue(folder, "second", "ca")
    by_openssl(folder, "-noattr", "-signer", "second.pem", "-inkey", "second.key")
    refused(verify(folder), "exactly one signer")


def test_other_file(folder):
    make(folder)
    signed(folder, "-o", "elsewhere")
    expect(not os.path.exists(os.path.join(folder.path, "p.o.p7s")), "written twice")
    equal(verify(folder, "--signature", "elsewhere").status, 0)
    result = verify(folder)
    equal(result.status, 4, result)
    expect("p.o.p7s: No such file" in result.err, result)


def test_no_input_is_written_over(folder):
    make(folder)
    for name in ("signer.key", "signer.pem", "p.o"):
        before = folder.read(name)
        result = sign(folder, "-o", name)
        equal(result.status, 2, result)
        expect("is not written over" in result.err, result)
        equal(folder.read(name), before, name)
    equal(sign(folder, "-o", "-").status, 2)
    equal(sign(folder, "-o", "fresh").status, 0)


def test_json(folder):
    make(folder)
    (one,) = sign(folder, "--json").objects()
    equal((one["object"], one["signature"], one["signer"]), ("p.o", "p.o.p7s", "CN=signer"))
    (good,) = verify(folder, "--json").objects()
    equal(good, dict(one, valid=True, reason=None))
    folder.write("p.o", folder.read("p.o") + b"\0")
    result = verify(folder, "--json")
    equal(result.status, 3, result)
    (bad,) = result.objects()
    equal((bad["valid"], bad["signer"]), (False, None), bad)
    expect("not of this object" in bad["reason"], bad)


def test_every_changed_byte_of_the_object_counts(folder):
    make(folder)
    signed(folder)
    whole = folder.read("p.o")
    for at in (0, len(whole) // 2, len(whole) - 1):
        changed = bytearray(whole)
        changed[at] ^= 1
        folder.write("p.o", bytes(changed))
        refused(verify(folder), "not of this object")
    folder.write("p.o", whole[:-1])
    refused(verify(folder), "not of this object")


def test_truncated_signature(folder):
    make(folder)
    signed(folder)
    whole = folder.read("p.o.p7s")
    for part in (b"", whole[:1], whole[:len(whole) // 2], whole[:-1], whole + b"\0", b"text\n"):
        folder.write("p.o.p7s", part)
        refused(verify(folder), "not a whole CMS signature")


def test_changed_signature(folder):
    make(folder)
    signed(folder)
    whole = folder.read("p.o.p7s")
    certificate = ssl.PEM_cert_to_DER_cert(folder.read("signer.pem").decode())
    start = whole.index(certificate)
    # The type of the content, the certificate, the signature's value. Nothing protects the list of
    # digests before them, and nothing reads it.
    places = [whole.index(DATA) + len(DATA) - 1, len(whole) - 1, len(whole) - 40]
    for at in places + list(range(start, start + len(certificate), 16)):
        changed = bytearray(whole)
        changed[at] ^= 1
        folder.write("p.o.p7s", bytes(changed))
        result = verify(folder)
        equal(result.status, 3, f"byte {at}: {result}")


def test_key_of_another(folder):
    make(folder)
    issue(folder, "other", "ca")
    unsigned(folder, "does not belong to the certificate", key="other.key")
    unsigned(folder, "does not belong to the certificate", cert="ca.pem")


def test_weak_keys(folder):
    make(folder, key=("RSA", "rsa_keygen_bits:1024"))
    unsigned(folder, "fewer than 2048 bits")
    by_openssl(folder, "-noattr")
    refused(verify(folder), "fewer than 2048 bits")
    os.unlink(os.path.join(folder.path, "p.o.p7s"))
    openssl(folder, "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", "ed.key",
            "-out", "ed.pem", "-subj", "/CN=ed", "-config", "req.cnf")
    unsigned(folder, "neither RSA nor ECDSA", key="ed.key", cert="ed.pem")


def test_time(folder):
    make(folder)
    for dates, words in (
            (("20200101000000Z", "20210101000000Z"),
             "the certificate of CN=signer expired on 2021-01-01"),
            (("20900101000000Z", "20910101000000Z"),
             "the certificate of CN=signer is not valid before 2090-01-01")):
        issue(folder, "signer", "ca", dates=dates)
        unsigned(folder, words)
        by_openssl(folder, "-noattr")
        refused(verify(folder), words)
        os.unlink(os.path.join(folder.path, "p.o.p7s"))


def test_expired_ca(folder):
    issue(folder, "ca", extra=CA, dates=("20200101000000Z", "20210101000000Z"))
    issue(folder, "signer", "ca")
    folder.write("p.dgp", HEAD)
    folder.devgate("compile", "p.dgp", "-o", "p.o")
    signed(folder)
    refused(verify(folder), "the certificate of CN=ca expired on 2021-01-01")


def test_unknown_ca(folder):
    make(folder)
    signed(folder)
    issue(folder, "stranger", extra=CA)
    refused(verify(folder, ca="stranger.pem"), "no CA in stranger.pem vouches")
    # The same name and another key.
    os.rename(os.path.join(folder.path, "ca.pem"), os.path.join(folder.path, "true.pem"))
    issue(folder, "ca", extra=CA)
    refused(verify(folder), "no CA in ca.pem vouches")
    # One of several is enough.
    folder.write("both.pem", folder.read("stranger.pem") + folder.read("true.pem"))
    equal(verify(folder, ca="both.pem").status, 0)


def test_issuer_must_be_a_ca(folder):
    make(folder)
    issue(folder, "leaf", "ca", extra=("basicConstraints = CA:FALSE",))
    issue(folder, "signer", "leaf")
    folder.write("chain.pem", folder.read("signer.pem") + folder.read("leaf.pem"))
    signed(folder, cert="chain.pem")
    refused(verify(folder), "is not accepted: invalid CA certificate")


def test_intermediate(folder):
    make(folder)
    issue(folder, "middle", "ca", extra=CA)
    issue(folder, "signer", "middle")
    signed(folder)
    refused(verify(folder), "no CA in ca.pem vouches")
    equal(verify(folder, ca="middle.pem").status, 0)
    folder.write("chain.pem", folder.read("signer.pem") + folder.read("middle.pem"))
    signed(folder, cert="chain.pem")
    equal(verify(folder).status, 0)


def test_key_usage(folder):
    make(folder, extra=("keyUsage = keyEncipherment",))
    unsigned(folder, "lacks digitalSignature")


def test_files(folder):
    make(folder)
    for result, words in (
            (sign(folder, key="none"), "none: No such file"),
            (sign(folder, cert="none"), "none: No such file"),
            (sign(folder, key="signer.pem"), "signer.pem: no private key"),
            (sign(folder, cert="signer.key"), "signer.key: no certificate"),
            (sign(folder, "-o", "no/folder"), "no/folder: No such file"),
            (folder.devgate("sign", "p.dgp", "--key", "signer.key", "--cert", "signer.pem"),
             "p.dgp: ")):
        equal(result.status, 4, result)
        expect(words in result.err, result)
    signed(folder)
    result = verify(folder, ca="p.dgp")
    equal(result.status, 4, result)
    expect("p.dgp: no certificate" in result.err, result)
    folder.write("damaged.pem", folder.read("ca.pem") +
                 folder.read("ca.pem").replace(b"MII", b"XII", 1))
    result = verify(folder, ca="damaged.pem")
    equal(result.status, 4, result)
    expect("certificate 2 in it is damaged" in result.err, result)


def test_apply_asks_for_it(folder):
    def apply(*words):
        return folder.devgate("apply", "p.o", "--dry-run", *words)

    make(folder)
    # What this machine says to an object that nobody has to vouch for: it has no such kernel.
    plain = apply()
    expect(plain.status in (0, 4, 5), plain)
    refused(apply("--ca", "ca.pem"), "the object is not signed")
    signed(folder)
    equal(apply("--ca", "ca.pem").status, plain.status)
    issue(folder, "stranger", extra=CA)
    refused(apply("--ca", "stranger.pem"), "no CA in stranger.pem vouches")
    os.rename(os.path.join(folder.path, "p.o.p7s"), os.path.join(folder.path, "elsewhere"))
    equal(apply("--ca", "ca.pem", "--signature", "elsewhere").status, plain.status)
    refused(apply("--signature", "elsewhere"), "nothing says whose signature counts")
    equal(apply("--ca", "none", "--signature", "elsewhere").status, 4)
    folder.write("p.dgp", HEAD + 'allow "other" on bind where bus == "pci";\n')
    equal(folder.devgate("compile", "p.dgp", "-o", "p.o").status, 0)
    refused(apply("--ca", "ca.pem", "--signature", "elsewhere"), "not of this object")


def test_usage(folder):
    for words in (("sign", "p.o"), ("sign", "p.o", "--key", "k"), ("verify", "p.o"),
                  ("verify", "--ca", "c"), ("sign", "-", "--key", "k", "--cert", "c"),
                  ("verify", "-", "--ca", "c"), ("verify", "a", "b", "--ca", "c")):
        equal(folder.devgate(*words).status, 2, words)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
