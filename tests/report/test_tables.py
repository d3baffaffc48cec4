from isthmus.recipes import RECIPES, leaf_fields, with_fields
from isthmus.report.tables import provenance_tables, recipe_table, spell_day, spell_time


def test_provenance_is_the_manifest_in_words(tiny_run):
    manifest = tiny_run.manifest
    tables = {
        table.title: dict(row[:2] for row in table.rows) for table in provenance_tables(manifest, tiny_run.recipe)
    }
    assert tables["Training"]["machine"] == manifest.training.machine
    assert tables["Training"]["weights from epoch"] == str(manifest.training.best_epoch)
    assert tables["Images"]["fingerprint"] == manifest.data.fingerprint
    assert tables["Images"]["size"] == "10x12x1 uint8"
    assert tables["Versions"] == dict(manifest.versions)
    assert set(tables["Files"]) == set(manifest.files)


def test_files_have_their_digest(tiny_run):
    (files,) = [table for table in provenance_tables(tiny_run.manifest, tiny_run.recipe) if table.title == "Files"]
    assert {row[0]: row[2] for row in files.rows} == {
        name: entry.sha256 for name, entry in tiny_run.manifest.files.items()
    }


def test_every_field_of_a_recipe_is_there_with_its_meaning_and_changes_are_marked():
    recipe = with_fields(RECIPES["conv-vae"], {"latent.dim": 7})
    table = recipe_table(recipe)
    fields = {field for field, _ in leaf_fields(recipe.model_dump(mode="json"))}
    assert {row[0] for row in table.rows} == fields - {"name", "summary", "schema_version"}
    assert all(row[2] for row in table.rows)
    assert [table.rows[k][:2] for k in table.marked] == [("latent.dim", "7")]
    assert "conv-vae" in table.note
    assert not recipe_table(RECIPES["conv-vae"]).marked


def test_times_are_spelt_in_their_own_zone():
    assert spell_time("2026-03-05T14:07:09+00:00") == "5 March 2026, 14:07 UTC"
    assert spell_day("2026-03-05T14:07:09+00:00") == "5 March 2026"
    assert spell_time("some day") == "some day"
    assert spell_day("some day") == ""
