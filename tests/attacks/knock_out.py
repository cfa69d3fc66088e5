"""Knocks every check of the SAML code out, one at a time, and says which test notices: tests/attacks/knock_out.py BUILD_DIR.

A copy of the source gets a switch into each `if` that leads to a refusal. One build, then one run of the tests per switch:
first unit_saml, then, if that notices nothing, the attack cases. Not part of scripts/test: it takes a quarter of an hour.
Exit code 1 if a check can go missing unnoticed and is not in EQUIVALENT with the reason why that does no harm.
"""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = ["guard", "xml", "signature_shape", "signature", "encryption_shape", "decryptor", "response_verifier",
         "assertion_reader", "identity_rules", "../text/email", "../text/instant", "logout_verifier", "redirect_message", "metadata",
         "metadata_signature", "artifact", "artifact_response"]
REFUSALS = re.compile(r"\{?\s*(//[^\n]*\n\s*)*return (bad\(|shape\(|Failure|unusable\(|not_allowed|fail\(|false|std::nullopt|"
                      r"\w+\.failure\(\)|\w+->failure\(\)|fine\b|plain\b|status\b|why\b)")
SWITCH = """
#include <cstdlib>
namespace anteroom {
inline bool knocked_out(int number) {
  static const char* const kChosen = std::getenv("KNOCK_OUT");
  return kChosen != nullptr && std::atoi(kChosen) == number;
}
}  // namespace anteroom
"""
# Checks that others stand behind, by file and text: what is refused stays refused, for the reason given.
EQUIVALENT = {place: reason for reason, places in {
    "a bound on work: whatever is longer is refused behind it (parse_xml)": [
        ("guard", "encoded.empty() || encoded.size() > kMaxEncodedBytes"),
    ],
    "the census of signatures refuses the second one": [
        ("guard", "signatures.size() > 1"),
    ],
    "out of memory in a library, which cannot be caused": [
        ("xml", "context == nullptr"),
        ("xml", "placeholder == nullptr"),
        ("xml", "at == std::string::npos"),
        ("signature", "context == nullptr"),
        ("signature", "context->signKey == nullptr"),
        ("signature", "bytes == nullptr || xmlSecBufferGetData(bytes) == nullptr"),
        ("response_verifier", "!around"),
        ("assertion_reader", "!around"),
        ("logout_verifier", "!around"),
        ("metadata_signature", "!content"),
        ("artifact_response", "!text"),
    ],
    "the parts of the Reference are checked first and need one": [
        ("signature_shape", "transforms == nullptr"),
    ],
    "was checked on the message before, and these are the bytes that its signature covers": [
        ("response_verifier", "!verified"),
        ("response_verifier", "!guarded_.encrypted_assertion"),
        ("response_verifier", "!document"),
        ("assertion_reader", "text != idp_.metadata.entity_id"),
        ("assertion_reader", "!element"),
        ("logout_verifier", "Status fine = check_issuer(root); !fine"),
        ("response_verifier", "assertion == nullptr || !is_element(assertion, kAssertion, \"Assertion\") || "
         "attribute(assertion, \"Version\") != \"2.0\" || attribute(assertion, \"ID\") != attribute(guarded_.assertion, \"ID\")"),
    ],
    "only plain text that is an Assertion counts as opened": [
        ("response_verifier", "guarded_.assertion == nullptr"),
    ],
    "only plain text that parses counts as opened": [
        ("assertion_reader", "!document"),
    ],
    "what is missing is not a 'Z' at the end either; reading past it is what the sanitizers would stop": [
        ("instant", "text.size() < digits"),
    ],
    "what is not a number is left in the text, which is not a 'Z' then": [
        ("instant", "!s"),
    ],
    "read as no document, which has no root that is a message: the sanitizers would stop": [
        ("logout_verifier", "!document"),
    ],
    "a bound on work: whatever is longer is refused behind it (inflate_raw)": [
        ("redirect_message", "raw_query.size() > kMaxQuery"),
    ],
    "read as no parameters, which hold no message": [
        ("redirect_message", "!parameters"),
    ],
    "read as nothing, which is not DEFLATE": [
        ("redirect_message", "!packed"),
    ],
    "signing fails only for a key that the configuration has refused": [
        ("artifact", "!signed_message"),
    ],
    "a Fault is not an ArtifactResponse either": [
        ("artifact_response", "is_element(message, kSoapEnvelope, \"Fault\")"),
    ],
    "xmlsec's verdict on the whole signature includes the only reference's": [
        ("signature", "reference == nullptr || reference->status != xmlSecDSigStatusSucceeded"),
    ],
    "no message is known on whose signature the two libraries differ; lasso_opinion_test shows that the second one judges": [
        ("response_verifier", "answer.opinion == Opinion::bad"),
    ],
    "an attribute that is there twice has no value to be read": [
        ("identity_rules", "std::find(unusable_names_.begin(), unusable_names_.end(), name) != unusable_names_.end()"),
    ],
    "read as empty, which is not signed": [
        ("redirect_message", "!relay_state || !algorithm || !signature"),
    ],
}.items() for place in places}


