"""`ct-assistant check`: whatever is broken is told with what to do, and looking changes nothing."""

import hashlib
import json
import resource
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from assistant import checks, surroundings
from assistant.checks import Finding, check
from assistant.cli import main
from assistant.config import Settings
from assistant.records import Database
from conftest import ROOT
from index import embedding, generations
from scripted_model import ScriptedModel

MODELS = ROOT / "var" / "models"
SECRET = "0123456789abcdef0123456789abcdef"
Break = Callable[[Path, pytest.MonkeyPatch], dict[str, object] | None]


@pytest.fixture
def folder(tmp_path: Path, small_index: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound installation of its own: papers, a build, records and audit lines."""
    for name in ("corpus", "index"):
        shutil.copytree(small_index.parent / name, tmp_path / name)
    (tmp_path / "audit").mkdir()
    (tmp_path / "tmp").mkdir()
    database = Database(f"sqlite:///{tmp_path}/records.sqlite")
    database.prepare()
    database.close()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return tmp_path


def settings_of(folder: Path, **given: object) -> Settings:
    places: dict[str, object] = {name: folder / name for name in ("corpus", "index", "audit")}
    records = f"sqlite:///{folder}/records.sqlite"
    return Settings.model_validate({**places, "models": MODELS, "records_url": records, **given})


def seen(folder: Path) -> dict[str, str]:
    """Every file below a folder, with what it holds; but not SQLite's locks, which every reader takes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.endswith("-shm"))
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_sound_installation_is_told_so_and_left_as_it_is(folder: Path) -> None:
    before = seen(folder)
    findings = list(check(settings_of(folder)))
    assert [finding.text for finding in findings if not finding.sound] == []
    assert seen(folder) == before, "looking makes, migrates and removes nothing"
    topics = {finding.text.partition(":")[0] for finding in findings}
    assert topics >= {"index", "rollback", "files", "search", "corpus", "records", "sign-on", "settings"}
    assert topics >= {"packages", "clock", "open files", "audit", "index folder", "room for the next build"}
    assert all("\n" not in finding.text for finding in findings) and len(findings) == len(set(findings))


def test_check_prints_a_line_each_or_one_list_and_its_status_says_whether_all_is_sound(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = [Finding(True, "index: fine"), Finding(False, "audit: not. Mend it.")]
    monkeypatch.setattr(checks, "check", lambda settings: iter(told))
    assert main(["check"]) == 1
    assert capsys.readouterr().out == "ok    index: fine\nWRONG audit: not. Mend it.\n"
    assert main(["check", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)[1] == {"sound": False, "text": "audit: not. Mend it."}
    told.pop()
    assert main(["check"]) == 0


def _damaged_build(folder: Path, _: pytest.MonkeyPatch) -> None:
    with (generations.current(folder / "index") / "catalogue.sqlite").open("r+b") as file:
        file.write(b"\0" * 64)


def _no_build(folder: Path, _: pytest.MonkeyPatch) -> None:
    (folder / "index" / generations.CURRENT).unlink()


def recorded(folder: Path, **changed: object) -> None:
    """Write the record of the current build as it would be with these fields."""
    build = generations.current(folder / "index")
    told = generations.record_of(build) | changed
    told["seal"] = generations._seal(told)
    (build / generations.RECORD).write_text(json.dumps(told), "utf-8")


def _previous_damaged(folder: Path, _: pytest.MonkeyPatch) -> None:
    before = folder / "index" / "20200101T000000-abcdef"
    shutil.copytree(generations.current(folder / "index"), before)  # its record names another build
    recorded(folder, previous=before.name)


def _record_without_fields(folder: Path, _: pytest.MonkeyPatch) -> None:
    (generations.current(folder / "index") / generations.RECORD).write_text("{}")


def _clock_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.surroundings.time.time", lambda: 1_000_000_000.0)


@pytest.mark.parametrize(
    ("broken", "told", "advice"),
    [
        (_damaged_build, "catalogue.sqlite: damaged", "Run `ct-assistant build`"),
        (_no_build, "no index here", "Run `ct-assistant build"),
        (_previous_damaged, "rollback: the earlier build", "Delete it"),
        (_record_without_fields, "build.json: damaged", "Run `ct-assistant build`"),
        (_clock_behind, "clock: ", "Set it"),
    ],
)
def test_what_is_wrong_with_a_build_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, broken: Break, told: str, advice: str
) -> None:
    broken(folder, monkeypatch)
    (finding,) = [each for each in checks._looked(checks._builds, settings_of(folder)) if not each.sound]
    assert told in finding.text and advice in finding.text


def test_files_that_are_not_read_and_packages_that_changed_are_told_and_are_no_fault(folder: Path) -> None:
    whole = generations.record_of(generations.current(folder / "index"))
    outcomes = [*whole["outcomes"], {"path": "x.pdf", "status": "damaged"}]
    recorded(folder, outcomes=outcomes, versions=whole["versions"] | {"tantivy": "0.1"})
    findings = list(checks._builds(settings_of(folder)))
    assert all(finding.sound for finding in findings)
    assert findings[2].text.startswith("files: 4 (") and "1 damaged); `ct-assistant" in findings[2].text
    assert findings[3].text.startswith("packages: tantivy 0.27") and "at the build 0.1" in findings[3].text


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE records_version SET version_num = '9999'")


def _torn(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)


def _open_to_others(path: Path) -> None:
    path.chmod(0o644)


@pytest.mark.parametrize(
    ("broken", "told", "advice"),
    [
        (_newer, "newer ct-assistant (form 9999)", "Start the newer one"),
        (_torn, "is damaged", "Put the backup back"),
        (_open_to_others, "can be read by others", "chmod 600"),
    ],
)
def test_what_is_wrong_with_the_records_is_told_and_left_as_it_is(
    folder: Path, broken: Callable[[Path], None], told: str, advice: str
) -> None:
    broken(folder / "records.sqlite")
    before = seen(folder)
    (finding,) = [each for each in checks._records(settings_of(folder)) if not each.sound]
    assert told in finding.text and advice in finding.text
    assert seen(folder) == before, "a damaged file is set aside by a server, not by a look at it"


def test_records_of_an_older_form_are_told_and_not_migrated(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "records.sqlite")) as db, db:
        (form,) = db.execute("SELECT version_num FROM records_version").fetchone()
        db.execute("UPDATE records_version SET version_num = '0001'")
    (finding,) = checks._records(settings_of(folder))
    assert finding.sound and f"of an older form (0001), brought to {form} at the next start" in finding.text
    with closing(sqlite3.connect(folder / "records.sqlite")) as db, db:
        assert db.execute("SELECT version_num FROM records_version").fetchone() == ("0001",)


def test_records_are_looked_at_while_a_server_writes_them(folder: Path) -> None:
    serving = Database(f"sqlite:///{folder}/records.sqlite")
    with serving.writing():
        (finding,) = checks._records(settings_of(folder))
        assert finding.sound and "0 conversations" in finding.text
    serving.close()


def test_an_embedding_model_that_is_not_the_pinned_one_is_told_and_none_is_exported(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (finding,) = checks._looked(checks._models, settings_of(folder, models=tmp_path / "none"))
    assert not finding.sound and "Run `ct-assistant build`" in finding.text
    assert not (tmp_path / "none").exists()
    other = tmp_path / "package"
    other.mkdir()
    (other / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr(embedding, "_packaged_model", lambda: other)
    (finding,) = checks._looked(checks._models, settings_of(folder))
    assert not finding.sound and "not the pinned" in finding.text and "do not use" in finding.text


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"secret": "5h0rt"}, "ASSISTANT_SECRET is short"),
        ({"secret": "a" * 40}, "easily guessed"),
        ({"sign_on": "oidc"}, "ASSISTANT_SECRET is empty"),
        ({"public_url": "http://ct.example.org"}, "no https address"),
        ({"proxy_addresses": "10.0.0.7"}, "ASSISTANT_SIGN_ON is not proxy"),
        ({"oidc_issuer": "https://login.example.org"}, "ASSISTANT_SIGN_ON is not oidc"),
        ({"proxy_groups_header": "x-forwarded-user"}, "are the same"),
        ({"llm_first_token_s": 90}, "longer than ASSISTANT_LLM_TIMEOUT_S"),
    ],
)
def test_settings_that_do_not_go_together_are_told(given: dict[str, object], told: str) -> None:
    (finding,) = surroundings.agreement(Settings.model_validate(given))
    assert not finding.sound and told in finding.text and finding.text.endswith(".")
    secret = given.get("secret")
    assert secret is None or str(secret) not in finding.text


