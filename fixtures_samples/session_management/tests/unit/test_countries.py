import pytest

from src.services.countries import ALPHA3_TO_ALPHA2, to_alpha2

CODES = ("AT", "CA", "CH", "DE", "DK", "EE", "ES", "GB", "IE", "JP", "NL", "PT", "SE", "US")


def test_table_agrees_with_the_standard(country_codes: dict[str, str]) -> None:
    assert {alpha3: alpha2 for alpha2, alpha3 in country_codes.items()} == ALPHA3_TO_ALPHA2


@pytest.mark.parametrize("code", CODES)
def test_three_letters(country_codes: dict[str, str], code: str) -> None:
    assert to_alpha2(country_codes[code]) == code


@pytest.mark.parametrize("code", CODES)
def test_two_letters(code: str) -> None:
    assert to_alpha2(code) == code


@pytest.mark.parametrize("code", ["de", " DE ", "Deu", "deu\n"])
def test_spelling(code: str) -> None:
    assert to_alpha2(code) == "DE"


@pytest.mark.parametrize("code", ["", "D", "XX", "UK", "DEUT", "Germany"])
def test_unknown(country_codes: dict[str, str], code: str) -> None:
    assert code not in country_codes
    with pytest.raises(ValueError, match="unknown country code"):
        to_alpha2(code)
