"""Ten thousand sign-ons and two thousand refusals in one worker: nothing of ours is left behind."""

import base64
import re
from pathlib import Path

from tests.support.saml import live
from tests.support.saml.browser import post_response, session_of, start

SIGN_ONS = 10_000
WARM = 3_000  # by then caches and pools have their size
REFUSED_EVERY = 5
GROWTH = 32 << 20  # bytes from WARM to the end: less than 5 kB a sign-on; what is smaller, LeakSanitizer finds


def resident_bytes(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) << 10


def numbered(number, **more):
    return {"say": [['ID="_r1"', f'ID="_r{number}"'], ['ID="_a1"', f'ID="_a{number}"']], **more}


def sign_on(node, keys_of_idp, number):
    under_way = start(node)
    if number % REFUSED_EVERY == 0:
        forged = live.make_now(numbered(number, tamper=[["ann@corp.test", "eve@corp.test"]]), keys_of_idp, under_way.request_id)
        assert session_of(post_response(node, base64.b64encode(forged).decode(), under_way)) is None
    genuine = live.make_now(numbered(number), keys_of_idp, under_way.request_id)
    answer = post_response(node, base64.b64encode(genuine).decode(), under_way)
    assert session_of(answer) is not None, (number, answer)
    return session_of(answer)


def test_a_worker_that_signs_on_ten_thousand_people_leaks_nothing(lab, cluster, workspace):
    keys_of_idp = live.authorities()
    path = workspace / "leaks.xml"
    path.write_text(live.registered(keys_of_idp))
    live.write_key_pairs(keys_of_idp, workspace)
    node = lab.node(cluster, start=False, yaml=live.configuration(path, ""))
    node.asan_options = "detect_leaks=1:quarantine_size_mb=16"
    # LeakSanitizer traces the worker, as no debugger may that a core dump is refused to.
    node.nginx_conf = "worker_rlimit_core 0;\n" + node.nginx_conf
    node.start()
    node.people.add("ann@corp.test")
    worker, = node.workers()
    for number in range(SIGN_ONS):
        token = sign_on(node, keys_of_idp, number)
        if number % 100 == 0:
            assert node.ask("/work", token, host="login.test").status == 200
        if number == WARM:
            warm = resident_bytes(worker)
    grown = resident_bytes(worker) - warm
    print(f"resident memory: {warm >> 20} MiB after {WARM}, {(warm + grown) >> 20} MiB after {SIGN_ONS}")
    assert node.workers() == {worker}, "the worker was replaced"
    node.quit(seconds=120)
    reports = "".join(file.read_text(errors="replace") for file in node.directory.glob("sanitizer*"))
    ours = [block for block in reports.split("\n\n") if "anteroom" in block]
    assert not ours, "\n\n".join(ours[:5])
    assert "LeakSanitizer has encountered a fatal error" not in node.output() + reports
    for file in node.directory.glob("sanitizer*"):
        file.unlink()  # what nginx and libraries leave behind once
    assert grown < GROWTH