def test_settings_that_go_together_are_told_so() -> None:
    given = {"sign_on": "proxy", "proxy_addresses": "10.0.0.7", "secret": SECRET}
    (finding,) = surroundings.agreement(Settings.model_validate({**given, "public_url": "https://ct.example"}))
    assert finding.sound


def test_a_disk_that_is_nearly_full_is_told_before_the_next_build_fails(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = generations.current(folder / "index")
    assert all(finding.sound for finding in surroundings.room(settings_of(folder), build))
    full = shutil.disk_usage(folder)._replace(free=surroundings.SPARE_BYTES)
    monkeypatch.setattr("assistant.surroundings.shutil.disk_usage", lambda _: full)
    findings = list(surroundings.room(settings_of(folder), build))
    assert [finding.sound for finding in findings] == [False] * 3
    assert all("Make room" in finding.text for finding in findings)


def test_a_folder_that_cannot_be_written_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.surroundings.os.access", lambda path, _: "index" not in str(path))
    wrong = [each for each in checks._machine(settings_of(folder)) if not each.sound]
    assert len(wrong) == 1 and "ASSISTANT_INDEX" in wrong[0].text


def test_too_few_open_files_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 4096))
    finding = surroundings.limits(Settings())
    assert not finding.sound and "ulimit -n" in finding.text
    assert surroundings.limits(Settings(answers_waiting=0, answers_at_once=1)).sound is False
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert surroundings.limits(Settings()).sound