@dataclass
class Check:
    number: int
    place: str
    text: str


def end_of_parenthesis(text, start):
    depth = 0
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
    raise ValueError("unbalanced")


def behind_initializer(inside):
    """Where the condition begins in what stands between the parentheses of an if."""
    depth = 0
    for at, character in enumerate(inside):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == ";" and depth == 0:
            return at + 1
    return 0


def instrument(path, checks):
    text, out, at = path.read_text(), "", 0
    # Of the same length, without parentheses and semicolons that stand in literals.
    bare = re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', lambda literal: "_" * len(literal[0]), text)
    for found in re.finditer(r"\bif \(", bare):
        start = found.end() - 1
        end = end_of_parenthesis(bare, start)
        if start < at or not REFUSALS.match(text[end + 1:].lstrip()):
            continue
        inside = text[start + 1:end]
        # "init; condition"
        cut = behind_initializer(bare[start + 1:end])
        number = len(checks) + 1
        line = text.count("\n", 0, start) + 1
        checks.append(Check(number, f"{path.stem}:{line}", " ".join(inside.split())))
        declared = re.match(r"(?:const )?\w+[*&]? (\w+) = ", inside[cut:])
        condition = f"{inside[cut:]}; !knocked_out({number}) && {declared[1]}" if declared else (
            f" !knocked_out({number}) && ({inside[cut:].strip()})")
        out += text[at:start + 1] + inside[:cut] + condition
        at = end
    path.write_text('#include "anteroom/result.h"\n' + out + text[at:])


def prepare(build):
    source = build / "source"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns("build", ".git", "__pycache__"))
    result = source / "core" / "include" / "anteroom" / "result.h"
    result.write_text(result.read_text() + SWITCH)
    flags = source / "CMakeLists.txt"
    flags.write_text(flags.read_text().replace(" -Werror", ""))
    checks = []
    for name in FILES:
        instrument(source / "core" / "src" / "saml" / f"{name}.cpp", checks)
    tree = build / "tree"
    subprocess.run(["/usr/bin/cmake", "-S", source, "-B", tree, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                    "-DANTEROOM_MODULE=OFF", "-DCMAKE_CXX_COMPILER_LAUNCHER=/usr/bin/ccache"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["/usr/bin/cmake", "--build", tree, "--target", "unit_saml", "unit_config", "unit_journey", "anteroom"], check=True,
                   stdout=subprocess.DEVNULL)
    return tree, checks


def noticed_by(tree, check):
    """The first test that fails without this check, or None."""
    environment = {**os.environ, "KNOCK_OUT": str(check.number), "ANTEROOM_BUILD": str(tree)}
    for program in ("unit_saml", "unit_config", "unit_journey"):
        try:
            done = subprocess.run([tree / "tests" / program, "--abort"], env=environment, capture_output=True, text=True,
                                  timeout=120, check=False, errors="replace")
        except subprocess.TimeoutExpired:
            return f"{program}: does not end"
        if done.returncode != 0:
            names = re.findall(r"^-{20,}\n(.+)\n(?:  .*\n)*-{20,}$", done.stdout, re.MULTILINE)
            return f"{program}: {names[0] if names else 'crashes'}"
    done = subprocess.run(["/usr/bin/python3", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider",
                           "tests/attacks/test_core.py"], cwd=ROOT, env=environment, capture_output=True, text=True,
                          check=False)
    failed = re.search(r"^FAILED \S+::(.*)$", done.stdout, re.MULTILINE)
    return failed[1] if failed else None


def main():
    build = Path(sys.argv[1]).resolve()
    build.mkdir(parents=True, exist_ok=True)
    tree, checks = prepare(build)
    print(f"{len(checks)} checks", flush=True)
    survivors = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for check, caught in zip(checks, pool.map(lambda check: noticed_by(tree, check), checks), strict=True):
            reason = EQUIVALENT.get((check.place.split(":")[0], check.text))
            if caught is None and reason is None:
                survivors.append(check)
            print(f"{check.number:4} {check.place:24} {check.text[:70]:70} {caught or reason or 'NOBODY'}", flush=True)
    print(f"{len(checks) - len(survivors)} of {len(checks)} checks are noticed when they are gone")
    print(*(f"unnoticed: {check.place} {check.text}" for check in survivors), sep="\n")
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
