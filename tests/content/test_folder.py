"""A folder of content and a whole installation: what is written, planned and applied."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from questhall import starter
from questhall.content import files, folder
from questhall.contracts.achievements import Achievements
from questhall.contracts.quests import Quests
from questhall.kernel.children import CannotStart
from questhall.kernel.content import Plan
from questhall.kernel.testing import Hall, Servers, fresh_database, open_hall
from questhall.services.achievements import rules as badge_rules
from questhall.services.quests import rules as quest_rules
from tests.achievements.test_badges import BASE
from tests.quests.test_quests import READ


@pytest.fixture
async def other(servers: Servers, migrated: tuple[str, Path]) -> AsyncIterator[Hall]:
    """Another installation, empty."""
    template, data = migrated
    async with (
        fresh_database(servers.database, template=template) as url,
        open_hall(url, servers.redis, data) as hall,
    ):
        yield hall


def stub(hall: Hall) -> folder.Stub:
    return lambda contract: hall.installation.process.stub("cli", contract)


async def apply(hall: Hall, content: folder.Content) -> list[str]:
    """Applies content that has no faults; answers what was done, as `+slug` and `~slug`."""
    signs = {"create": "+", "change": "~"}
    done = await folder.apply(stub(hall), content)
    assert [plan.faults for plan in done.values()] == [[] for _ in done]
    return [signs[c.does] + c.slug for plan in done.values() for c in plan.changes if c.does in signs]


async def test_what_is_exported_and_applied_elsewhere_is_exported_alike(
    hall: Hall, other: Hall, tmp_path: Path
) -> None:
    await starter.install(hall.installation.process)
    mia = (await hall.user("mia", role="manager")).client
    for path, base, name in (("/quests", READ, "title"), ("/achievements", BASE, "name")):
        ids = {}
        for slug in ("only-a-draft", "gone", "changed-since", "gone-and-changed"):
            made = await mia.post(path, json={**base, "slug": slug, "description": "One\n\n🦊 two: \tthree"})
            assert made.status_code == 201, made.text
            ids[slug] = made.json()["id"]
            if slug != "only-a-draft":
                assert (await mia.post(f"{path}/{ids[slug]}/publish")).status_code == 200
        for slug in ("gone", "gone-and-changed"):
            assert (await mia.post(f"{path}/{ids[slug]}/archive")).status_code == 200
        for slug in ("changed-since", "gone-and-changed"):
            edit = (await mia.get(f"{path}/{ids[slug]}")).headers["etag"]
            changed = {**base, "slug": slug, name: "Another", "icon": "moon"}
            if path == "/quests":
                changed["available_from"] = "2026-05-01T02:00:00+02:00"
            assert (await mia.patch(f"{path}/{ids[slug]}", json=changed, headers={"if-match": edit})).status_code == 200
    first, second = tmp_path / "first", tmp_path / "second"
    await folder.export(stub(hall), first)
    content, others = folder.read(first)
    assert others == []
    assert {
        one["slug"]: (one.get("status"), (one.get("draft") or {}).get("available_from"))
        for one in content["quests"]
        if len(one.keys() & {"status", "draft"}) > 0
    } == {
        "only-a-draft": ("draft", None),
        "gone": ("archived", None),
        "changed-since": (None, "2026-05-01T00:00:00Z"),
        "gone-and-changed": ("archived", "2026-05-01T00:00:00Z"),
    }
    assert len(await apply(other, content)) == 12 + 20
    assert await apply(hall, content) == await apply(other, content) == []
    await folder.export(stub(other), second)
    for name in ("quests.yaml", "achievements.yaml"):
        assert (second / name).read_bytes() == (first / name).read_bytes()
    wren = await other.user("wren")
    offered = {quest["slug"] for quest in (await wren.client.get("/quests?limit=100")).json()["items"]}
    assert offered == {one["slug"] for one in starter.pack("quests")} | {"changed-since"}


async def test_a_fresh_installation_is_the_starter_pack(hall: Hall) -> None:
    await starter.install(hall.installation.process)
    for contract, kind in ((Quests, quest_rules.Definition), (Achievements, badge_rules.Definition)):
        pack = starter.pack(contract.name)
        plan: Plan = await stub(hall)(contract).plan(pack)
        assert [(change.slug, change.does) for change in plan.changes] == [(one["slug"], "same") for one in pack]
        # And nothing of it depends on what is left out here: as the service reads it, it is what the pack says.
        exported: list[dict[str, Any]] = await stub(hall)(contract).content()
        read = {one["slug"]: msgspec.convert(one, kind) for one in exported}
        assert read == {one["slug"]: msgspec.convert(one, kind) for one in pack}


async def test_an_export_overwrites_its_own_files_only(hall: Hall, tmp_path: Path) -> None:
    await starter.install(hall.installation.process)
    (tmp_path / "quests.yaml").write_text("# mine\n[]\n")
    (tmp_path / "notes.yaml").write_text("other\n")
    written = await folder.export(stub(hall), tmp_path)
    assert [(file.name, file.count, file.changed) for file in written] == [
        ("quests.yaml", 8, True),
        ("achievements.yaml", 16, True),
    ]
    assert [file.changed for file in await folder.export(stub(hall), tmp_path)] == [False, False]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["achievements.yaml", "notes.yaml", "quests.yaml"]
    assert (tmp_path / "notes.yaml").read_text() == "other\n"
    assert folder.read(tmp_path)[1] == ["notes.yaml"]


async def test_a_folder_with_one_file_touches_one_service(hall: Hall, tmp_path: Path) -> None:
    await starter.install(hall.installation.process)
    (tmp_path / "quests.yaml").write_text(
        "- {slug: new-one, title: N, objectives: [{id: a, label: A, mode: manual}]}\n"
    )
    content, _ = folder.read(tmp_path)
    plans = await folder.plan(stub(hall), content)
    assert list(plans) == ["quests"]
    assert [change.does for change in plans["quests"].changes] == ["create"] + ["left"] * 8


def test_folders_that_can_t_be_read_are_said(tmp_path: Path) -> None:
    file = tmp_path / "quests.yaml"
    for make, said in (
        (lambda: None, "has no content: none of quests.yaml, achievements.yaml"),
        (file.mkdir, "quests.yaml can't be read: Is a directory"),
    ):
        make()
        with pytest.raises(CannotStart, match=said) as refusal:
            folder.read(tmp_path)
        assert refusal.value.next_step
    with pytest.raises(CannotStart, match="No such file"):
        folder.read(tmp_path / "nowhere")
    with pytest.raises(CannotStart, match="Not a directory"):
        folder.read(Path(__file__))
    file.rmdir()
    file.write_text("- slug: a\n  slug: b\n")
    with pytest.raises(CannotStart, match=r"quests\.yaml can't be read: line 2, column 3: slug is there twice"):
        folder.read(tmp_path)


async def test_an_export_that_can_t_be_written_is_said(hall: Hall, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotStart, match="can't be written"):
        await folder.export(stub(hall), tmp_path / "file")


async def test_the_document_s_own_example_can_be_applied(hall: Hall) -> None:
    document = (Path(__file__).parents[2] / "docs/content.md").read_text()
    example = document.partition("```yaml\n")[2].partition("```")[0]
    assert await apply(hall, {"quests": files.read(example.encode())}) == ["+read-20-pages", "+read-a-book"]