def test_a_model_server_that_answers_too_late_is_told() -> None:
    with ScriptedModel() as model:
        given = {"llm": "openai:m", "llm_base_url": model.url, "llm_first_token_s": 0.3}
        model.says = "ready"
        (finding,) = checks._looked(checks._language_model, Settings.model_validate(given))
        assert finding.sound and "language model: openai:m answers, in " in finding.text
        model.turns = [lambda reply: time.sleep(0.5)]
        (finding,) = checks._looked(checks._language_model, Settings.model_validate(given))
        assert not finding.sound and "took too long" in finding.text
        model.turns = [lambda reply: reply.error(401)]
        (finding,) = checks._looked(checks._language_model, Settings.model_validate(given))
        assert not finding.sound and "is the key right" in finding.text


def test_the_doors_for_those_who_watch_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(metrics: str) -> Finding:
        return list(checks._looked(checks._doors, Settings(metrics=metrics)))[-1]

    assert told("127.0.0.1:9464").text == "metrics: 127.0.0.1:9464"
    assert "let only Prometheus" in told("0.0.0.0:9464").text
    assert not told("9464").sound and "ASSISTANT_METRICS" in told("9464").text
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    assert told("").text.startswith("traces: sent")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    assert not told("").sound and "[tracing]" in told("").text


def test_an_openid_provider_that_is_away_is_told() -> None:
    given = {
        "sign_on": "oidc", "oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": "ct", "secret": SECRET,
        "public_url": "https://ct.example.org",
    }  # fmt: skip
    wrong = [each for each in checks._doors(Settings.model_validate(given)) if not each.sound]
    assert len(wrong) == 1 and "Is ASSISTANT_OIDC_ISSUER right" in wrong[0].text


def test_a_language_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fr.toml").write_text("no = toml = at all")
    monkeypatch.setattr("assistant.language.FOLDER", tmp_path)
    from assistant import language

    language.words.cache_clear()
    try:
        wrong = [each for each in checks._words(Settings()) if not each.sound]
    finally:
        language.words.cache_clear()
    assert len(wrong) == 4 and "language fr: its words cannot be read" in wrong[0].text
