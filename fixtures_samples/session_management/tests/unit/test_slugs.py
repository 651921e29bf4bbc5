import pytest

from src.services.slugs import MAX_LENGTH, slugify


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Harbour", "harbour"),
        ("Harbour Crane", "harbour-crane"),
        ("  Harbour  Crane  ", "harbour-crane"),
        ("Harbour_Crane", "harbour-crane"),
        ("Harbour/Crane: phase 2", "harbour-crane-phase-2"),
        ("2nd quay", "2nd-quay"),
        ("--quay--", "quay"),
        ("Pilot's house", "pilots-house"),
        ("Café Müller", "cafe-muller"),
        ("Straße", "strasse"),
        ("Øresund", "oresund"),
        ("Łódź", "lodz"),
        ("Œuvre", "oeuvre"),
        ("ÅÄÖ", "aao"),
        ("n°5", "n5"),
        ("Ⅳ", "iv"),
        ("水門", "project"),
        ("", "project"),
        ("!!!", "project"),
    ],
)
def test_slugify(name: str, slug: str) -> None:
    assert slugify(name) == slug


@pytest.mark.parametrize("name", ["Harbour Crane", "Café Müller", "水門", "word " * 40])
def test_slugify_twice_changes_nothing(name: str) -> None:
    assert slugify(slugify(name)) == slugify(name)


def test_long_names_are_cut_between_words() -> None:
    slug = slugify("lighthouse " * 10)
    assert slug == "-".join(["lighthouse"] * 5)


def test_a_long_word_is_cut_anywhere() -> None:
    assert slugify("a" * 200) == "a" * MAX_LENGTH


def test_a_name_that_just_fits_is_kept() -> None:
    name = "a" * (MAX_LENGTH - 2) + " b"
    assert slugify(name) == name.replace(" ", "-")
