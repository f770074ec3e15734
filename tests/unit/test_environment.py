"""A wrong setting is a sentence that names it; an unknown one is a warning."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from pmecalc.api import logs
from pmecalc.cli import main, server
from pmecalc.core.errors import InputError
from pmecalc.environment import (
    MAY_BE_EMPTY,
    OTHER_NAMES,
    expected_form,
    name_of,
    read_settings,
    unknown_names,
)
from pmecalc.settings import Settings

ROOT = Path(__file__).parents[2]
ANYTHING = "wrong value!"  # neither a number, a word, a host nor an address
PASSWORD = "S3cretMarker"  # noqa: S105  (to be looked for)
WRONG = {  # beside ANYTHING, for each setting that has other ways to be wrong
    "data": [str(Path(__file__))],
    "mode": ["Local", "oidc"],
    "host": ["http://127.0.0.1", "127.0.0.1:8000", "[::1]", "-x", "a..b", "a" * 300],
    "port": ["-1", "65536", "80.5", "tcp://10.0.0.1:8000", "1e3"],
    "workers": ["0", "65"],
    "allowed_hosts": [
        "http://pme.example",
        "pme.example:443",
        "pme.example,,x",
        "*",
        "::1",
        "[]",
        "[1]",
        '["ok", 2]',
        "[pme.example]",
        "a/b",
    ],
    "trusted_proxies": [
        "10.0.0.1/33",
        "10.0.0.1/8",
        "proxy.example",
        "10.0.0.1,,10.0.0.2",
        "1/2/3",
    ],
    "redis_url": [f"http://:{PASSWORD}@h", f"redis://:{PASSWORD}@a,b", f"redis://{PASSWORD}@h"],
    "redis_url_file": ["/nowhere/at/all", str(Path(__file__).parent)],
    "cache_max_entry": ["1023", str(2**40)],
    "compute": ["gpu"],
}
NUMBERS = ["", " ", "nan", "inf", "-inf", "-1e9", "1e400", "99999999999999999999999999"]


def kind_of(field):
    return Settings.model_fields[field].annotation


def wrong_values():
    """Every setting with each of its wrong values."""
    for field in Settings.model_fields:
        values = list(WRONG.get(field, []))
        if kind_of(field) not in {Path, Path | None}:  # any text may be the name of a file
            values.append(ANYTHING)
        if kind_of(field) in {int, float}:
            values += NUMBERS
        if field not in MAY_BE_EMPTY:
            values.append("")
        for value in dict.fromkeys(values):
            yield pytest.param(field, value, id=f"{field}={value[:40]}")


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """An environment without settings of ours but the data folder, and a way to set some."""
    for name in list(os.environ):
        if name.upper().startswith("PME_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PME_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(logs, "configure", lambda: None)  # it would outlive the test
    return monkeypatch.setenv


def test_every_setting_has_a_wrong_value():
    """No setting is left out of the cases below, whatever its type."""
    assert {case.values[0] for case in wrong_values()} == set(Settings.model_fields)


@pytest.mark.parametrize(("field", "value"), list(wrong_values()))
def test_wrong_value_is_one_sentence_and_exit_2(environment, capsys, field, value):
    """It names the setting, what it takes and the value, which of a secret is not shown."""
    environment(name_of(field), value)
    assert main(["serve"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith(f"pme serve: {name_of(field)}")
    assert line.endswith(".")
    assert "Traceback" not in line
    assert PASSWORD not in line
    if kind_of(field) == SecretStr | None:
        assert value not in line
    elif value.strip() and field not in {"redis_url_file", "cache_max_entry"}:
        assert expected_form(field) in line
        assert f"not {value[:20]!r}"[:-1] in line or "[" in value or ",," in value


def test_two_wrong_values_are_two_sentences(environment, capsys):
    """All that is wrong is said at once."""
    environment("PME_PORT", "abc")
    environment("PME_WORKERS", "0")
    assert main(["serve"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "pme serve: PME_PORT cannot be used: it takes a whole number from 0 to 65535, not 'abc'.",
        "pme serve: PME_WORKERS cannot be used: it takes a whole number from 1 to 64, not '0'.",
    ]


def test_wrong_option_is_said_as_it_was_typed(environment, capsys):
    """Options of the command are settings under another name."""
    environment("PME_PORT", "0")  # so that what --port sets is taken back after the test
    assert main(["serve", "--port", "70000"]) == 2
    said = "--port cannot be used: it takes a whole number from 0 to 65535, not '70000'."
    assert capsys.readouterr().err == f"pme serve: {said}\n"


@pytest.mark.parametrize("command", [["keys", "list"], ["backup", "x"], ["doctor"]])
def test_other_commands_say_the_same(environment, capsys, command):
    """Whichever command reads the settings; exit 2 of `doctor` says that something is damaged."""
    environment("PME_PORT", "abc")
    if command[0] != "doctor":
        environment("PME_DATA", "")
    assert main(command) == (3 if command[0] == "doctor" else 2)
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert "[WRONG_SETTING]" in err


def test_lists_are_written_with_commas(environment):
    """Hosts and proxies, with or without blanks; JSON as before."""
    environment("PME_ALLOWED_HOSTS", "pme.example, 127.0.0.1,[::1]")
    environment("PME_TRUSTED_PROXIES", "10.0.0.5, 10.1.0.0/16,fd00::/8, ::1")
    settings = read_settings()
    assert settings.allowed_hosts == ("pme.example", "127.0.0.1", "[::1]")
    networks = ["10.0.0.5/32", "10.1.0.0/16", "fd00::/8", "::1/128"]
    assert list(map(str, settings.trusted_proxies)) == networks
    environment("PME_ALLOWED_HOSTS", '["pme.example", "127.0.0.1"]')
    environment("PME_TRUSTED_PROXIES", "")
    settings = read_settings()
    assert settings.allowed_hosts == ("pme.example", "127.0.0.1")
    assert settings.trusted_proxies == ()


def test_setting_in_both_cases_is_refused(environment):
    """Which of two values is meant cannot be known."""
    environment("PME_PORT", "8001")
    environment("pme_port", "8002")
    with pytest.raises(InputError, match="PME_PORT is set twice"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("PME_REDIS_ULR", "PME_REDIS_URL"),
        ("PME_TRUSTED_PROXY", "PME_TRUSTED_PROXIES"),
        ("PME_ALLOWED_HOST", "PME_ALLOWED_HOSTS"),
        ("pme_worker", "PME_WORKERS"),
        ("PME_COLOUR", None),
    ],
)
def test_unknown_name_is_warned_about(environment, capsys, monkeypatch, name, near):
    """With the near name, once, without its value; the service starts all the same."""
    environment(name, PASSWORD)
    started = []
    monkeypatch.setattr(server, "_run", lambda settings, _listener: started.append(settings) or 0)
    environment("PME_PORT", "0")
    assert main(["serve"]) == 0
    assert len(started) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"pme serve: {name} is not a setting and is ignored; ")
    assert (f"did you mean {near}?" in line) is (near is not None)
    assert PASSWORD not in line


def test_known_names_are_no_nuisance():
    """Neither settings nor the names that tests and the engine read are warned about."""
    known = [*map(name_of, Settings.model_fields), *OTHER_NAMES]
    assert unknown_names(dict.fromkeys([*known, *map(str.lower, known), "HOME", "PMEX"], "x")) == []


def test_every_name_that_is_read_is_known():
    """What tests and source ask the environment for is a setting or stands in the table."""
    pattern = re.compile(r"""environ(?:\.get\(|\[|\.pop\()\s*["'](PME_[A-Z_]+)""")
    read = {
        name
        for folder in ("src", "tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        for name in pattern.findall(path.read_text(encoding="utf-8"))
    }
    assert {"PME_REQUIRE", "PME_SHARED"} <= read
    assert unknown_names(dict.fromkeys(read, "x")) == []
